"""Other ways to write one table. A verdict must be the same, number by number."""

import contextlib
import decimal
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from fuzzed_asks import ATTACKS
from fuzzed_tables import Case, draw, one_of

import faircompress
from faircompress.evaluation.verdict import Verdict

Rng = np.random.Generator
SEED = 70  # of the cases
SHOWN = ("rule", "metric", "against", "group", "n", "baseline", "candidate", "estimate", "lower",
         "upper", "limit", "outcome")  # fmt: skip
WORDS = ("x y", "Ö", "'", '"', "a,b", "=", "&", "#1", "é ", "0.5", "True", "-", "日本", "a;b")
Numbers = list[tuple[Any, ...]]
Rewritten = tuple[Any, dict[str, Any], dict[str, str]]  # table, asks, and group now -> before


def numbers(verdict: Any, named: dict[str, str] | None = None) -> Numbers:
    """Return outcome and numbers of each check, whatever their order; groups as they were.

    Names say which of two groups is taken from the other, so of a pair only the size counts.
    """
    found = []
    for row in verdict.to_frame()[list(SHOWN)].to_dict("records"):
        pair = row["group"].split(" against ")
        row["group"] = " against ".join(sorted(_before(one, named or {}) for one in pair))
        if len(pair) > 1:
            row |= {"lower": None, "upper": None, "n": None, "baseline": None, "candidate": None}
            undefined = row["rule"] == "ratio" or row["estimate"] is None
            row["estimate"] = None if undefined else abs(row["estimate"])
        found.append(tuple("-" if v is None or v != v else v for v in row.values()))
    return sorted(found, key=str)


def _before(group: str, named: dict[str, str]) -> str:
    """Return what a group, or a class of it, was called before."""
    for now, before in named.items():
        if group == now or group.endswith(f" in {now}"):  # a class of it
            return group[: len(group) - len(now)] + before
    return group


def rows_in_other_order(case: Case, rng: Rng) -> Rewritten:
    """Without ids rows are counted, which breaks ties (docs/statistics.md, 14)."""
    noisy = "copies with noise" in case.done  # of which the first is kept
    if "id" not in case.asks and (noisy or {"cluster", "fixed_counts"} & set(case.asks)):
        return case.table, case.asks, {}
    return case.table.iloc[rng.permutation(len(case.table))], case.asks, {}


def columns_in_other_order(case: Case, rng: Rng) -> Rewritten:
    """And with more columns than are asked about."""
    table = case.table.assign(extra=rng.random(len(case.table)), Label="x", note=None)
    names = [name for name in table if not str(name).startswith(("d_", "s_"))]
    starred = [name for name in table if name not in names]
    order = [*np.array(names, object)[rng.permutation(len(names))], *starred[::-1]]
    return table[order], case.asks, {}


def other_index(case: Case, rng: Rng) -> Rewritten:
    """An index of any kind says nothing."""
    rows = len(case.table)
    made = one_of(rng, rng.permutation(rows), np.zeros(rows), pd.date_range("2020", periods=rows),
                  pd.MultiIndex.from_arrays([np.arange(rows) % 7, np.arange(rows)]),
                  [f"i{k}" for k in range(rows)], np.full(rows, np.nan))  # fmt: skip
    return case.table.set_axis(made, axis=0), case.asks, {}


def other_types(case: Case, rng: Rng) -> Rewritten:
    """Equal values in columns of other types."""
    table = case.table
    for name in table:
        column = table[name]
        if column.dtype == object and column.map(type).eq(str).all():
            made = one_of(rng, "category", "string", pd.ArrowDtype(pa.string()), object)
            table = table.assign(**{name: column.astype(made)})
        elif pd.api.types.is_float_dtype(column) and name != "y":
            values = column.to_numpy()
            made = one_of(
                rng, list(values), pd.array(values, "Float64"), [repr(float(x)) for x in values],
                pd.arrays.SparseArray(values), pd.array(values, pd.ArrowDtype(pa.float64())),
                [decimal.Decimal(float(x)) for x in values],
            )  # fmt: skip
            table = table.assign(**{name: made})
    if "classes" not in case.asks and case.classes == 2:
        label = case.frame["_class"].to_numpy()
        made = one_of(rng, label, label.astype(float), label.astype(bool), label.astype(str),
                      pd.Categorical(label, [1, 0, 7]), label.astype(object),
                      pd.array(label, "Int64"), np.where(label == 1, "True", "False"),
                      pd.Series(label).astype(pd.ArrowDtype(pa.int8())))  # fmt: skip
        table = table.assign(y=made)
    return table, case.asks, {}


