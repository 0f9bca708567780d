"""Rules that bind no group of the test rows, known before anything is trained.

Such a rule cannot fail, so the gate refuses it (``hypotheses.check_all``). Which groups a rule
binds depends on labels and groups alone, so answers drawn at random stand in for both models'.
"""

from dataclasses import replace

import numpy as np

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import compare, in_order
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.hypotheses import Hypothesis, places_of, refuse_unbound

HALF, ALPHA = 0.5, 0.025  # any would do


def refuse_rules_that_bind_nothing(test: Predictions, gate: Gate) -> None:
    """Raise if a rule would bind no group once models answer.

    Args:
        test: Test rows that no model was asked about yet.
        gate: The rules.

    Raises:
        ValueError: Naming the rule and the groups that there are.
    """
    rng, shape = np.random.default_rng(0), (len(test.ids), len(test.classes))
    pair = []
    for model in ("a", "b"):
        drawn = rng.dirichlet(np.ones(shape[1]), shape[0])
        pair.append(in_order(replace(test, probabilities=drawn, model=model)))
    cut = HALF if shape[1] == 2 else None
    comparison = compare(pair[0], pair[1], (cut, cut), is_absent=gate.is_absent)
    groups = groups_of(pair[0], intersections=gate.intersections)
    for rule in gate.harm_rules:
        hypothesis = Hypothesis(rule, ALPHA, gate.power, Captions())
        places = places_of(hypothesis, comparison, groups)
        refuse_unbound(hypothesis, comparison, groups, places)
