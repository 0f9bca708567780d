"""How a file takes pictures and what it gives, as far as the file itself does not tell."""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from faircompress.auditing.fixed_inputs import fixed_inputs
from faircompress.auditing.spelling import spelt
from faircompress.data.csv_text import meant
from faircompress.data.pictures import RESAMPLERS, Resampler
from faircompress.support.errors import InputError

# N pictures, C channels, H height, W width; flat: each picture is one row of numbers, (N, numbers)
LAYOUTS = ("NCHW", "NHWC", "CHW", "HWC", "NHW", "flat-HWC", "flat-CHW")
CHANNELS = ("rgb", "bgr", "grey")
NONE = "none"  # takes back, for one file, what was said for both
FLAGS = {"logits": True, "probabilities": False}
MODELS = ("baseline", "candidate")
Given = Mapping[str, Any] | str | None


@dataclass(frozen=True)
class FileOptions:
    """What somebody says of a file; None: the file tells it, or it is asked for.

    Args:
        layout: Order of the input's axes, one of ``LAYOUTS``.
        channels: What the channels are, one of ``CHANNELS``.
        mean: Subtracted after scaling, one number or one a channel, in the file's order.
        std: Divided by after that, likewise.
        scale: What the pixels 0-255 are multiplied by.
        resize: As ``data.pictures.prepare`` takes it: a shorter side, or height and width.
        crop: As ``prepare`` takes it, from the centre.
        resampler: As ``prepare`` takes it; bilinear if left out.
        logits: Are the scores unnormalised? False: they are probabilities.
        output: Name of the output that is read.
        score: Of several scores a picture, the only one that is read: its number from 0 or name.
        input: Name of the input that takes the pictures.
        constant: What other inputs get, by name, the same for every picture.
    """

    layout: str | None = None
    channels: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale: float | None = None
    resize: int | tuple[int, int] | None = None
    crop: int | tuple[int, int] | None = None
    resampler: Resampler | None = None
    logits: bool | None = None
    output: str | None = None
    score: str | None = None
    input: str | None = None
    constant: Mapping[str, np.ndarray] | None = None


KEYS = tuple(field.name for field in fields(FileOptions))


def of_both(
    both: Mapping[str, Any], baseline: Given = None, candidate: Given = None
) -> tuple[FileOptions, FileOptions]:
    """Return what is said of the baseline file and of the candidate file.

    Args:
        both: What is said of both, by the names of ``FileOptions``, as texts or values; None: not
            said.
        baseline: What is said of the baseline alone, which goes first: a mapping, or a text such
            as ``layout=NCHW scale=1/255 logits``.
        candidate: Likewise.

    Raises:
        ValueError: Naming the option, what it holds and what it needs.
    """
    pair = []
    for model, own in zip(MODELS, (baseline, candidate), strict=True):
        alone = _parsed(own, spelt(f"{model}-with"))
        merged = {key: value for key, value in both.items() if value is not None}
        merged |= {
            key: None if isinstance(value, str) and value == NONE else value
            for key, value in alone.items()
        }
        named = {key: spelt(f"{model}-with") + f" {key}" for key in alone}
        given = {k: _read(k, v, named.get(k, spelt(k))) for k, v in merged.items() if v is not None}
        pair.append(FileOptions(**given))
    return pair[0], pair[1]


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value == NONE


def _parsed(given: Given, option: str) -> dict[str, Any]:
    """Return the keys and values of ``layout=NCHW logits``, or of a mapping."""
    found: dict[str, Any] = {} if isinstance(given, str) else dict(given or {})
    for part in shlex.split(given) if isinstance(given, str) else ():
        key, mark, text = part.partition("=")
        value: Any = text
        if not mark and key not in FLAGS:
            raise InputError(f"{option}: {key!r} has no value; write {key}=VALUE.")
        if key == "constant" and value != NONE:
            value = [*found.get(key, ()), value]
        found |= {key: value} if mark else {"logits": FLAGS[key]}
    for key in found:
        if key not in KEYS:
            raise InputError(
                f"{option}: there is no {key!r}.{meant(key, KEYS)} There are {', '.join(KEYS)}."
            )
    return found


def _read(key: str, value: Any, option: str) -> Any:
    """Return one value in its type, whether it was typed or given from Python."""
    if key in ("layout", "channels", "resampler"):
        known = {"layout": LAYOUTS, "channels": CHANNELS, "resampler": tuple(RESAMPLERS)}[key]
        by_name = {name.lower(): name for name in known}
        if str(value).lower() not in by_name:
            raise InputError(f"{option} is {value!r}; needed is one of {', '.join(known)}.")
        return by_name[str(value).lower()]
    if key in ("mean", "std"):
        many = value.split(",") if isinstance(value, str) else _listed(value)
        return tuple(_number(one, option, above_0=key == "std") for one in many)
    if key == "scale":
        return _number(value, option, above_0=True)
    if key in ("resize", "crop"):
        return _size(value, option)
    if key == "logits":
        if isinstance(value, bool) or str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise InputError(f"{option} is {value!r}; needed is true or false.")
    if key == "constant":
        return fixed_inputs(value, option)
    return str(value)


def _listed(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, int | float) else list(value)


def _number(value: Any, option: str, *, above_0: bool) -> float:
    """Return a number that may be written as a fraction, such as 1/255."""
    try:
        top, _, bottom = str(value).partition("/")
        found = float(top) / float(bottom or 1)
    except (ValueError, ZeroDivisionError):
        found = math.nan
    if not math.isfinite(found) or (above_0 and found <= 0):
        needed = "a number above 0" if above_0 else "a number"
        raise InputError(
            f"{option} holds {str(value)!r}; needed is {needed}, such as 0.5 or 1/255."
        )
    return found


def _size(value: Any, option: str) -> int | tuple[int, int]:
    many = re.split(r"[x,]", value) if isinstance(value, str) else _listed(value)
    sides = [int(side) if str(side).strip().isdigit() else 0 for side in many]
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise InputError(
            f"{option} is {value!r}; needed is a side in pixels, such as 224, or height and width, "
            "such as 224x192."
        )
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])