def other_container(case: Case, rng: Rng) -> Rewritten:
    """Columns by name, an Arrow table, or arrays instead of columns."""
    table, asks = case.table, case.asks
    kind = one_of(rng, "mapping", "arrow", "arrays", "groups")
    if kind == "mapping":
        return {name: table[name].to_numpy() for name in table}, asks, {}
    if kind == "arrow":
        return pa.Table.from_pandas(table, preserve_index=False), asks, {}
    if kind == "groups" and "y" not in asks["groups"]:
        return table, {**asks, "groups": {name: name for name in asks["groups"]}}, {}
    names = [name for name in ("label", "id", "cluster", "weight", "split") if name in asks]
    if (
        isinstance(asks.get("max_weight"), dict)
        or asks.get("fixed_counts")
        or "y" in asks["groups"]
    ):
        return table, asks, {}
    made = asks | {name: table[asks[name]].to_numpy() for name in names}
    return table, made, {}


def other_group_names(case: Case, rng: Rng) -> Rewritten:
    """Other words for groups, one for one."""
    table, asks, named = case.table, dict(case.asks), {}
    if {"intersections", "expect", "absent", "fixed_counts"} & set(asks):
        return table, asks, {}
    values = sorted(map(str, table["g"].unique()))
    if len(values) > len(WORDS) or "g" not in asks["groups"]:
        return table, asks, {}
    words = dict(zip(values, rng.choice(WORDS, len(values), replace=False), strict=True))
    table = table.assign(g=table["g"].astype(str).map(words))
    named = {f"g={new.strip()}": f"g={old.strip()}" for old, new in words.items()}
    return table, asks, named


def groups_under_other_names(case: Case, rng: Rng) -> Rewritten:
    """A mapping from names to columns or arrays; names may be those of other columns."""
    table, asks = case.table, case.asks
    if {"intersections", "fixed_counts"} & set(asks):
        return table, asks, {}
    names = [str(name) for name in asks["groups"]]
    words = rng.permutation([*names, "other", "w", "weight"])[: len(names)]
    made = dict(zip(map(str, words), names, strict=True))
    named = {
        f"{new}={value}": f"{old}={value}" for new, old in made.items() for value in table[old]
    }
    groups = {new: one_of(rng, old, table[old].to_numpy()) for new, old in made.items()}
    return table, {**asks, "groups": groups}, named


def scores_as_arrays(case: Case, rng: Rng) -> Rewritten:
    """Probabilities as arrays, a column a class."""
    table, asks = case.table, dict(case.asks)
    for name, columns in zip(("baseline", "candidate"), case.scores, strict=True):
        asks[name] = table[columns].to_numpy()
    if len(case.scores[0]) > 1:
        asks["classes"] = [name.partition("_")[2] for name in case.scores[0]]
    return table, asks, {}


def other_ids(case: Case, rng: Rng) -> Rewritten:
    """Other words for people; other ids in the same order."""
    table = case.table.assign(
        who="c" + pd.factorize(case.table["who"])[0].astype(str).astype(object),
        id="x/" + case.table["id"].astype(str),
    )
    return table, case.asks, {}


def other_rules(case: Case, rng: Rng) -> Rewritten:
    """Rules in another order and another form."""
    rules = [case.asks["rules"][k] for k in rng.permutation(len(case.asks["rules"]))]
    made: list[Any] = []
    for rule in rules:
        short = " ".join(str(rule[k]) for k in ("rule", "metric", "limit") if k in rule)
        plain = set(rule) <= {"rule", "metric", "limit"}
        made.append(one_of(rng, rule, faircompress.Rule(**rule), *([short] if plain else [])))
    return case.table, {**case.asks, "rules": made}, {}


