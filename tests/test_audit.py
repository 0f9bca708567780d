"""An audit of columns: its numbers, by hand and against scikit-learn, and what it writes."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from auditing import COLUMNS, TPR, audited, check_in, hair, run
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

pytestmark = pytest.mark.usefixtures("in_empty_folder")

EACH = "--label kind --group hair --baseline 'p_dense_*' --candidate 'p_small_*'"


def noisy(rows: int = 400, classes: tuple[str, ...] = ("0", "1")) -> pd.DataFrame:
    """Rows of two groups; the candidate's probabilities are the baseline's with noise."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(classes), rows)
    found = {"kind": np.array(classes)[truth], "hair": rng.choice(["long", "short"], rows)}
    logits = 2.0 * np.eye(len(classes))[truth] + rng.normal(0, 1, (rows, len(classes)))
    for model, noise in (("p_dense", 0.0), ("p_small", 0.5)):
        p = np.exp(logits + rng.normal(0, noise or 1e-9, logits.shape))
        p /= p.sum(axis=1, keepdims=True)
        found |= {f"{model}_{name}": p[:, k] for k, name in enumerate(classes)}
    return pd.DataFrame(found)


def test_a_loss_of_five_positives_in_a_hundred_is_a_change_of_a_twentieth() -> None:
    hair({"long": 90, "short": 80}, {"long": 85, "short": 80}).to_csv("p.csv", index=False)
    verdict = audited(f"faircompress audit p.csv {COLUMNS} {TPR}")
    long = check_in(verdict, "hair=long")
    assert long["estimate"] == pytest.approx(-0.05)
    floor = 1 - 0.025 ** (1 / 100)  # none of 100 is seen to be lost
    assert (
        floor < -check_in(verdict, "hair=short")["lower"] < floor + 1.5e-3
    )  # a step of the grid, and what the exact tail spends
    assert "true positive rate in hair=long went from 0.900 to 0.850" in long["reason"]
    assert "100 rows are y=1 in hair=long" in long["reason"]


def test_auroc_of_each_group_is_that_of_scikit_learn_in_csv_and_parquet() -> None:
    table = noisy()
    table.to_csv("p.csv", index=False)
    table.to_parquet("p.parquet")
    which = "--label kind --group hair --baseline p_dense_1 --candidate p_small_1"
    verdicts = [
        audited(f"faircompress audit {name} {which} --metric auroc --limit 0.2")
        for name in ("p.csv", "p.parquet")
    ]
    assert verdicts[0]["groups"] == verdicts[1]["groups"]
    for group in verdicts[0]["groups"][1:]:
        rows = table[table.hair == group["group"].removeprefix("hair=")]
        expected = [roc_auc_score(rows.kind == "1", rows[c]) for c in ("p_dense_1", "p_small_1")]
        found = group["metrics"]["auroc"]
        assert [found["baseline"], found["candidate"]] == pytest.approx(expected, abs=1e-12)
        assert found["lower"] < found["change"] < found["upper"]


def test_several_classes_are_those_that_the_star_stands_for() -> None:
    table = noisy(300, ("cat", "dog", "owl"))
    table.to_csv("p.csv", index=False)
    verdict = audited(f"faircompress audit p.csv {EACH} --metric accuracy --limit 0.2")
    assert verdict["classes"] == ["cat", "dog", "owl"]
    columns = [f"p_small_{name}" for name in verdict["classes"]]
    rates = verdict["groups"][0]["metrics"]
    decided = np.array(verdict["classes"])[table[columns].to_numpy().argmax(axis=1)]
    assert rates["accuracy"]["candidate"] == pytest.approx(accuracy_score(table.kind, decided))
    macro = roc_auc_score(table.kind, table[columns], multi_class="ovr", labels=verdict["classes"])
    assert rates["auroc"]["candidate"] == pytest.approx(macro)


