"""The audit from Python: columns or arrays, rules in four forms, and what comes back."""

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from audit_frames import COLUMNS, TPR, audit, noisy, numbers, table

import faircompress
from faircompress import NotPassed, Outcome, Rule
from faircompress.auditing import api
from faircompress.data.predictions import load

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_arrays_are_taken_for_columns() -> None:
    df = table()
    by_name = audit(df)
    arrays = {name: df[column].to_numpy() for name, column in
              (("label", "y"), ("baseline", "p_dense"), ("candidate", "p_small"))}  # fmt: skip
    by_array = audit(df[["picture"]], groups={"hair": df.hair.to_list()}, **arrays)
    assert numbers(by_array) == numbers(by_name)
    assert [group.group for group in by_array.groups] == ["all", "hair=long", "hair=short"]


def test_groups_may_be_given_under_another_name() -> None:
    verdict = audit(table(), groups={"length": "hair"})
    assert [group.group for group in verdict.groups] == ["all", "length=long", "length=short"]
    other = audit(table(), groups={"hair": table().picture.to_numpy() % 2, "y": "y"})
    names = ["all", "hair=0", "hair=1", "label=y=0", "label=y=1"]
    assert [group.group for group in other.groups] == names


@pytest.mark.parametrize(
    "rules",
    [
        ["change auroc 0.05"],
        [{"rule": "change", "metric": "auroc", "limit": 0.05}],
        [Rule(rule="change", metric="auroc", limit=0.05)],
        "rules.yaml",
        Path("rules.yaml"),
    ],
)
def test_a_rule_is_a_text_a_mapping_a_rule_or_stands_in_a_file(rules: Any) -> None:
    Path("rules.yaml").write_text("- {rule: change, metric: auroc, limit: 0.05}\n")
    columns = {"groups": ["g"], "baseline": "d_1", "candidate": "s_1"}
    verdict = audit(noisy(), rules=rules, **columns)
    assert [(r.rule, r.metric, r.limit, r.confidence) for r in verdict.rules] == [
        ("change", "auroc", 0.05, 0.975)
    ]
    assert verdict.outcome == "pass"


def test_texts_of_all_kinds_are_read() -> None:
    rules = [TPR, "flips 0.1", "minimum auroc 0.6", "disparity_change true_positive_rate 0.2"]
    found = [(r.rule, r.metric, r.limit) for r in audit(table(), *rules).rules]
    assert found == [
        ("change", "true_positive_rate", 0.1), ("flips", "negative_flips", 0.1),
        ("minimum", "auroc", 0.6), ("disparity_change", "true_positive_rate", 0.2),
    ]  # fmt: skip


def test_a_star_stands_for_the_classes() -> None:
    df = noisy(1500, classes=3)
    columns = {"groups": ["g", "y"], "baseline": "d_*", "candidate": "s_*"}
    verdict = audit(df, "change accuracy 0.1", **columns)
    assert verdict.classes == ["y=0", "y=1", "y=2"]
    groups = ["all", "g=a", "g=b", "label=y=0", "label=y=1", "label=y=2"]
    assert [group.group for group in verdict.groups] == groups
    right = df[["s_0", "s_1", "s_2"]].to_numpy().argmax(axis=1) == df.y
    assert verdict.groups[0].metrics["accuracy"].candidate == pytest.approx(right.mean())


def test_confidence_is_of_rules_that_state_none() -> None:
    rules = [TPR, {"rule": "flips", "limit": 0.1, "confidence": 0.99}]
    assert [r.confidence for r in audit(table(), *rules, confidence=0.9).rules] == [0.9, 0.99]


def test_confidence_is_also_of_rule_objects_that_state_none() -> None:
    silent = faircompress.Rule(rule="change", metric="true_positive_rate", limit=0.1)
    stated = faircompress.Rule(rule="flips", limit=0.1, confidence=0.975)
    found = audit(table(), silent, stated, confidence=0.99).rules
    assert [rule.confidence for rule in found] == [0.99, 0.975]
    assert audit(table(), silent).rules[0].confidence == 0.975


