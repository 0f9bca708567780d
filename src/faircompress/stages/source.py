"""Stage ``source``: has the raw data changed since the last run?"""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from faircompress.config import plugins
from faircompress.config.params import Params
from faircompress.data.fingerprint import fingerprint, missing_root
from faircompress.support.errors import InputError, MissingFileError
from faircompress.support.files import sha256

PLACES = ("root", "download")  # options that say where data lies, not what it is


def source(params: Params, artifacts: Path) -> dict[str, Any]:
    """Fingerprint the raw data source; return what must be equal for the data to be equal.

    Drawn data is known by its options; the code that draws it is part of ``validate``'s key.
    """
    name, options = params.data.name, plugins.options_of(params.data)
    known: dict[str, Any] = {
        "name": name,
        "options": {k: v for k, v in options.items() if k not in PLACES},
    }
    own = params.checks.expectations
    if isinstance(own, str):  # a file beside params, which validate depends on by this
        known["expectations"] = sha256(Path(own))
    if "root" not in options:
        return known

    root = Path(options["root"])
    missing = missing_root(params.data)
    if missing:
        raise MissingFileError(missing)
    if not root.is_dir():
        plugins.find("sources", name).__globals__["download"](root)
    place = hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:12]
    memory = artifacts.parent / ".checkpoints" / "source" / f"{name}-{place}.json"
    found = fingerprint(root, memory, before_many=partial(_refuse_unfit_rows, params))

    if not found["files"]:
        raise InputError(f"data.{name}.root: {root} is empty; needed: the files of {name}")
    return known | found


def _refuse_unfit_rows(params: Params) -> None:
    # here, because it loads pandas and Great Expectations, which an unchanged source needs not
    from faircompress.validation.rows_first import refuse_unfit_rows

    refuse_unfit_rows(params)
