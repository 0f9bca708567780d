"""The ledger of test-set use: who looked at which test set, how often, and what was left to spend.

Contract. A *test set* is known again by what its rows are, not by a name or a path
(``identity``, ``matching``). Every comparison of a candidate with a baseline on it is a *look*,
written into an append-only, hash-chained file before its outcome is known (``record``), and charged
by one of three ways (``looks``): ``spend``, ``earn`` or ``ignore``. Rows collected later may top up
a look that declared it (``topping_up``). The room takes arrays, hashes and numbers; it knows no
metric, no rule and no model, and imports neither the evaluation nor torch.

Files, for a ledger ``ledger.jsonl``: beside it ``ledger.jsonl.key`` (32 random bytes, mode 0600)
and the folder ``ledger.jsonl.sets`` (one file a test set, named by its sha256). All three belong in
the artifact store. Without the key no test set is known again, so a lost key is an error.

What the numbers promise. For every test set S, the looks from its first one on, at any rows of
which more than 1 % are shared with S, spend at most alpha together (``spend``). Who changes every
id, picture, person and score of a set is not recognised.
"""
