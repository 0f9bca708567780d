"""A pass of a candidate that is much better may be that of two columns that were exchanged."""

import numpy as np
import pytest
from audit_frames import audit, table


@pytest.mark.parametrize("rule", ["change true_positive_rate 0.05", "change accuracy 0.05"])
def test_a_candidate_that_is_surely_better_is_asked_whether_it_is_the_baseline(rule: str) -> None:
    harmed = table(40)
    assert str(audit(harmed, rule).outcome) == "fail"
    turned = audit(harmed, rule, baseline="p_small", candidate="p_dense")
    assert turned.next[0].startswith("See that baseline and candidate are the right way round")
    assert "in hair=short" in turned.next[0] or "over all rows" in turned.next[0]


def test_one_rate_that_should_be_low_is_asked_about_likewise() -> None:
    df = table(80)
    negative = df.y == 0
    df["p_dense"] = np.where(negative & (df.index % 2 == 0), 0.9, df.p_dense)
    df = df.loc[np.repeat(df.index, np.where(negative, 12, 1))].reset_index(drop=True)
    verdict = audit(df, "change false_positive_rate 0.1", id=np.arange(len(df)))
    assert str(verdict.outcome) == "pass"
    assert "false positive rate" in verdict.next[0]


def test_a_candidate_that_is_as_good_is_not_asked() -> None:
    assert not any("right way round" in step for step in audit(table(80)).next)
