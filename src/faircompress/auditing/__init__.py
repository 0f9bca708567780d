"""An audit of two models made by anything, anywhere: no project folder, no chain of ours.

``api`` is what Python calls, ``command`` the command line over it. ``rules`` reads what harm is too
much; ``tables`` reads columns and names every fault with its row; ``columns`` and ``pictures`` make
predictions, of a table or of two ONNX files; ``declared`` checks what rows lack by design;
``booking`` books the look in a ledger; ``audit`` evaluates; ``outputs`` writes what a pull request
and a person need; ``spelling`` calls options as their user does.
"""
