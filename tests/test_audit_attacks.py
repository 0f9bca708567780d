"""Attempts to get a pass for a harmful candidate, by somebody who read the documentation alone.

The candidate misses two in five of the positives of group b. Whoever hides that may leave rows out,
write them again, weigh, regroup, split or rename them: none of it passes, while an unharmed
candidate does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import faircompress

pytestmark = pytest.mark.usefixtures("in_empty_folder")

Change = Callable[[pd.DataFrame], pd.DataFrame]
RULES = ["change true_positive_rate 0.1", "change auroc 0.05"]
COLUMNS: dict[str, Any] = {
    "label": "y", "groups": ["g"], "baseline": "d", "candidate": "s", "rules": RULES,
}  # fmt: skip


def rows(*, harmed: bool = True, a: int = 500, b: int = 400, seed: int = 3) -> pd.DataFrame:
    """Positives and negatives in turn; scores are fine, and apart by class."""
    rng = np.random.default_rng(seed)
    y, g = np.arange(a + b) % 2, np.repeat(["a", "b"], [a, b])
    d = np.clip(0.25 + 0.5 * y + rng.normal(0, 0.12, a + b), 0.001, 0.999)
    s = np.clip(d + rng.normal(0, 0.01, a + b), 0.001, 0.999)
    hit = (g == "b") & (y == 1) & (rng.random(a + b) < 0.4)
    df = pd.DataFrame({"y": y, "g": g, "d": d, "s": np.where(hit, s / 4, s), "hit": hit})
    if not harmed:
        df["s"] = s
    df["id"] = [f"r{k}" for k in range(a + b)]
    df["who"], df["w"], df["part"] = df.id, 1.0, "test"
    return df


def outcome(df: pd.DataFrame, **more: Any) -> str:
    """Return the outcome of an audit, or that it is refused."""
    try:
        return str(faircompress.audit(df, **{**COLUMNS, **more}).outcome)
    except ValueError:
        return "refused"


def test_without_harm_there_is_a_pass_and_with_it_a_fail() -> None:
    assert outcome(rows(harmed=False)) == "pass"
    assert outcome(rows()) == "fail"


def some(df: pd.DataFrame, keep: int, of: pd.Series) -> pd.DataFrame:
    """Keep only some of the rows of a kind, unharmed ones first."""
    kept = df[of].sort_values("hit").index[:keep]
    return df[~of | df.index.isin(kept)].reset_index(drop=True)


@pytest.mark.parametrize("keep", [0, 1, 2, 10, 30])
def test_harmed_rows_may_not_be_thinned_out(keep: int) -> None:
    df = rows()
    assert outcome(some(df, keep, (df.g == "b") & (df.y == 1))) in ("inconclusive", "refused")
    assert outcome(some(df, keep, (df.g == "b") & (df.y == 0))) != "pass"


def test_an_emptied_group_is_missed_where_validation_or_somebody_knows_of_it() -> None:
    df = rows()
    gone = df[df.g != "b"]
    assert outcome(gone, expect={"g": ["a", "b"]}) == "refused"
    held = rows(seed=4).assign(id=lambda t: "v" + t.id, part="validation")
    both = pd.concat([gone, held], ignore_index=True)
    assert outcome(both, id="id", split="part") == "inconclusive"


@pytest.mark.parametrize("times", [2, 5, 40])
def test_few_unharmed_rows_written_again_and_again_are_few(times: int) -> None:
    few = some(rows(), 20, rows().g == "b")
    again = pd.concat([few[few.g == "a"], *[few[few.g == "b"]] * times], ignore_index=True)
    assert outcome(again) == "inconclusive"


def test_harmed_rows_may_not_be_made_alike_so_that_they_count_once() -> None:
    df = rows()
    alike = df.assign(d=df.d.mask(df.hit, 0.81), s=df.s.mask(df.hit, 0.31))
    with pytest.raises(ValueError, match="Counted once they pass, counted each they fail"):
        faircompress.audit(alike, **COLUMNS)
    assert outcome(alike, id="id") == "fail"
    twice = pd.concat([rows(harmed=False)] * 2, ignore_index=True)
    assert outcome(twice) == "pass"


@pytest.mark.parametrize("value", ["B", "b ", " b", "b\u200b", "b.", "b\n"])
def test_harmed_rows_may_not_be_spelt_into_a_group_of_their_own(value: str) -> None:
    df = rows()
    assert outcome(df.assign(g=df.g.mask(df.hit, value))) != "pass"


@pytest.mark.parametrize("value", [None, np.nan, "", " ", "nan", "NaN", "<NA>"])
def test_harmed_rows_may_not_be_without_a_group(value: object) -> None:
    df = rows()
    df["g"] = df.g.astype(object).mask(df.hit, value)
    assert outcome(df) == "refused"


def test_harmed_rows_may_not_be_scattered_over_tiny_groups() -> None:
    df, number = rows(), np.arange(900)
    assert outcome(df.assign(g=number)) == "refused"  # a row each
    assert outcome(df.assign(g=number // 2), rules=RULES[:1]) != "pass"
    own = pd.Series(number // 20).astype(str)
    assert outcome(df.assign(g=df.g.mask(df.hit, own)), rules=RULES[:1]) != "pass"


def test_the_label_or_a_constant_as_group_hides_nothing_from_everyone() -> None:
    df = rows()
    for groups in (["y"], {"one": np.zeros(900)}, {"all": np.zeros(900)}):
        assert outcome(df, groups=groups) == "fail"
    assert outcome(df, groups=[]) == "refused"


@pytest.mark.parametrize(
    ("weight", "most"),
    [(1e-6, None), (1e-6, 0.5), (0.0, None), (-1.0, None), (np.nan, None), (np.inf, None),
     (1e-300, 20.0)],
)  # fmt: skip
def test_harmed_rows_may_not_be_weighed_away_where_no_cap_is_sure(
    weight: float, most: float | None
) -> None:
    df = rows()
    assert outcome(df.assign(w=df.w.mask(df.hit, weight)), weight="w", max_weight=most) != "pass"


def test_a_verdict_on_rows_that_hardly_count_says_so() -> None:
    df = rows()  # whoever weighs, says which population the claim is about
    weighed = df.assign(w=df.w.mask(df.hit, 1e-6))
    notes = faircompress.audit(weighed, **COLUMNS, weight="w", max_weight=1).notes
    assert any("harm to rows that hardly count is not seen" in note for note in notes)


def test_a_column_of_ones_does_not_say_that_nobody_weighs_more() -> None:
    """One row in 380 weighs 20 and is lost: 5 % of the weight, unseen in most sets of this size."""
    df = rows(harmed=False)
    assert (1 - 1 / 381) ** 250 > 0.5
    with pytest.raises(ValueError, match="'w' of .* holds 1 in every row"):
        faircompress.audit(df, **COLUMNS, weight="w")
    assert outcome(df, weight="w", max_weight=1.0) == "pass"
    assert outcome(df, weight="w", max_weight=20.0) == "inconclusive"


def test_unharmed_rows_may_not_outweigh_harmed_ones() -> None:
    df = rows()
    heavy = df.assign(w=np.where(df.index == df.index[(df.g == "b") & ~df.hit][1], 1e6, 1.0))
    for most in (None, 1.0, 100.0, 1e6, 1e300):
        assert outcome(heavy, weight="w", max_weight=most) != "pass"


@pytest.mark.parametrize("most", [None, 1.0, 20.0, 200.0, 1e9])
def test_harmed_rows_may_not_hide_in_clusters(most: float | None) -> None:
    df = rows()
    one = df.assign(who=df.who.mask(df.hit, "all of them"))
    by_ten = df.assign(who=df.who.mask(df.hit, (df.hit.cumsum() // 10).astype(str)))
    with_negatives = df.assign(who=np.where(df.g == "b", df.index // 2 % 50, df.index).astype(str))
    for table in (one, by_ten, with_negatives, df.assign(who="x")):
        assert outcome(table, cluster="who", max_weight=most) != "pass"


def test_clusters_without_a_name_and_ids_that_stand_twice_are_refused() -> None:
    df = rows()
    df["who"] = df.who.mask(df.hit, None)
    assert outcome(df, cluster="who") == "refused"
    assert outcome(df, id="who") == "refused"
    assert outcome(df.assign(id=df.id.mask(df.hit, "r1")), id="id") == "refused"


def test_names_and_order_of_rows_are_no_matter() -> None:
    df = rows(harmed=False)
    frames = [df, df[::-1], df.assign(id=df.id[::-1].to_numpy()), df.sample(frac=1, random_state=1)]
    found = [faircompress.audit(f, **COLUMNS, id="id").to_frame().drop(columns="reason")
             for f in frames]  # fmt: skip
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0], other)


@pytest.mark.parametrize("threshold", [1e-9, 0.002, 0.05, 0.95, 0.998, 1 - 1e-9])
def test_a_threshold_at_which_nothing_is_told_apart_passes_nothing(threshold: float) -> None:
    rules = ["change true_positive_rate 0.1", "change accuracy 0.2", "flips 0.2"]
    for rule in rules:
        assert outcome(rows(), threshold=threshold, rules=[rule]) != "pass"


@pytest.mark.parametrize("threshold", ["validation", "baseline"])
@pytest.mark.parametrize("size", [1, 2, 40])
def test_few_validation_rows_set_no_threshold_that_hides_harm(threshold: str, size: int) -> None:
    held = rows(seed=4)[-size:].assign(id=lambda t: "v" + t.id, part="validation")
    both = pd.concat([rows(), held], ignore_index=True)
    assert outcome(both, id="id", split="part", threshold=threshold) != "pass"


def test_harmed_rows_may_not_be_moved_to_validation() -> None:
    df = rows()
    for moved in (df.g == "b", (df.g == "b") & (df.y == 1), df.y == 1):
        table = df.assign(part=np.where(moved, "validation", "test"))
        assert outcome(table, id="id", split="part") != "pass"
        assert outcome(table, split="part") == "refused"  # without ids
    for word in ("Test", "train", "", None):
        assert outcome(df.assign(part=df.part.mask(df.hit, word)), id="id", split="part") != "pass"


@pytest.mark.parametrize(
    "absent",
    ["g=b & y=1", "g=b", "y=1", "g=zzz", "g=b & y=7", "h=b", "label=y=1", "g=b&y=1", "g = b"],
)
def test_rows_that_are_there_or_can_be_nowhere_are_not_declared_absent(absent: str) -> None:
    df = rows()
    assert outcome(df, absent=[absent]) == "refused"
    gone = some(df, 0, (df.g == "b") & (df.y == 1))
    if absent == "g=b & y=1":  # nobody can know better, but for validation rows
        held = df.assign(id="v" + df.id, part="validation")
        both = pd.concat([gone, held], ignore_index=True)
        assert outcome(both, id="id", split="part", absent=[absent]) == "refused"
    else:
        assert outcome(gone, absent=[absent]) == "refused"


@pytest.mark.parametrize("limit", ["0.99", "0.3", "1", "2", "0", "-0.1", "nan", "inf", "1e-9"])
def test_no_limit_lets_harm_through(limit: str) -> None:
    assert outcome(rows(), rules=[f"change true_positive_rate {limit}"]) != "pass"
    narrow = "0.2" if limit == "0.3" else limit  # AUROC of b falls by .29
    assert outcome(rows(), rules=[f"change auroc {narrow}"]) != "pass"


def test_rules_that_bind_nothing_are_refused() -> None:
    rule = {"rule": "change", "metric": "auroc", "limit": 0.05}
    for rules in ([], [{**rule, "groups": []}], [{**rule, "groups": ["h"]}],
                  [{**rule, "against": "champion"}], [{"rule": "size", "limit": 0.5}],
                  [rule, {**rule, "limit": 0.9}]):  # fmt: skip
        assert outcome(rows(), rules=rules) == "refused"
    disparity = ["disparity_change true_positive_rate 0.2"]
    assert outcome(rows()[:500], rules=disparity) == "refused"  # one group has no pair
    assert outcome(rows(), rules=disparity) == "fail"


def test_two_useless_models_and_constants_pass_nothing() -> None:
    df, rng = rows(), np.random.default_rng(5)
    noise = df.assign(d=rng.random(900), s=rng.random(900))
    for table in (noise, noise.assign(s=noise.d), df.assign(s=0.5), df.assign(d=0.5, s=0.5),
                  df.assign(s=1 - df.d), df.assign(d=1 - df.d, s=1 - df.s)):  # fmt: skip
        assert outcome(table) != "pass"
    assert outcome(df, classes=["1", "0"]) == "refused"  # scores are of the other class


def test_scores_that_are_no_numbers_are_refused() -> None:
    df = rows()
    for value in (np.nan, np.inf, -0.5, "x", None, "1e400"):
        assert outcome(df.assign(s=df.s.astype(object).mask(df.hit, value))) == "refused"


def test_a_harmed_intersection_does_not_pass_where_intersections_are_asked_for() -> None:
    df = rows()
    df["age"] = np.where(np.arange(900) // 2 % 4 == 0, "old", "young")
    df["s"] = np.where(df.hit & (df.age == "young"), df.d, df.s)
    asked = {"groups": ["g", "age"], "rules": RULES[:1], "intersections": True}
    assert outcome(df, **asked) != "pass"
    old = (df.g == "b") & (df.age == "old")
    assert outcome(df[~old], **asked) == "inconclusive"


def three(df: pd.DataFrame) -> pd.DataFrame:
    """Three classes; the candidate takes class 2 of group b for class 0."""
    rng = np.random.default_rng(8)
    y = np.arange(len(df)) % 3
    found = df.assign(y=y)
    logits = 4.0 * np.eye(3)[y] + rng.normal(0, 0.7, (len(df), 3))
    lost = ((df.g == "b") & (y == 2)).to_numpy()
    for name, extra in (("d", 0.0), ("s", 5.0)):
        moved = logits + extra * lost[:, None] * np.array([1.0, 0.0, -1.0])
        p = np.exp(moved) / np.exp(moved).sum(axis=1, keepdims=True)
        found = found.assign(**{f"{name}_{k}": p[:, k] for k in range(3)})
    return found


def test_a_lost_class_does_not_pass_nor_does_its_absence() -> None:
    df = three(rows(a=900, b=600))
    stars = {"baseline": "d_*", "candidate": "s_*", "rules": ["change accuracy 0.1"]}
    assert outcome(df, **stars) == "fail"
    gone = df[(df.g != "b") | (df.y != 2)]
    for rule in ("change accuracy 0.1", "change auroc 0.1", "change true_positive_rate 0.1"):
        assert outcome(gone, **{**stars, "rules": [rule]}) != "pass"
    assert outcome(df.drop(columns=["d_2", "s_2"]), **stars) == "refused"
    more = df.assign(d_3=0.0, s_3=0.0)  # a class that nobody has
    assert outcome(more, **stars) != "pass"


def test_names_of_groups_that_look_like_ours_hide_nothing() -> None:
    df = rows()
    for name in ("all", "not g=a", "g=a & y=1", "label", "b alone", "=", " & "):
        assert outcome(df, groups={name: df.g.to_numpy()}, rules=RULES[:1]) != "pass"
        assert outcome(df.assign(g=df.g.replace("b", name)), rules=RULES[:1]) != "pass"
