"""Tables with several rows a picture: of boxes in it, or of what several readers say of it."""

import re
from pathlib import Path

import pandas as pd

from faircompress.data.attributes import words_of
from faircompress.data.paths import columns_of, made, part_of
from faircompress.support.errors import InputError

FEW = 0.05  # of the rows may name a picture again: such are told by params, with their ids
LEAST = 4  # rows that share, up to which it may be a slip
BOXES = re.compile(
    r"(?:bbox|box|rect)\w*|[xy][\W_]?(?:min|max|[012]|cent(?:er|re))|(?:min|max)[\W_]?[xy]|"
    r"polygon|annotation[\W_]?id",
    re.IGNORECASE,
)
READERS = {
    "reader", "rater", "annotator", "radiologist", "rad", "grader", "labeler", "labeller", "expert",
    "reviewer", "observer",
}  # fmt: skip


def refuse_several_rows(table: pd.DataFrame, image: str, label: str, file: Path) -> None:
    """Refuse a table in which pictures stand in several rows, before anything is guessed of it.

    Args:
        table: Its rows.
        image: Column of the pictures, or how their paths are made.
        label: The label's column.
        file: Named in the error.

    Raises:
        ValueError: Naming a picture, what its rows are, and how to get one row of each.
    """
    words = re.findall(r"\{([^}]*)\}", image) or [image]
    texts = table.astype(str).where(table.notna(), None)
    if words[0] in table and not isinstance(table[words[0]].iloc[0], str | int | float):
        return  # pictures themselves
    if any(part_of(texts, word) is None for word in words):
        return  # told by params
    paths = pd.Series(made(image, texts, key="", where=""))
    again = paths[paths.notna() & paths.duplicated(keep=False)]
    if len(again) <= max(FEW * len(paths), LEAST):
        return
    first = again.iloc[0]
    boxes = [str(name) for name in table if BOXES.fullmatch(str(name).strip())]
    readers = [str(name) for name in table if READERS & words_of(str(name))]
    what = (
        f"a row is a box in a picture (columns {', '.join(boxes[:4])})" if boxes
        else f"a row is what one reader says of a picture (column {readers[0]})" if readers
        else "a row is a box in a picture, or one of several readers or visits"
    )  # fmt: skip
    said = table[label].astype(str).groupby(paths.to_numpy()).nunique()
    by = words if set(words) <= set(texts) else columns_of(image)
    key = repr(by[0]) if len(by) == 1 else repr(by)
    cure = f"table.drop_duplicates({key})"
    if (said > 1).any():
        cure = _one_label(table[label], key, label, of_boxes=bool(boxes))
    raise InputError(
        f"{len(again):,} of {len(paths):,} rows of {file} share their picture with another, such "
        f"as {first!r} ({int((paths == first).sum())} rows); it seems that {what}. Needed is one "
        f"row a picture, with one label. Write such a table with pandas: {cure}; join the columns "
        "of groups and people to it again."
    )


def _one_label(labels: pd.Series, key: str, label: str, *, of_boxes: bool) -> str:
    """Return the line that makes one label of several rows, and which label that is."""
    numeric = pd.to_numeric(labels, errors="coerce").notna().all()
    if of_boxes and numeric:
        return (
            f"table.groupby({key}, as_index=False)[[{label!r}]].max(), the largest label of its "
            "boxes"
        )
    if of_boxes:
        one = str(labels.dropna().iloc[0])
        return (
            f"table.assign(there=table[{label!r}].eq({one!r})).groupby({key}, as_index=False)"
            f"[['there']].max(), whether a box is {one!r}"
        )
    return (
        f"table.groupby({key}, as_index=False)[[{label!r}]].agg(lambda cells: cells.mode().iloc[0])"
        ", the label that most give (of equals the first)"
    )
