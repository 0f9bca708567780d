"""The tables a data set is checked by: pictures, equal pictures, people, cells, class shares.

Each has the columns ``named`` (what to call a line in a sentence) and ``ids`` (the rows behind
it, at most 20, one a line of text), which Great Expectations hands back for what it finds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from faircompress.config.bounds import JOIN
from faircompress.data.csv_text import meant
from faircompress.data.ingest import READ
from faircompress.data.pictures import nearly_black
from faircompress.data.sources import OPEN, SPLITS
from faircompress.data.words import damaged, listed, near, rounded, unknown
from faircompress.validation.copied_pictures import families, ids_of, truths
from faircompress.validation.findings import SHOWN

CELL_COLUMNS = [
    "cell", "split", "label", "word", "group", "value", "count", "given", "expected",
    "named", "ids",
]  # fmt: skip


@dataclass(frozen=True)
class Frames:
    """All tables of one data set, by the names that checks use.

    Args:
        pictures: One line a row of the source, readable or not.
        rows: One line a row whose picture could be read.
        equal: One line a prepared picture that more than one row has.
        truths: One line a prepared picture that more than one row has, and how many
            combinations of label and groups they say it shows.
        families: One line a family of near copies: in how many splits, of how many labels.
        people: One line an identity.
        cells: One line a label x group x split cell, expected or not.
        expected: The cells that are expected; those of a group that a split wholly lacks are one.
        absent: One line an entry of ``checks.absent_subgroups``.
        shares: One line a class and split.
        classes: One line a class.
        names: One line a class, a group, and an identity that is doubtful.
        opened: Splits that are still to be drawn by pixels; a cell of theirs counts what it can
            have at most if all have alike.
    """

    pictures: pd.DataFrame
    rows: pd.DataFrame
    equal: pd.DataFrame
    truths: pd.DataFrame
    families: pd.DataFrame
    people: pd.DataFrame
    cells: pd.DataFrame
    expected: pd.DataFrame
    absent: pd.DataFrame
    shares: pd.DataFrame
    classes: pd.DataFrame
    names: pd.DataFrame
    opened: tuple[str, ...] = ()


def frames(
    rows: pd.DataFrame, classes: Sequence[str], groups: Sequence[str], absent: Sequence[str]
) -> Frames:
    """Return the tables of a data set.

    Args:
        rows: As ``ingest`` returns them.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
        absent: Cells that are not expected, as ``cell_names`` spells them.
    """
    unnamed = "row " + rows["at"].astype(str) + " of the source"
    called = rows["id"].where(rows["id"].notna(), unnamed)
    because = (" (" + rows["state"] + ": " + rows["reason"] + ")").where(rows["state"] != READ, "")
    bits = [None if pd.isna(count) else int(count) for count in rows["bits"]]
    pictures = rows.assign(ids=called, named=called + because, dark=nearly_black(bits))
    readable = pictures[pictures["state"] == READ].reset_index(drop=True)
    found = set(rows["split"].dropna())
    opened = tuple(split for split in SPLITS if OPEN in found and split not in found)
    cells = _cells(pictures, classes, groups, set(absent), opened)
    return Frames(
        pictures=pictures,
        rows=readable,
        equal=_sharing(readable, "sha256", " = "),
        truths=truths(readable, classes, groups),
        families=families(readable, classes),
        people=_sharing(readable, "identity", ", ", of="person "),
        cells=cells,
        expected=_expected(cells),
        absent=_absent(absent, cells),
        shares=_shares(readable, classes, cells),
        classes=_classes(pictures, classes),
        names=_names(pictures, classes, groups),
        opened=opened,
    )


def cell_names(split: str, label: int, word: str, group: str, value: str) -> list[str]:
    """Return the ways to spell a cell in params; the first is the one that findings use.

    Without a split, or as ``gate.absent`` spells it, it is that cell of every split.
    """
    tail = f" {group}={value}" if group != "label" else ""
    every = [f"label={label}{tail}", f"label={word}{tail}"]
    if tail:
        part = tail.strip()
        every += [part, f"{part}{JOIN}label={word}", f"label={word}{JOIN}{part}"]
    return [*(f"{split} {name}" for name in every), *every]


def _sharing(rows: pd.DataFrame, column: str, joint: str, of: str = "") -> pd.DataFrame:
    """Return one line a value that several rows have: in how many splits, and twice in one."""
    found = rows[rows[column].notna() & rows[column].duplicated(keep=False)]
    lines = found.groupby(column, sort=True)["split"].agg(splits="nunique", rows="size")
    lines["within"] = (lines["rows"] > lines["splits"]).astype(int)
    named_by = dict.fromkeys(lines.index, ("", ""))
    doubtful = lines.index[(lines["splits"] > 1) | (column == "sha256")][: 10 * SHOWN]
    for value, part in found[found[column].isin(doubtful)].groupby(column):
        few = part.drop_duplicates("split") if part["split"].nunique() > 1 else part.head(3)
        words = joint.join(f"{i} in {s}" for i, s in zip(few["ids"], few["split"], strict=True))
        named_by[value] = (f"{of}{value}: {words}" if of else words, ids_of(part))
    lines["named"], lines["ids"] = (
        [named_by[value][part] for value in lines.index] for part in (0, 1)
    )
    return lines.reset_index(drop=True)


def _classes(rows: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return one line a class, and whether its name is a word for something known."""
    strange = unknown(classes)
    lines = []
    for label, word in enumerate(classes):
        part = rows[rows["label"] == label] if word in strange else rows.head(0)
        named = f"{word!r} ({len(part):,} rows)"
        lines.append({"named": named, "ids": ids_of(part), "known": word not in strange})
    return pd.DataFrame(lines, columns=["named", "ids", "known"])


