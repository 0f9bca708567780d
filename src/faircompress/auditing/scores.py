"""What an ONNX file's numbers are: probabilities, as they are or made from logits."""

from typing import Any

import numpy as np

from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.onnx_files import TABLE_INSTEAD, OnnxFile, Port
from faircompress.auditing.rounding import slack
from faircompress.auditing.spelling import spelt
from faircompress.data.predictions import ROUNDED, SUM_TOLERANCE
from faircompress.support.errors import InputError

HALF_PRECISION = 2e-3  # what float16 may take from or add to the sum of a row: 4 half steps at 1
MAPS = ("seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))")
KINDS = ("tensor(float)", "tensor(float16)", "tensor(double)", *MAPS)  # that hold scores
PERCENT = 100
JUST_BEYOND = 1e-6  # 0 or 1 is passed so far by rounding in float32


def width_of(given: Any, count: int, file: OnnxFile, output: Port) -> np.ndarray:
    """Return what a run gave as ``(count, scores)``, whatever axes of 1 there are.

    A list of mappings from classes to scores, as converters of scikit-learn give them, is a table.

    Raises:
        ValueError: If that is not one row of scores a picture.
    """
    if isinstance(given, list):
        keys = output.keys or tuple(sorted({key for row in given for key in row}))
        given = np.array([[row[key] for key in keys] for row in given], np.float32)
    found = np.asarray(given)
    row = found.shape[1:] if found.ndim and found.shape[0] == count else None
    if count == 1 and row is None:  # a file without an axis of pictures
        row = found.shape
    if row is None or sum(side != 1 for side in row) > 1 or not found.size:
        raise InputError(
            f"{file.path} gives {output.name!r} of shape {found.shape} for {count} picture"
            f"{'s' * (count > 1)}; needed is one score, or one score a class, for each. "
            f"{other_outputs(file, output)}"
        )
    return found.reshape(count, -1)


def output_of(file: OnnxFile, name: str | None) -> Port:
    """Return the output that is read.

    Raises:
        ValueError: If it is not there or holds no scores, or there are several to choose from.
    """
    if not file.outputs:
        raise InputError(f"{file.path} gives no output, so it has no scores. Export it anew.")
    by_name = {port.name: port for port in file.outputs}
    listed = ", ".join(map(str, file.outputs))
    possible = [port for port in file.outputs if port.kind in KINDS]
    if name is None and len(possible) == 1:  # the others are decided classes, whole numbers, words
        return _in_order_of_classes(file, possible[0])
    if name is None and len(by_name) > 1:
        raise InputError(
            f"{file.path} gives {len(by_name)} outputs: {listed}. Name the one that holds the "
            f"scores: {spelt('output')} NAME."
        )
    if name is not None and name not in by_name:
        raise InputError(f"{spelt('output')}: {file.path} has no {name!r}; it gives {listed}.")
    port = by_name[name] if name is not None else file.outputs[0]
    if port.kind in KINDS:
        return _in_order_of_classes(file, port)
    cure = other_outputs(file, port)
    if port.kind.startswith(("seq", "map", "optional")):
        cure = f"Convert the model with plain arrays as output, or {TABLE_INSTEAD}."
    elif "int" in port.kind:
        cure = (
            f"If it holds decided classes, {TABLE_INSTEAD}; if quantized scores, export the file "
        )
        cure += "with DequantizeLinear at its end."
    raise InputError(f"{file.path} gives {port}; needed are scores as float numbers. {cure}")


def _in_order_of_classes(file: OnnxFile, port: Port) -> Port:
    """Return an output, unless its scores are sorted by size."""
    if port.sorted:
        raise InputError(
            f"{file.path} gives {port.name!r} out of a TopK: the largest scores first, so "
            "nothing says which class one is of. Export the scores before it. "
            f"{other_outputs(file, port)}"
        )
    return port


def score_of(scores: np.ndarray, options: FileOptions, file: OnnxFile, output: Port) -> np.ndarray:
    """Return the one score that is asked for, ``(pictures, 1)``, or all if none is.

    Raises:
        ValueError: If there is no such score.
    """
    name, count = options.score, scores.shape[1]
    if name is None:
        return scores
    names = file.classes or tuple(map(str, output.keys))
    if name in names and len(names) == count:
        return scores[:, [names.index(name)]]
    if name.isdecimal() and int(name) < count:
        return scores[:, [int(name)]]
    called = f", or of {', '.join(names[:10])}" if len(names) == count else ""
    raise InputError(
        f"{spelt('score')} is {name!r}, but {file.path} gives {count} score{'s' * (count > 1)} a "
        f"picture ({output.name!r}); name one of 0 to {count - 1}{called}."
    )


