"""What older runs leave behind, as long as params say; see the section ``keep``."""

from pathlib import Path

from faircompress.config.params import Params


def tidy(project: Path, chosen: Params) -> list[str]:
    return []
