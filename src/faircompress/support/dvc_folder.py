"""The folder ``.dvc`` of a project, as ``dvc init`` makes it, without starting DVC."""

from pathlib import Path

from faircompress.support.files import write_text

CONFIG = "[core]\n    analytics = false\n"
NOT_FOR_GIT = "/config.local\n/tmp\n/cache\n"  # secrets, locks, and all data and results


def make_dvc_folder(project: Path) -> None:
    """Make what is missing: DVC's config, and what keeps its cache and secrets out of git."""
    for name, text in (("config", CONFIG), (".gitignore", NOT_FOR_GIT)):
        file = project / ".dvc" / name
        if not file.exists():
            write_text(file, text)
