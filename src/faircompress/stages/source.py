"""Stage ``source``: has the raw data changed since the last run?"""

import hashlib
from pathlib import Path
from typing import Any

from faircompress import files, plugins
from faircompress.params import Params
from faircompress.source import fingerprint

PLACES = ("root", "download")  # options that say where data lies, not what it is


def source(params: Params, artifacts: Path) -> dict[str, Any]:
    """Fingerprint the raw data source; return what must be equal for the data to be equal."""
    name, options = params.data.name, plugins.options_of(params.data)
    known = {"name": name, "options": {k: v for k, v in options.items() if k not in PLACES}}
    if "root" not in options:
        return known | {"generator": files.sha256(plugins.ROOT / "datasets" / f"{name}.py")}

    root = Path(options["root"])
    if not root.is_dir():
        _fetch(name, root, allowed=options.get("download", False))
    place = hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:12]
    found = fingerprint(root, artifacts.parent / ".checkpoints" / "source" / f"{name}-{place}.json")

    if not found["files"]:
        raise ValueError(f"data.{name}.root: {root} is empty; needed: the files of {name}")
    return known | found


def _fetch(name: str, root: Path, *, allowed: bool) -> None:
    """Have the publisher's files put under ``root``, if the params allow it."""
    where = f"data.{name}.root: {root} is not a folder (looked in {Path.cwd()})."
    plugin = plugins.ROOT / "datasets" / f"{name}.py"
    if "\ndef download(" not in plugin.read_text("utf-8"):
        raise FileNotFoundError(f"{where} Put the data there, or name the folder it is in.")
    if not allowed:
        raise FileNotFoundError(
            f"{where} Name the folder the data is in, or set data.{name}.download: true."
        )
    plugins.find("datasets", name).__globals__["download"](root)
