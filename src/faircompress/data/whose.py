"""Which column of a table says whose picture a row is: pictures of one must not be parted.

Where nobody is named, each picture counts as of its own, splits are cut by pixels, and a person
may stand in train and in test. So a column that looks like names of people is told.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from numbers import Real
from pathlib import PurePosixPath

import pandas as pd

from faircompress.data.attributes import tells_who
from faircompress.data.picture_files import PICTURES

PEOPLE = (
    "identity", "person", "personid", "patient", "patientid", "subject", "subjectid",
    "participant", "participantid", "individual", "individualid", "donor", "donorid",
    "case", "caseid", "casesubmitterid", "animal", "animalid", "user", "userid", "celebrity",
    "lesion", "lesionid", "slide", "slideid", "video", "videoid", "study", "studyid",
)  # fmt: skip
SURELY = {"identity", "person", "patient", "subject", "participant", "individual", "donor"}
SOMEBODY = re.compile(
    rf"(?:{'|'.join(word for word in PEOPLE if not word.endswith('id'))}|pat|sub|subj|pid)"
    r"s?[\W_]*\d",
    re.IGNORECASE,
)  # a folder's name, such as patient00001, sub-07
SIDE = re.compile(r"(.+?)[\W_](left|right|l|r|od|os)", re.IGNORECASE)  # names of both eyes
CALLED = re.compile(rf"{SOMEBODY.pattern}+", re.IGNORECASE)  # at the start of a file's name
COPY = re.compile(  # at the end of a name: a number, a copy, a variant of augmentation
    r"(?:[\W_]+(?:(?:copy|kopie|copie|aug|augmented|flip|flipped|hflip|vflip|rot|rotated|crop|v)"
    r"?[\W_]*\d*\)?)|_(?:jpe?g|png)\.rf\.\w+)+$",
    re.IGNORECASE,
)
ELSE = "else pictures of one may lie in train and in test, and each counts as evidence of its own."
NUMBERED = re.compile(r"(?:^|[\W_])(?:id|no|nr|number|code)$|[a-z](?:Id|ID)$", re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}")
FEWEST, SPARSE, DENSE = 13, 0.05, 0.95  # values; distinct values as a share of the rows


def named(columns: Sequence[object], wanted: Sequence[str] = PEOPLE) -> str | None:
    """Return the column whose name says that it is one of these, the first word first."""
    low = {re.sub(r"[\W_]+", "", str(name).lower()): str(name) for name in reversed(columns)}
    return next((low[word] for word in wanted if word in low), None)


def person(cells: pd.DataFrame) -> str | None:
    """Return the column that is named as one of people and has enough values to be.

    Words that may also be of a kind (case and control, lesion yes or no) need more of them.
    """
    name = named(list(cells.columns))
    if name is None:
        return None
    plain = re.sub(r"[\W_]+", "", name.lower())
    fewest = 3 if plain.endswith("id") or plain in SURELY else FEWEST
    return name if cells[name].dropna().astype(str).nunique() >= fewest else None


def likely(cells: pd.DataFrame, used: Collection[str]) -> dict[str, int]:
    """Return the columns that may say whose picture a row is, and how many values each has.

    Args:
        cells: A row for each picture.
        used: Columns that say something else: label, groups, pictures.
    """
    found = {
        str(name): column for name, column in cells.items()
        if name not in used and (NUMBERED.search(str(name)) or not tells_who(str(name)))
    }  # fmt: skip
    known = {name: _repeated(name, column) for name, column in found.items()}
    return {name: values for name, values in known.items() if values}


def told(cells: pd.DataFrame, used: Collection[str], key: str) -> tuple[str, ...]:
    """Return a sentence for each such column.

    Args:
        cells: See ``likely``.
        used: Likewise.
        key: Of the source, such as ``data.table``.
    """
    by_name = _of_names(cells, used, key)
    columns = [
        f"Nobody is named, and column {name!r} has {values:,} values in {len(cells):,} rows. If it "
        f"says whose picture a row is, say {key}.identity: {name}; {ELSE}"
        for name, values in likely(cells, used).items()
    ]
    folders = _likely_folders(cells, used)
    if folders is None:
        return (*columns, *(by_name or _of_both_sides(cells, key)))
    number, first, pattern = folders
    return (
        *columns,
        *by_name,
        f"Nobody is named, and pictures lie in {number:,} folders such as {first}. If each is of "
        f"one person, say {key}.pattern: {pattern!r} and {key}.identity: person; {ELSE}",
    )


def _of_names(cells: pd.DataFrame, used: Collection[str], key: str) -> tuple[str, ...]:
    """Return a sentence if names of pictures begin alike: two pictures of one, or two copies.

    What counts the copies is taken off: ``Ann_Lee_0002``, ``subject07_happy_1``, ``a (2)``,
    ``a_jpg.rf.3f9c...``. What is left must come again, be called as people are or be no number,
    and be no word of a column that is used.
    """
    stems = sorted({PurePosixPath(str(path)).stem for path in cells.index})  # folders count anew
    called = [found for stem in stems if (found := CALLED.match(stem))]
    if len(called) > DENSE * len(stems):
        names = [found[0].casefold() for found in called]
    else:
        names = [COPY.sub("", stem) for stem in stems]
    known = [{*cells[name].map(str)} for name in used if name in cells]
    distinct = {*names}
    few = not FEWEST <= len(distinct) <= 0.75 * len(names)
    numbers = sum(not re.search(r"[^\W\d_]", name) for name in distinct) > len(distinct) / 2
    if few or numbers or any(distinct <= one for one in known):
        return ()
    first = Counter(names).most_common(1)[0][0]
    one, other = [s for s, n in zip(stems, names, strict=True) if n == first][:2]
    return (
        f"Nobody is named, and {len(stems):,} names of pictures have {len(distinct):,} beginnings, "
        f"such as {one!r} and {other!r}. If those are of one person or one picture, make a column "
        f"of what they share, and say {key}.identity; {ELSE}",
    )


def _of_both_sides(cells: pd.DataFrame, key: str) -> tuple[str, ...]:
    """Return a sentence if names end in left and right: two pictures of one."""
    stems = [PurePosixPath(str(path)).stem for path in cells.index]
    sides = [found for stem in stems if (found := SIDE.fullmatch(stem))]
    names, ends = {side[1] for side in sides}, {side[2].lower() for side in sides}
    if len(sides) < DENSE * len(stems) or len(ends) != 2 or len(names) > 0.75 * len(sides):
        return ()
    return (
        f"Nobody is named, and names end in {' and '.join(sorted(ends))}, such as "
        f"{sides[0][0]!r}. If both are of one person, make a column of the name without its end, "
        f"and say {key}.identity; {ELSE}",
    )


def _likely_folders(cells: pd.DataFrame, used: Collection[str]) -> tuple[int, str, str] | None:
    """Return how many folders may each be somebody's, the first one, and a pattern of the paths.

    Those are folders of few pictures, or called as people are, whose names no column that is used
    has.

    Args:
        cells: The index holds the paths, or numbers.
        used: Columns.
    """
    paths = [str(path).split("/")[:-1] for path in cells.index]
    known = [{*cells[name].map(str)} for name in used if name in cells]
    for level in range(min(map(len, paths), default=0)):
        folders = {tuple(path[: level + 1]) for path in paths}
        names = {folder[-1] for folder in folders}
        if not FEWEST <= len(folders) <= DENSE * len(paths) or any(names <= one for one in known):
            continue
        called = sum(bool(SOMEBODY.match(name)) for name in names) > len(names) / 2
        if called or len(folders) >= SPARSE * len(paths):
            above = [{path[place] for path in paths} for place in range(level)]
            parts = [next(iter(one)) if len(one) == 1 else "*" for one in above]
            deeper = {len(path) for path in paths} != {level + 1}
            first = "/".join(min(folders))
            return len(folders), first, "/".join([*parts, "{person}", "**" if deeper else "*"])
    return None


def _repeated(name: str, cells: pd.Series) -> int:
    """Return how many values a column has that looks like names that come again; else 0."""
    numbered = named([name]) or NUMBERED.search(name)
    known = cells.dropna()
    measured = pd.api.types.is_float_dtype(cells.dtype) and not numbered
    if measured or not known.map(lambda value: isinstance(value, str | Real)).all():
        return 0  # lists, pictures, times
    words = known.astype(str).str.strip()
    words = words[words != ""]
    distinct = int(words.nunique())
    if not FEWEST <= distinct <= DENSE * len(words):
        return 0
    if words.str.lower().str.endswith(PICTURES).mean() > 0.5:
        return 0  # names of pictures, which train and test may share
    if numbered:
        return distinct
    numeric = pd.to_numeric(words, errors="coerce").notna().mean() > 0.5
    dates = words.str.match(DATE).mean() > 0.5
    return 0 if numeric or dates or distinct < SPARSE * len(words) else distinct