def other_columns(case: Case, rng: Rng) -> Rewritten:
    """Columns of other names."""
    asks = dict(case.asks)
    if asks.get("fixed_counts") or "y" in asks["groups"] or asks.get("absent"):
        return case.table, asks, {}
    if any(rule["rule"] == "flips" for rule in asks["rules"]):  # whose places name the label
        return case.table, asks, {}
    names = {"y": one_of(rng, "label", "truth", "0", "id "), "w": "who?", "who": "w*", "part": "%"}
    for name in ("label", "weight", "cluster", "split"):
        if name in asks:
            asks[name] = names.get(asks[name], asks[name])
    return case.table.rename(columns=names), asks, {}


SAME: tuple[Callable[[Case, Rng], Rewritten], ...] = (
    rows_in_other_order, columns_in_other_order, other_index, other_types, other_container,
    other_group_names, groups_under_other_names,
    scores_as_arrays, other_ids, other_rules, other_columns,
)  # fmt: skip


def from_file(case: Case, rng: Rng, folder: Path) -> Any:
    """Return the verdict of a table that was written and read."""
    path = folder / one_of(rng, "t.csv", "t.parquet", "t.tsv", "t.csv.gz")
    table = case.table
    if path.suffix == ".parquet":
        table.astype({"y": str} if table["y"].dtype == object else {}).to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return faircompress.audit(path, **case.asks)


def by_command(case: Case, folder: Path) -> Any:
    """Return the verdict of the command line; or what it says is wrong."""
    from faircompress.cli.main import main as command

    case.table.to_csv(folder / "t.csv", index=False)
    confidence = {"confidence": case.asks["confidence"]} if "confidence" in case.asks else {}
    rules = [{**confidence, **rule} for rule in case.asks["rules"]]  # stand in one place
    (folder / "rules.yaml").write_text(json.dumps(rules))
    typed = ["audit", str(folder / "t.csv"), "--rules", str(folder / "rules.yaml")]
    typed += [word for name, value in case.asks.items() for word in _typed(name, value)]
    kept, sys.argv = sys.argv, ["faircompress", *typed, "--out", str(folder / "o")]
    stream = io.StringIO()
    try:
        with contextlib.redirect_stderr(stream), contextlib.redirect_stdout(io.StringIO()):
            command()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = kept
    found = folder / "o" / "verdict.json"
    if not found.exists():
        assert code == 3, f"exit code {code} without a verdict"
        return stream.getvalue()
    verdict = Verdict.from_json(json.loads(found.read_text()))
    assert code == {"pass": 0, "fail": 1, "inconclusive": 2}[verdict.outcome], f"exit code {code}"
    return verdict


def _typed(name: str, value: Any) -> list[str]:
    """Return what is typed for an argument of Python."""
    option = "--" + {"groups": "group", "crosschecks": "cross-checks"}.get(name, name)
    option = option.replace("_", "-")
    if name in ("rules", "confidence") or value is None or value is False:
        return []
    if name == "classes":
        return [option, ",".join(value)]
    if name == "expect":
        return [
            w for column, of in value.items() for one in of for w in (option, f"{column}={one}")
        ]
    if isinstance(value, list):
        return [word for one in value for word in (option, str(one))]
    return [option] if value is True else [option, str(value)]


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place)


def drawn(number: int) -> tuple[Case, Rng]:
    """Return a case by its number, and what it is written otherwise by."""
    rng = np.random.default_rng([number, SEED])
    case = draw(rng, harmed=bool(rng.random() < 0.7))
    made = one_of(rng, *ATTACKS)(case, rng) if rng.random() < 0.5 else case
    return (made if len(made.frame) > 2 else case), rng


def elsewhere(number: int) -> str:
    """Return what a process with another hash seed and two threads makes of a case."""
    env = {**os.environ, "PYTHONHASHSEED": "12345", "OMP_NUM_THREADS": "2"}
    command = [sys.executable, __file__, str(number)]
    return subprocess.run(command, check=True, env=env, capture_output=True, text=True).stdout


def here(number: int) -> str:
    """Return what becomes of a case, as a text."""
    case, _ = drawn(number)
    try:
        return f"{numbers(faircompress.audit(case.table, **case.asks))}\n"
    except faircompress.FaircompressError as error:
        return f"{error}\n"


if __name__ == "__main__":
    print(here(int(sys.argv[1])), end="")