def _names(rows: pd.DataFrame, classes: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """Return one line a name of a class or group: is it whole, and unlike the others?

    Of identities, which are many, only those that are not.
    """
    codes = {word: label for label, word in enumerate(classes)}
    columns = {"label": list(classes)} | {
        group: rows[group].dropna().unique().tolist() for group in groups if group != "label"
    }
    lines = []
    for column, names in columns.items():
        broken, alike = damaged(names), {name: group for group in near(names) for name in group}
        shown = {name: listed([group]) for name, group in alike.items()}
        for name in names:
            doubtful = name in broken or name in alike
            key = codes[name] if column == "label" else name
            part = rows[rows[column] == key] if doubtful else rows.head(0)
            others = shown.get(name, "")
            why = broken.get(name) or (f"of {others}" if others else "")
            lines.append(
                {
                    "named": f"{column}={name!r} {why} ({len(part):,} rows)",
                    "ids": ids_of(part),
                    "whole": name not in broken,
                    "apart": name not in alike or name != alike[name][0],
                    "spelt": True,
                }
            )
    people = rows["identity"].dropna().unique().tolist()
    doubts = dict.fromkeys(rounded(people), "looks like a long number that was rounded")
    doubts |= dict.fromkeys(unknown(people), "is a word for unknown, not one person")
    twins = {group[0]: f"of {listed([group])}" for group in near(people) if group[0] not in doubts}
    lines += [
        {
            "named": f"identity {name!r} {why}",
            "ids": ids_of(rows[rows["identity"] == name]),
            "whole": name in twins,
            "apart": True,
            "spelt": name not in twins,
        }
        for name, why in {**doubts, **twins}.items()
    ]
    return pd.DataFrame(lines, columns=["named", "ids", "whole", "apart", "spelt"])


def _cells(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    absent: set[str],
    opened: Sequence[str],
) -> pd.DataFrame:
    """Count what could be read of every cell that the source tells of, empty ones too."""
    lines = []
    for group, value, whole in _parts(rows, groups):
        part = whole[whole["state"] == READ]
        found = dict(list(part.groupby(["split", "label"], sort=False)))
        given = whole.groupby(["split", "label"], sort=False).size()
        for split in SPLITS:
            for label, word in enumerate(classes):
                cell = found.get((split, label), part.iloc[:0])
                open_ = found.get((OPEN, label), cell) if split in opened else part.iloc[:0]
                count = len(cell) + len(open_) // max(len(opened), 1)
                names = cell_names(split, label, word, group, value)
                lines.append(
                    {
                        "cell": names[0],
                        "split": split,
                        "label": label,
                        "word": word,
                        "group": group,
                        "value": value,
                        "count": count,
                        "given": max(count, int(given.get((split, label), 0))),
                        "expected": not absent & set(names),
                        "named": f"{names[0]} ({word}) has {count}{' at most' * bool(len(open_))}",
                        "ids": ids_of(cell),
                    }
                )
    return pd.DataFrame(lines, columns=CELL_COLUMNS).astype({"expected": bool})


def _expected(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that are expected; one line for those that are empty alike.

    A group that a split wholly lacks is one line, as is a class that a group has in no split.
    """
    found = cells[cells["expected"]]
    grouped = (found["group"] != "label").to_numpy()
    there = found.groupby(["split", "group", "value"])["count"].transform("sum").to_numpy() > 0
    lacking = ~there & grouped
    gone = found[lacking].drop_duplicates(["split", "group", "value"])
    whole = gone["split"] + " " + gone["group"] + "=" + gone["value"]
    gone = gone.assign(cell=whole, named="'" + whole + "' has none")
    ever = found.groupby(["label", "group", "value"])["count"].transform("sum").to_numpy() > 0
    never = ~ever & grouped & ~lacking
    none = found[never].drop_duplicates(["label", "group", "value"])
    both = none["group"] + "=" + none["value"] + JOIN + "label=" + none["word"]
    none = none.assign(cell=both, named="'" + both + "' has none in any split")
    return pd.concat([found[~lacking & ~never], gone, none], ignore_index=True)


def _parts(rows: pd.DataFrame, groups: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Give each group's rows; classes that are groups, or no groups at all, are one part."""
    named = [group for group in groups if group != "label"]
    if not named:
        yield "label", "", rows
    for group in named:
        for value, part in rows.groupby(group, sort=True):
            yield group, str(value), part


def _absent(absent: Sequence[str], cells: pd.DataFrame) -> pd.DataFrame:
    """Tell whether each cell said to be absent is one, and which was meant."""
    columns = cells[["split", "label", "word", "group", "value"]].itertuples(index=False)
    known = [name for cell in columns for name in cell_names(*cell)]
    lines = []
    for entry in absent:
        named = f"{entry!r} ({meant(entry, known).strip()})"
        lines.append({"named": named, "ids": "", "known": entry in known})
    return pd.DataFrame(lines, columns=["named", "ids", "known"])


def _shares(rows: pd.DataFrame, classes: Sequence[str], cells: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each class in each split, where the class is expected."""
    expected = cells[cells["expected"]]
    wanted = set(zip(expected["split"], expected["label"], strict=True))
    lines = []
    for split in SPLITS:
        labels = rows.loc[rows["split"] == split, "label"].dropna()
        for label, word in enumerate(classes):
            if (split, label) in wanted and len(labels):
                share = float((labels == label).mean())
                named = f"{split} label={label} ({word}) is {share:.4f}"
                lines.append({"named": named, "ids": "", "share": share})
    return pd.DataFrame(lines, columns=["named", "ids", "share"])
