"""A search's winner, as the next run's params."""

from collections.abc import Sequence
from pathlib import Path

from faircompress.config import yaml_edit
from faircompress.config.overrides import overridden
from faircompress.config.params import check
from faircompress.support.errors import InputError
from faircompress.support.files import write_text

AUTO = "prune.speedup=auto"


def write_winner(project: Path, overrides: Sequence[str]) -> None:
    """Write what makes the winner into params.yaml; its comments stay.

    Args:
        project: Folder of params.yaml.
        overrides: Of the winner, as ``section.key=value``.

    Raises:
        InputError: If a value would have to be written over several lines.
    """
    file = project / "params.yaml"
    wanted = check(overridden(file, overrides))
    before = file.read_text("utf-8")
    write_text(file, yaml_edit.put(before, overrides))
    if check(overridden(file, ())) != wanted:
        write_text(file, before)
        raise InputError(f"params.yaml could not be written; set {', '.join(overrides)} by hand")


def as_line(overrides: Sequence[str]) -> str:
    """Return the rest of a run's overrides as a search's line, where the speed-up is ``auto``.

    Raises:
        InputError: If one has spaces, by which a line is parted.
    """
    rest = [one for one in overrides if one.replace(" ", "") != AUTO]
    if spaced := [one for one in rest if " " in one]:
        raise InputError(
            f"{spaced[0]}: with prune.speedup=auto values have no spaces; write it into "
            "params.yaml, and run faircompress search --apply"
        )
    return " ".join(rest)
