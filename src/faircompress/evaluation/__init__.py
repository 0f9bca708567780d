"""Evaluation: two models compared on the same rows, rule by rule and group by group.

``evaluate.evaluate`` is the only door. It sees predictions and rules, no model and no picture.
Inside: ``inputs`` refuses what cannot be compared, ``comparison`` gives every rate and the evidence
for its change, ``choosing`` says which procedure of ``statistics`` belongs to a metric, ``skill``
is what earns a pass; each file of ``rules`` is a kind of rule, ``hypotheses`` tests them,
``fail_order`` says in which order failures are confirmed, ``costs`` tests what the file costs;
``messages`` says it in sentences, ``results`` are the values that ``verdict.json`` holds.

The core knows a baseline and a candidate, rows and clusters; ``captions`` calls them what the
caller calls them. Nothing heavy is imported here.
"""
