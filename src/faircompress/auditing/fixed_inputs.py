"""Values for inputs that are the same for every picture, as somebody typed or gave them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.support.errors import InputError, MissingFileError

TRUTHS = {"true": 1.0, "false": 0.0}


def fixed_inputs(given: Any, option: str) -> dict[str, np.ndarray]:
    """Return values by input: of ``NAME=VALUE`` texts, or of a mapping.

    Args:
        given: A mapping from names to numbers, arrays or texts, or texts such as ``age=0.5``.
        option: As it was typed.

    Raises:
        ValueError: If a text is no such thing, or a value holds no numbers.
    """
    if not isinstance(given, Mapping):
        pairs = [text.partition("=") for text in ([given] if isinstance(given, str) else given)]
        if not all(name and mark for name, mark, _ in pairs):
            raise InputError(
                f"{option} is {given!r}; write an input and its value, such as age=0.5, "
                "mask=1,1,0 or meta=meta.npy."
            )
        given = {name: value for name, _, value in pairs}
    return {str(name): _values(value, f"{option} {name}") for name, value in given.items()}


def _values(value: Any, option: str) -> np.ndarray:
    if isinstance(value, str | Path) and str(value).endswith(".npy"):
        return _of_file(Path(value), option)
    if isinstance(value, str):
        value = [TRUTHS.get(part.strip().lower(), part) for part in value.split(",")]
        value = value[0] if len(value) == 1 else value
    try:
        found = np.asarray(value, np.float64)
    except (ValueError, TypeError):
        raise InputError(
            f"{option} holds {value!r}; needed are numbers by commas, true or false, or the name "
            "of a .npy file."
        ) from None
    return found


def _of_file(path: Path, option: str) -> np.ndarray:
    if not path.is_file():
        raise MissingFileError(f"{option}: there is no file {path}; needed are values saved by "
                               "numpy.save.")  # fmt: skip
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{option}: {path} holds no plain numbers: {error}") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise InputError(f"{option}: {path} holds no plain numbers. Write it with numpy.save.")
    return found
