"""Pictures that several rows have, or nearly have: what these rows say of them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from faircompress.data.ingest import FAMILY
from faircompress.validation.findings import SHOWN


def truths(rows: pd.DataFrame, classes: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """Return one line a picture that several rows have: how many truths they tell of it."""
    named = [group for group in groups if group != "label"]
    equal = rows[rows["sha256"].notna() & rows["sha256"].duplicated(keep=False)]

    kinds = equal.drop_duplicates(["sha256", "label", *named])
    lines = kinds.groupby("sha256", sort=True).size().to_frame("truths").assign(named="", ids="")
    unlike = equal["sha256"].isin(lines.index[lines["truths"] > 1][: 10 * SHOWN])
    for sha256, part in equal[unlike].groupby("sha256"):
        words = [
            f"{row['ids']} "
            f"({', '.join([_called(row['label'], classes), *(f'{g}={row[g]}' for g in named)])})"
            for _, row in part.drop_duplicates(["label", *named]).head(3).iterrows()
        ]
        lines.loc[sha256, ["named", "ids"]] = [" = ".join(words), ids_of(part)]
    return lines.reset_index(drop=True)


def families(rows: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return one line a family of near copies: in how many splits, of how many labels."""
    related = rows[rows[FAMILY] >= 0]
    lines = []
    for _, part in related.groupby(FAMILY, sort=True):
        if part["sha256"].nunique() < 2:  # the others were set aside
            continue
        few = pd.concat([part.drop_duplicates(["split", "label"]), part]).drop_duplicates("ids")
        words = [
            f"{row['ids']} ({_called(row['label'], classes)} in {row['split']})"
            for _, row in few.head(3).iterrows()
        ]
        lines.append(
            {
                "splits": part["split"].nunique(),
                "labels": part["label"].nunique(),
                "named": " ~ ".join(words),
                "ids": ids_of(part),
            }
        )
    return pd.DataFrame(lines, columns=["splits", "labels", "named", "ids"])


def ids_of(rows: pd.DataFrame) -> str:
    """Return the first rows' ids, one a line."""
    return "\n".join(rows["ids"].head(SHOWN))


def _called(label: Any, classes: Sequence[str]) -> str:
    return str(dict(enumerate(classes)).get(label, label))