def test_each_class_is_a_group_where_the_label_is_named_as_one() -> None:
    noisy(300, ("cat", "dog", "owl")).to_csv("p.csv", index=False)
    verdict = audited(f"faircompress audit p.csv {EACH} --group kind --metric accuracy --limit 0.2")
    groups = [group["group"] for group in verdict["groups"]]
    assert groups == ["all", "hair=long", "hair=short", "label=cat", "label=dog", "label=owl"]


def test_decided_classes_have_rates_but_no_auroc() -> None:
    table = noisy()
    for model in ("dense", "small"):
        table[model] = (table[f"p_{model}_1"] > 0.5).astype(int)
    table.to_csv("p.csv", index=False)
    which = "--label kind --group hair --baseline dense --candidate small"
    verdict = audited(f"faircompress audit p.csv {which} {TPR}")
    rates = verdict["groups"][0]["metrics"]
    expected = recall_score(table.kind.astype(int), table.small)
    assert rates["true_positive_rate"]["candidate"] == pytest.approx(expected)
    assert "auroc" not in rates
    ended = run(f"faircompress audit p.csv {which} --metric auroc --limit 0.1")
    assert ended.code == 3
    assert "a rule on auroc needs probabilities, but column 'dense' holds decided" in ended.err


def test_weights_count_and_clusters_are_the_units() -> None:
    table = noisy()
    table["w"], table["patient"] = np.where(table.hair == "long", 3.0, 1.0), np.arange(400) // 2
    table.to_csv("p.csv", index=False)
    which = "--label kind --group hair --baseline p_dense_1 --candidate p_small_1 --cluster patient"
    verdict = audited(f"faircompress audit p.csv {which} --weight w --metric accuracy --limit 0.2")
    everyone = verdict["groups"][0]
    right = (table.p_small_1 > 0.5) == (table.kind == "1")
    assert everyone["clusters"] == 200
    expected = np.average(right, weights=table.w)
    assert everyone["metrics"]["accuracy"]["candidate"] == pytest.approx(expected)


def test_the_threshold_is_the_most_accurate_of_the_validation_rows() -> None:
    test, held_out = noisy(), noisy(100)
    # every probability halved: one quarter now decides best what one half decided
    held_out["p_small_1"] /= 2
    test["p_small_1"] /= 2
    test.insert(0, "picture", [f"t{k}" for k in range(400)])
    held_out.insert(0, "picture", [f"v{k}" for k in range(100)])
    test.to_csv("test.csv", index=False)
    held_out.to_csv("val.csv", index=False)
    which = "--label kind --group hair --baseline p_dense_1 --candidate p_small_1 --id picture"
    rule = "--metric accuracy --limit 0.2"
    verdict = audited(f"faircompress audit test.csv {which} {rule} --validation val.csv")
    cut = verdict["thresholds"]["candidate"]
    truth = held_out.kind == "1"
    rights = [((held_out.p_small_1 >= c) == truth).mean() for c in np.linspace(0.01, 0.49, 97)]
    assert ((held_out.p_small_1 >= cut) == truth).mean() >= max(rights)
    quarter = audited(f"faircompress audit test.csv {which} {rule} --threshold 0.25")
    assert quarter["thresholds"] == {"baseline": 0.25, "candidate": 0.25}


def test_two_files_in_another_order_are_one_table() -> None:
    table = hair({"long": 90, "short": 80}, {"long": 85, "short": 80})
    table.to_csv("both.csv", index=False)
    table.drop(columns="p_small").to_csv("dense.csv", index=False)
    table[["picture", "y", "p_small"]].sample(frac=1, random_state=0).to_csv(
        "small.csv", index=False
    )
    one = audited(f"faircompress audit both.csv {COLUMNS} {TPR} --id picture")
    two = audited(f"faircompress audit dense.csv small.csv {COLUMNS} {TPR} --id picture")
    assert one == two