def as_probabilities(
    raw: np.ndarray, options: FileOptions, file: OnnxFile, output: Port
) -> np.ndarray:
    """Return scores as probabilities, ``(rows, classes)``; of one column, the positive's is second.

    Args:
        raw: What the file gave, finite, ``(rows, columns)``.
        options: What somebody says; of nothing, the numbers and the file's last operator tell.
        file: The file, for messages.
        output: The output that was read.

    Raises:
        ValueError: If it cannot be told, or is not as said; names the option.
    """
    wide = raw.astype(np.float64)
    inside = bool(((wide >= -JUST_BEYOND) & (wide <= 1 + JUST_BEYOND)).all())
    logits, chosen = options.logits, options.score is not None
    _refuse_percent(wide, file, output)
    are_logits = _are_logits(wide, inside, file, output, slack_of(raw), chosen=chosen)
    ending = f" (it ends in a {output.ends_in})"
    if logits and are_logits is False:
        raise InputError(
            f"{spelt('logits')}, but {_what(file, output)} are probabilities already"
            f"{ending if raw.shape[1] == 1 else ': they lie in 0-1, sum 1'}. "
            f"{_of_one('probabilities')}"
        )
    if logits is False and not inside:
        raise InputError(
            f"{spelt('probabilities')}, but {_what(file, output)} reach from {wide.min():.4g} to "
            f"{wide.max():.4g}. If they are logits, say so: {spelt('logits')}. {_of_one('logits')}"
        )
    if logits is None and are_logits is None:
        raise InputError(_ask(wide, inside, file, output))
    if not logits:
        clipped = wide.clip(0, 1)
        return np.hstack([1 - clipped, clipped]) if raw.shape[1] == 1 else clipped
    both = np.hstack([np.zeros_like(wide), wide]) if raw.shape[1] == 1 else wide
    powers = np.exp(both - both.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _refuse_percent(wide: np.ndarray, file: OnnxFile, output: Port) -> None:
    """Refuse scores that can be nothing but shares of 100: as logits they would be others."""
    sums = wide.sum(axis=1)
    if wide.shape[1] > 1 and (wide >= 0).all() and np.abs(sums - PERCENT).max() < 1:
        raise InputError(
            f"{_what(file, output)} lie in 0-100 and each row sums to 100: percent, and needed "
            f"are shares of 1. Export it without that factor, or {TABLE_INSTEAD}."
        )


def slack_of(raw: np.ndarray) -> float:
    """Return how far rounding may have brought the sum of a row from 1."""
    half = HALF_PRECISION if raw.dtype == np.float16 else 0.0
    return max(slack(raw), half) if raw.shape[1] > 1 else 0.0


def _are_logits(
    wide: np.ndarray, inside: bool, file: OnnxFile, output: Port, room: float, *, chosen: bool
) -> bool | None:
    """Tell whether scores are logits; False: probabilities; None: neither is certain."""
    if wide.shape[1] == 1:
        sure = output.ends_in == "Sigmoid" or (chosen and output.ends_in == "Softmax")
        return False if sure and inside else None
    off = np.abs(wide.sum(axis=1) - 1).max()
    if inside and off > SUM_TOLERANCE + room and output.ends_in == "Sigmoid":
        raise InputError(
            f"{file.path} gives {output.name!r} with a Sigmoid for each of {wide.shape[1]} "
            "classes, which is no share of one: a picture may have several of them, or none. Name "
            f"the one that is asked about: {spelt('score')} 0 to {wide.shape[1] - 1}"
            f"{_named(file.classes)}; the label then says whether a picture has it."
        )
    if inside and (off <= SUM_TOLERANCE + room or off <= ROUNDED and output.ends_in == "Softmax"):
        return False
    return None


def _ask(wide: np.ndarray, inside: bool, file: OnnxFile, output: Port) -> str:
    found = _what(file, output)
    if not inside:
        return (
            f"{found} reach from {wide.min():.4g} to {wide.max():.4g}: no probabilities. If they "
            f"are logits, say so: {spelt('logits')}."
        )
    if wide.shape[1] == 1:
        return (
            f"{found} lie in 0-1 so far, but the file ends in no Sigmoid, so they may be either. "
            f"Say which: {spelt('logits')} or {spelt('probabilities')}."
        )
    low, high = wide.sum(axis=1).min(), wide.sum(axis=1).max()
    return (
        f"{found} lie in 0-1, but rows sum to {low:.4g} up to {high:.4g}, so they may be either. "
        f"Say which: {spelt('logits')} or {spelt('probabilities')}."
    )


def _what(file: OnnxFile, output: Port) -> str:
    return f"{file.path}: its scores {output.name!r}"


def _named(classes: tuple[str, ...]) -> str:
    return f", or {', '.join(classes[:10])}" if classes else ""


def _of_one(flag: str) -> str:
    return (
        "If the files differ in this, say it of one: "
        f"{spelt('baseline-with')} or {spelt('candidate-with')} '{flag}'."
    )


def other_outputs(file: OnnxFile, output: Port) -> str:
    """Say what to do about an output that holds no row of scores for each picture."""
    others = [port for port in file.outputs if port.name != output.name]
    names = [port.name for port in others if port.kind in KINDS]
    if not names:
        return f"Export it so, or {TABLE_INSTEAD}."
    return f"Name another output ({spelt('output')} {' or '.join(names)}), or {TABLE_INSTEAD}."