def test_the_outcome_is_a_text_and_an_enum() -> None:
    passed, failed = audit(table()), audit(table(40))
    assert passed.outcome == "pass" and passed.outcome is Outcome.PASS
    assert f"{failed.outcome}" == "fail" and isinstance(failed.outcome, str)
    passed.raise_unless_passed()
    with pytest.raises(NotPassed, match=r"^Fail: harm beyond the limit is confirmed for true pos"):
        failed.raise_unless_passed()


def test_a_frame_has_a_row_for_each_check() -> None:
    found = audit(table(40), TPR, "flips 0.2").to_frame()
    columns = ["rule", "metric", "against", "group", "n", "baseline", "candidate", "estimate"]
    assert list(found) == [*columns, "lower", "upper", "limit", "outcome", "reason"]
    short = found[(found.rule == "change") & (found.group == "hair=short")].iloc[0]
    assert (short.n, short.baseline, short.candidate) == (100, 0.8, 0.4)
    assert short.estimate == pytest.approx(-0.4) and short.lower < -0.4 < short.upper < -0.1
    assert short.outcome == "fail"
    assert len(found[found.rule == "flips"]) == 6  # two labels in all, long and short


def test_everything_is_saved_and_predictions_can_be_read_again() -> None:
    verdict = audit(table())
    paths = verdict.save("out/deep")
    assert sorted(path.name for path in Path("out/deep").iterdir()) == sorted(
        ["report.html", "card.md", "summary.md", "verdict.json", "junit.xml",
         "predictions-baseline.parquet", "predictions-candidate.parquet"]
    )  # fmt: skip
    assert {path.parent for path in paths} == {Path("out/deep")}
    loaded = load(Path("out/deep/predictions-candidate.parquet"))
    assert loaded.model == verdict.models["candidate"]
    assert faircompress.Verdict.from_json(verdict.to_json()).to_json() == verdict.to_json()


def test_a_notebook_shows_the_report_in_a_frame_of_its_own() -> None:
    page = audit(table())._repr_html_()
    assert page.startswith('<iframe srcdoc="') and page.endswith("</iframe>")
    assert "&lt;html" in page and "<html" not in page


def test_an_audit_of_a_table_knows_neither_pictures_nor_pruning() -> None:
    verdict = audit(table(60), TPR, "change accuracy 0.01", "flips 0.02", threshold=0.4)
    verdict.save("out")
    for name in ("verdict.json", "summary.md", "card.md", "junit.xml"):
        text = (Path("out") / name).read_text().lower()
        for word in ("pruned", "picture", "person", "people", "--"):
            assert word not in text.replace("---", ""), (name, word)


