"""Trees of folders whose names can mean two things, which are asked about."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from faircompress.data.guessing_groups import MANY
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

KEY = "--folder"


def refuse_copies(folders: Sequence[Sequence[str]], level: int, home: Path) -> None:
    """Raise if a folder holds folders called as those beside it: a second copy of the data."""
    beside = {of[level] for of in folders if len(of) > level}
    within = defaultdict(set)
    for of in folders:
        if len(of) > level + 1:
            within[of[level]].add(of[level + 1])
    copy = next((name for name in sorted(within) if len(within[name] & beside - {name}) > 1), None)
    if copy is not None:
        raise InputError(
            f"{KEY}: {copy} in {home} holds folders called as those beside it, "
            f"{', '.join(sorted(within[copy] & beside)[:4])}: is it a second copy of the data, as "
            "some archives hold one? Remove it, or name it as the folder; if it is meant, say "
            "where in the paths the label is by --pattern."
        )


def refuse_two_meanings(folders: Sequence[Sequence[str]], level: int, words: list[str]) -> None:
    """Raise if below the label few folders come again and again: either may be the label."""
    under = defaultdict(set)
    for of in folders:
        if len(of) <= level:
            return
        under[of[level]].add(tuple(of[:level]))
    if not 2 <= len(under) <= MANY or min(map(len, under.values())) < 2:
        return
    above = sorted({one_line(of[level - 1]) for of in folders})
    names = sorted(map(one_line, under))
    begin, named = (
        "/".join(words[:-1]) + "/" * (len(words) > 1),
        ", ".join(names[:4]),
    )
    raise InputError(
        f"{KEY}: pictures lie in {', '.join(above[:4])}, and below each in {named}. Which is the "
        f"label? --pattern '{begin}{{label}}/{{group}}/**' or --pattern "
        f"'{begin}{{group}}/{{label}}/**', with a word of yours for group."
    )