def test_rules_of_a_file_are_read_as_in_params() -> None:
    hair({"long": 90, "short": 90}, {"long": 90, "short": 50}).to_csv("p.csv", index=False)
    rules = "- {metric: true_positive_rate, rule: disparity_change, limit: 0.2, confidence: 0.9}\n"
    Path("rules.yaml").write_text(rules)
    verdict = audited(f"faircompress audit p.csv {COLUMNS} --rules rules.yaml")
    assert verdict["outcome"] == "fail"
    assert verdict["rules"][0]["checks"][0]["estimate"] == pytest.approx(0.4)
    Path("rules.yaml").write_text(f"gate:\n  rules:\n    {rules}  threshold: 0.85\n")
    stricter = audited(f"faircompress audit p.csv {COLUMNS} --rules rules.yaml")
    assert stricter["groups"][0]["metrics"]["true_positive_rate"]["candidate"] == 0


def test_intersections_are_tested_where_asked() -> None:
    table = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    table["sex"] = np.where(table.index % 2, "f", "m")
    table.to_csv("p.csv", index=False)
    verdict = audited(f"faircompress audit p.csv {COLUMNS} {TPR} --group sex --intersections")
    assert "hair=long & sex=f" in [group["group"] for group in verdict["groups"]]


def test_the_exit_code_and_all_files_give_the_verdict() -> None:
    hair({"long": 90, "short": 80}, {"long": 45, "short": 80}).to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {COLUMNS} {TPR} --out out/deep")
    assert ended.code == 1
    harmed = "true positive rate in hair=long and true positive rate over all rows"
    sentence = f"Fail: harm beyond the limit is confirmed for {harmed}."
    assert ended.out.startswith(sentence)
    assert "out/deep/report.html" in ended.out
    assert json.loads(Path("out/deep/verdict.json").read_text())["sentence"] == sentence
    summary = Path("out/deep/summary.md").read_text()
    assert f"## {sentence}" in summary
    assert "| **fail** | hair=long | −0.450 |" in summary
    assert "column p_small of p.csv" in Path("out/deep/report.html").read_text()
    suite = ET.parse("out/deep/junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "2", "0")
    failed = [(c.get("classname"), c.get("name")) for c in suite.iterfind("testcase[failure]")]
    assert failed == [("true_positive_rate.change", name) for name in ("all", "hair=long")]


def test_strange_names_of_groups_break_neither_markdown_nor_xml() -> None:
    table = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    table["hair"] = table.hair.map({"long": "a|<b>\x07 & *c*", "short": "_d_ e_f"})
    table.to_parquet("p.parquet")
    audited(f"faircompress audit p.parquet {COLUMNS} {TPR}")
    summary = Path("out/summary.md").read_text()
    assert r"hair=a&#124;&lt;b&gt;" in summary
    assert r"hair=\_d\_ e_f" in summary
    names = {case.get("name") for case in ET.parse("out/junit.xml").iter("testcase")}
    assert "hair=a|<b>\N{REPLACEMENT CHARACTER} & *c*" in names


def test_a_metric_without_a_better_direction_has_a_limit_both_ways() -> None:
    hair({"long": 90, "short": 80}, {"long": 90, "short": 95}).to_csv("p.csv", index=False)
    verdict = audited(f"faircompress audit p.csv {COLUMNS} --metric selection_rate --limit 0.05")
    assert check_in(verdict, "hair=short")["estimate"] == pytest.approx(15 / 120)
    assert verdict["outcome"] == "fail"
    assert "| hair=short | +0.125 |" in Path("out/summary.md").read_text()
    assert "| ±0.05 | 120 |" in Path("out/summary.md").read_text()


def test_an_error_leaves_no_earlier_verdict_behind() -> None:
    hair({"long": 90, "short": 80}, {"long": 90, "short": 80}).to_csv("p.csv", index=False)
    audited(f"faircompress audit p.csv {COLUMNS} {TPR}")
    Path("out/mine.txt").write_text("kept")
    assert (
        run(f"faircompress audit p.csv {COLUMNS.replace('hair', 'hare')} {TPR} --out out").code == 3
    )
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    hair({"long": 90, "short": 80}, {"long": 90, "short": 80}).to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {COLUMNS} {TPR}")
    assert (ended.code, ended.out.split(":")[0]) == (0, "Pass")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