def test_clusters_weights_and_their_cap_are_columns_or_arrays() -> None:
    df = noisy(2400)
    df["who"], df["w"] = np.arange(2400) // 2, np.where(df.g == "a", 2.0, 1.0)
    columns = {"groups": ["g"], "baseline": "d_1", "candidate": "s_1", "id": "id"}
    by_name = audit(df, **columns, cluster="who", weight="w", max_weight=8)
    arrays = {"cluster": df.who.to_numpy(), "weight": df.w.to_list()}
    assert numbers(audit(df, **columns, **arrays, max_weight=8)) == numbers(by_name)
    everyone = by_name.groups[0]
    assert everyone.clusters == 1200
    expected = np.average((df.s_1 >= 0.5) == df.y, weights=df.w)
    assert everyone.metrics["accuracy"].candidate == pytest.approx(expected)
    with pytest.raises(ValueError, match="weighs 4, more than the 3 that one may weigh"):
        audit(df, **columns, **arrays, max_weight=3)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"label": "yy"}, "label: the table has no column 'yy'. Did you mean 'y'?"),
        ({"candidate": "p_smal"}, "candidate: the table has no column 'p_smal'. Did you mean"),
        ({"candidate": "p_dense"}, "baseline and candidate both name column 'p_dense'"),
        ({"groups": []}, "groups names no column; harm is tested by group"),
        ({"groups": ["picture"]}, "groups: column 'picture' of the table has 240 values in 240"),
        ({"label": np.zeros(3)}, r"label has shape (3,); needed is one value for each of the 240"),
        ({"rules": []}, "there is no rule, so nothing could fail. Give one, such as"),
        ({"rules": "rulez.yaml"}, "rules is 'rulez.yaml', but there is no such file"),
        ({"rules": ["change 0.1"]}, "rules 'change 0.1': needed is a kind, a metric and a limit"),
        ({"rules": [{"binds": "drift"}]}, "binds is now rule: write {rule: disparity_change"),
        ({"rules": ["change aurok 0.1"]}, "'aurok' is not known. Did you mean 'auroc'"),
        ({"rules": ["change auroc 3"]}, "gate.rules.0.limit"),
        ({"threshold": "validation"}, "give split with both models' predictions there"),
        ({"threshold": "baseline"}, "give split with both models' predictions there"),
        ({"threshold": 1.5}, "gate.threshold"),
        ({"split": "hair", "id": "picture"}, "split: column 'hair' of the table is no split in"),
        ({"split": "hair"}, "split needs id, by which no row can be in both"),
        ({"expect": {"hair": ["grey"]}}, "no test row has hair=grey"),
        ({"absent": ["hair=grey"]}, "absent 'hair=grey': no row at all has hair=grey"),
        ({"absent": ["hair=long & y=1"]}, "absent 'hair=long & y=1': 100 rows are there"),
        ({"absent": ["hare=long"]}, "'hare' is neither the label's column nor a group's"),
        ({"weight": np.arange(240)}, "weight: column 'weight' of the table is not above 0 in 1"),
        ({"max_weight": 0.0}, "max_weight is 0; needed is a number above 0"),
        ({"classes": ["no", "yes"]}, "label: column 'y' of the table holds no known class"),
        ({"looks": "spend"}, "looks is given without a ledger"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_as_python_spells_it(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as error:
        audit(table(), **more)
    assert words in str(error.value)
    assert "--" not in str(error.value)


def test_a_bad_value_is_named_with_its_row() -> None:
    df = table()
    df.loc[7, "p_small"] = 1.7
    with pytest.raises(ValueError, match=r"candidate: column 'p_small' .* first in 'row 8', '1.7'"):
        audit(df)


def test_the_table_stays_as_it_was() -> None:
    df = table()
    before = df.copy()
    audit(df, label=df.y.to_numpy())
    pd.testing.assert_frame_equal(df, before)


def test_a_ledger_counts_looks_from_python_too() -> None:
    looks = [audit(table(short), ledger="looks.jsonl", id="picture") for short in (80, 79, 80)]
    assert [verdict.look for verdict in looks] == [1, 2, 1]
    assert "Look 2 at this test set, at level 0.004167 of 0.025" in looks[1].looks
    with pytest.raises(ValueError, match="Give reviewer, who must not be .* and reason"):
        audit(table(), "change true_positive_rate 0.2", ledger="looks.jsonl", id="picture")


def test_the_example_of_the_documentation_runs() -> None:
    failed, tried = doctest.testmod(api)
    assert (failed, tried > 5) == (0, True)


def test_an_audit_imports_neither_torch_nor_what_draws_or_runs_networks() -> None:
    heavy = (
        "torch",
        "onnx",
        "onnxruntime",
        "matplotlib",
        "mlflow",
        "prefect",
        "sklearn",
        "scipy.stats",
    )
    code = (
        "import sys, faircompress\n"
        "assert 'pandas' not in sys.modules and 'numpy' not in sys.modules\n"
        "import pandas as pd\n"
        f"df = pd.DataFrame({table().to_dict('list')!r})\n"
        f"verdict = faircompress.audit(df, rules=['change auroc 0.1'], **{COLUMNS!r})\n"
        "verdict.save('out')\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
