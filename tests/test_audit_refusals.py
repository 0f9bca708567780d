"""What an audit refuses, and in which words: nothing unfit is ever evaluated."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from auditing import COLUMNS, TPR, Ended, audited, check_in, hair, run

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ALL = f"faircompress audit p.csv {COLUMNS} {TPR}"
Spoil = Callable[[pd.DataFrame], object]


def table() -> pd.DataFrame:
    """240 rows that pass."""
    return hair({"long": 90, "short": 80}, {"long": 90, "short": 80})


def refused(command: str, *words: str) -> Ended:
    ended = run(command)
    assert (ended.code, ended.out) == (3, "")
    for one in words:
        assert one in ended.err
    return ended


def put(column: str, value: object, row: int = 2) -> Spoil:
    """Write one wrong value into a table."""

    def spoil(cells: pd.DataFrame) -> pd.DataFrame:
        cells[column] = cells[column].astype(object)
        cells.loc[row, column] = value
        return cells

    return spoil


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("spoil", "more", "words"),
    [
        (put("p_small", np.nan), "", ["--candidate", "'p_small'", "1 of 240 rows", "'row 3'"]),
        (put("p_small", 1.7), "", ["is outside 0-1", "'1.7'", "logits? Write their sigmoid"]),
        (put("p_dense", -0.1), "", ["--baseline", "is outside 0-1"]),
        (put("p_dense", np.inf), "", ["'inf'"]),
        (put("hair", None), "", ["--group: column 'hair'", "is empty in 1 of 240 rows", "Fill it"]),
        (put("hair", " "), "", ["--group: column 'hair'", "is empty"]),
        (put("y", None), "", ["--label: column 'y'", "is empty"]),
        (put("picture", 7), "--id picture", ["repeats an earlier row", "'7'", "must be unique"]),
        (put("picture", None), "--id picture", ["--id: column 'picture'", "is empty"]),
        (put("picture", None), "--cluster picture", ["--cluster: column 'picture'", "is empty"]),
        (put("picture", -1.0), "--weight picture", ["--weight", "is not above 0", "Leave such"]),
        (put("y", 2), "--classes 0,1", ["holds no known class", "'2'", "There are: 0, 1"]),
        (
            lambda t: t.assign(y=t.y.map({0: "0", 1: "1"}).where(t.index % 5 > 0, "\uff11")),
            "",
            ["one probability a row", "the label has 3", "Are '1' and '\\uff11' one class?"],
        ),
        (put("y", 2), "", ["neither '0' nor '1'", "probabilities a class, such as 'p_dense_*'"]),
        (lambda t: t.assign(y=1), "", ["the single class '1'", "Add rows of the others"]),
        (lambda t: t.iloc[:0], "", ["has no row", "Is the test set empty?"]),
    ],
)  # fmt: skip
def test_an_unfit_table_is_refused_by_column_and_row(
    form: str, spoil: Spoil, more: str, words: list[str]
) -> None:
    cells = spoil(table())
    if form == "csv":
        cells.to_csv("p.csv", index=False)
    else:
        # Parquet has one type a column
        mixed = [c for c in cells if cells[c].map(type).nunique() > 1 and c in ("hair", "picture")]
        cells.astype(dict.fromkeys(mixed, "string")).infer_objects().to_parquet("p.parquet")
    refused(f"{ALL} {more}".replace("p.csv", f"p.{form}"), *words)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (ALL.replace("hair", "hare"), ["--group: p.csv has no column 'hare'", "mean 'hair'?"]),
        (ALL.replace("p_small", "p_smal"), ["--candidate", "Did you mean 'p_small'?"]),
        (ALL.replace("--label y", "--label truth"), ["--label: p.csv has no column 'truth'"]),
        (ALL.replace("--label y ", ""), ["there is no --label"]),
        (ALL.replace("--group hair ", ""), ["--group names no column; harm is tested by group"]),
        (ALL.replace("p_small", "p_dense"), ["both name column 'p_dense'"]),
        (ALL.replace("p_small", "'p_*_*'"), ["several stars; one stands for the class"]),
        (ALL.replace("p_small", "'q_*'"), ["0 columns of p.csv are like 'q_*'"]),
        (
            ALL.replace(TPR, ""),
            ["nothing could fail. Give one, such as 'change"],
        ),
        (
            ALL.replace("true_positive_rate", "aurok"),
            ["'aurok' is not known. Did you mean 'auroc'"],
        ),
        (ALL.replace("0.1", "1.5"), ["gate.rules.0.limit", "less than 1"]),
        (f"{ALL} --confidence 0.2", ["gate.rules.0.confidence"]),
        (f"{ALL} --metric auroc", ["2 --metric and 1 --limit are given"]),
        (f"{ALL} --threshold 0", ["gate.threshold", "greater than 0"]),
        (f"{ALL} --threshold 0.5 --validation p.csv", ["a threshold has one source"]),
        (f"{ALL} --validation p.csv", ["--validation needs --id"]),
        (f"{ALL} --id picture --validation p.csv", ["240 rows", "are in validation and test"]),
        (f"{ALL} --expect hair=long --expect hair=grey", ["no test row has hair=grey", "unseen"]),
        (f"{ALL} --expect hair=lng", ["no test row has hair=lng"]),
        (f"{ALL} --expect hare=long", ["group column 'hare'", "Did you mean 'hair'?"]),
        (f"{ALL} --expect hair", ["--expect hair: write a column and its group, such as sex="]),
        (f"{ALL} --absent hair=shrt", ["--absent 'hair=shrt'", "no row at all has hair=shrt. Did"]),
        (
            f"{ALL} --absent 'hair=long & y=2'",
            ["no row at all has y=2", "There are: 0, 1, y=0, y=1"],
        ),
        (f"{ALL} --absent hare=long", ["'hare' is neither the label's column nor a group's"]),
        (f"{ALL} --absent 'hair=long & y=1'", ["100 rows are there, so they are not absent"]),
        (f"{ALL} --threshold high", ["--threshold is 'high'; needed is a number between 0 and 1"]),
        (f"{ALL} --threshold baseline", ["give --validation with both models' predictions"]),
        (f"{ALL} --split hair --validation p.csv", ["--split and --validation are given"]),
        (f"{ALL} --split hair", ["--split needs --id"]),
        (f"{ALL} --split hair --id picture", ["--split: column 'hair' of p.csv is no split"]),
        (f"{ALL} --rule 'change auroc'", ["--rule 'change auroc': needed is a kind, a metric"]),
        (f"{ALL} --rule 'change true_positive_rate 0.2'", ["two rules change", "keep one"]),
        (f"{ALL} --max-weight 0", ["--max-weight is 0; needed is a number above 0"]),
        (f"{ALL} --data p.parquet", ["either a table of predictions or --data"]),
        (f"{ALL} --classes 0,1,2", ["two classes, but the label has 3: '0', '1', '2'"]),
        (f"{ALL} --group label", ["--group label: this name is kept for the classes"]),
        (ALL.replace("p.csv", ""), ["either a table of predictions or --data"]),
        (ALL.replace("p.csv", "p.csv p.csv p.csv"), ["3 tables are given"]),
        (ALL.replace("p.csv", "p.csv p.csv"), ["such as --id image"]),
        (ALL.replace("p.csv", "p.xlsx"), ["there is no file p.xlsx"]),
        (ALL.replace("p.csv", "gone.csv"), ["there is no file gone.csv"]),
    ],
)
def test_a_mistaken_command_is_refused_with_what_was_meant(command: str, words: list[str]) -> None:
    table().to_csv("p.csv", index=False)
    refused(command, *words)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("rules: []", ["gate.rules", "at least 1 item"]),
        ("[]", ["gate.rules", "at least 1 item"]),
        ("ok", ["holds 'ok' alone; needed is a list of rules"]),
        ("# rules\n", ["is empty; needed is a list of rules"]),
        ("{a: [", ["is not YAML"]),
        ("- {metric: auroc, rul: change, limit: 0.1}", ["unknown key. Did you mean 'rule'?"]),
        ("- {metric: auroc, binds: drift, limit: 0.1}", ["binds is now rule: write {rule: dis"]),
        ("- {metric: auroc, rule: change, limit: 0.1, groups: [hare]}", ["column hare"]),
        ("threshold: validation\nrules: [{metric: auroc, rule: change, limit: 0.1}]",
         ["give --validation with both models' predictions"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_file_of_rules_are_named(rules: str, words: list[str]) -> None:
    table().to_csv("p.csv", index=False)
    Path("rules.yaml").write_text(rules)
    refused(f"faircompress audit p.csv {COLUMNS} --rules rules.yaml", *words)
    refused(f"{ALL} --rules rules.yaml", "rules stand in one place")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.drop(index=3), ["small.csv lacks 1 rows of dense.csv, first '3'"]),
        (put("picture", 999), ["small.csv lacks 1 rows of dense.csv, first '2'"]),
        (put("hair", "short"), ["--group: column 'hair' of small.csv differs from dense.csv"]),
        (put("y", 0), ["--label: column 'y' of small.csv differs from dense.csv in 1 of 240"]),
    ],
)
def test_two_files_that_differ_in_rows_are_refused(spoil: Spoil, words: list[str]) -> None:
    table().to_csv("dense.csv", index=False)
    spoil(table()).to_csv("small.csv", index=False)
    refused(f"{ALL.replace('p.csv', 'dense.csv small.csv')} --id picture", *words)


def test_named_classes_need_a_positive_and_misspelt_ones_are_found() -> None:
    cells = table()
    cells["y"] = cells.y.map({0: "dark", 1: "blond"})
    cells.to_csv("p.csv", index=False)
    refused(ALL, "which is the positive? Name them with --classes", "--classes blond,dark")
    assert audited(f"{ALL} --classes dark,blond")["positive"] == "blond"
    cells.loc[5, "y"] = "blont"
    cells.to_csv("p.csv", index=False)
    refused(f"{ALL} --classes dark,blond", "'row 6', 'blont'. Did you mean 'blond'?")
    cells = cells.assign(y=cells.y.replace("blont", "blond"), p_small=cells.y)
    cells.to_csv("p.csv", index=False)
    refused(f"{ALL} --classes dark,blond", "is neither a class nor a probability", "'blont'")


def test_probabilities_of_a_row_must_sum_to_one_and_models_know_the_same_classes() -> None:
    cells = table().assign(a_0=0.5, a_1=0.5, b_0=0.5, b_1=0.4, c_0=0.5, c_2=0.5)
    cells.to_csv("p.csv", index=False)
    start = "faircompress audit p.csv --label y --group hair --baseline 'a_*'"
    refused(f"{start} --candidate 'b_*' {TPR}", "--candidate: probabilities are not summing to 1")
    refused(f"{start} --candidate 'c_*' {TPR}", "both models must know the same")
    refused(f"{start} --candidate 'b_*' --classes 0,5 {TPR}", "--classes are 0, 5, but the columns")


def test_a_threshold_that_would_decide_nothing_is_refused() -> None:
    cells = table()
    turns = np.arange(len(cells)) % 3
    for model, k in itertools.product("ab", range(3)):
        cells[f"{model}_{k}"] = np.where(turns == k, 0.5, 0.25)
    cells.to_csv("p.csv", index=False)
    three = "--label y --group hair --baseline 'a_*' --candidate 'b_*' --id picture"
    for option in ("--threshold 0.3", "--validation p.csv"):
        name = option.split()[0]
        ended = refused(f"faircompress audit p.csv {three} {TPR} {option}", "but there are 3")
        assert ended.err.endswith(f"Leave {name} out.\n")
    cells = cells.assign(p_dense=cells.y, p_small=cells.y)
    cells.to_csv("p.csv", index=False)
    refused(f"{ALL} --threshold 0.3", "p_dense and p_small hold decided classes")
    rules = "threshold: 0.3\nrules: [{metric: accuracy, rule: change, limit: 0.1}]"
    Path("rules.yaml").write_text(rules)  # a section made for other models may say one
    assert (
        run(f"faircompress audit p.csv {three} --rules rules.yaml").code == 2
    )  # no skill is shown


def test_equal_columns_are_two_models_and_no_proof() -> None:
    few = hair({"long": 40, "short": 40}, {"long": 40, "short": 40}, positives=40)
    few["p_small"] = few.p_dense
    few.to_csv("p.csv", index=False)
    verdict = audited(ALL.replace("0.1", "0.05"))
    assert verdict["outcome"] == "inconclusive"
    assert verdict["models"]["baseline"] != verdict["models"]["candidate"]
    assert verdict["next"][0].startswith("Both models give equal predictions in all 120 rows")
    # 59 unharmed rows certify 0.05; at 80 % power it takes more, and the count is said
    needed = check_in(verdict, "hair=long")["n_needed"]
    assert needed > 59
    assert f"about {needed} would certify 0.05" in verdict["reasons"][0]


def test_advice_names_no_param_of_a_chain_that_did_not_make_the_model() -> None:
    hair({"long": 90, "short": 80}, {"long": 45, "short": 80}).to_csv("p.csv", index=False)
    (protect, *_) = audited(ALL)["next"]
    assert protect.startswith("Protect hair=long")
    assert "prune." not in protect


def test_expected_groups_and_intersections_must_be_there() -> None:
    cells = table()
    cells["sex"] = np.where((cells.hair == "short") & (cells.index % 2 == 0), "f", "m")
    cells.to_csv("p.csv", index=False)
    both = f"{ALL} --group sex --expect hair=long --expect sex=f --expect"
    refused(f"{both} 'hair & sex=short & f'", "tested only where gate.intersections is true")
    both = both.replace("--expect", "--intersections --expect", 1)
    assert run(f"{both} 'hair & sex=short & f'").code != 3
    refused(f"{both} 'hair & sex=long & f'", "no test row has hair & sex=long & f")
    refused(f"{both} 'hair & age=long & f'", "names group column 'age'")
