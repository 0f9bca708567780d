"""A file of several inputs: which one takes the pictures, and what the others get."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.onnx_files import TABLE_INSTEAD, OnnxFile, Port
from faircompress.auditing.spelling import spelt
from faircompress.support.errors import InputError

NUMBERS: dict[str, Any] = {
    "float": np.float32, "float16": np.float16, "double": np.float64, "bool": np.bool_,
    **{name: getattr(np, name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16",
                                            "uint32", "uint64")},
}  # fmt: skip
SHOWN = 4  # numbers of a value that a report lists


@dataclass(frozen=True, eq=False)
class Constant:
    """What an input other than the pictures' gets in each run.

    Args:
        name: Of the input.
        values: For one picture if ``by_picture``, else of the whole run; None: it is left out.
        by_picture: Is there an axis of pictures before those of ``values``?
    """

    name: str
    values: np.ndarray | None
    by_picture: bool

    def of(self, pictures: int) -> np.ndarray | None:
        """Return it for a run of so many pictures."""
        if self.values is None or not self.by_picture:
            return self.values
        return np.repeat(self.values[None], pictures, axis=0)

    def __str__(self) -> str:
        """Return it as a report shows it."""
        if self.values is None:
            return f"{self.name} left out"
        values = self.values.ravel()
        if values.size and (values == values[0]).all():
            return f"{self.name} = {values[0]}"
        first = ", ".join(map(str, values[:SHOWN]))
        return f"{self.name} = {first}{', ...' if values.size > SHOWN else ''}"


def pictures_input(file: OnnxFile, options: FileOptions) -> Port:
    """Return the input that takes the pictures: the one that gets no constant.

    Raises:
        ValueError: If an option names no input of the file, or several are left; says which.
    """
    if not file.inputs:
        raise InputError(
            f"{file.path} takes no input, so it gives the same whatever it is asked about; needed "
            "is one for the pictures. Export it so."
        )
    by_name = {port.name: port for port in (*file.inputs, *file.defaults)}
    constants = options.constant or {}
    for option, names in (("input", [options.input]), ("constant", list(constants))):
        for name in names:
            if name is not None and name not in by_name:
                raise InputError(
                    f"{spelt(option)}: {file.path} has no input {name!r}; it takes {_listed(file)}."
                )
    left = [
        port for port in file.inputs
        if port.name not in constants and (not port.optional or port.name == options.input)
    ]  # fmt: skip
    if options.input is not None and options.input in constants:
        raise InputError(f"{spelt('input')} and {spelt('constant')} both name {options.input!r}.")
    if len(left) == 1:
        return left[0]
    if not left:
        raise InputError(
            f"{spelt('constant')}: every input of {file.path} gets one; the pictures need an input."
        )
    odd = [port for port in left if _number(port) is None]
    if odd:
        raise InputError(
            f"{file.path} takes {odd[0]}, to which nothing can be given here but numbers; "
            f"{TABLE_INSTEAD}."
        )
    others = [port.name for port in left if port.name != options.input]
    named = "" if options.input else f"Name the one for the pictures: {spelt('input')} NAME. "
    raise InputError(
        f"{file.path} takes {len(file.inputs)} inputs: {_listed(file)}. {named}Give each other one "
        f"its value, the same for every picture: {spelt('constant')} {others[-1]}=0 (or numbers by "
        f"commas, or a .npy file). If it takes no pictures, or if values differ from picture to "
        f"picture, {TABLE_INSTEAD}."
    )


def constants_of(file: OnnxFile, options: FileOptions, batch: int | None) -> tuple[Constant, ...]:
    """Return what the other inputs get, in their shape and type.

    Args:
        file: The file.
        options: What is said of it.
        batch: Pictures that each run takes; None: any number.

    Raises:
        ValueError: If a value does not fit its input.
    """
    by_name = {port.name: port for port in (*file.inputs, *file.defaults)}
    given = options.constant or {}
    empty = [p.name for p in file.inputs if p.optional and p.name not in (*given, options.input)]
    return (
        *(_constant(file, by_name[name], values, batch) for name, values in given.items()),
        *(Constant(name, None, False) for name in empty),
    )


def _number(port: Port) -> Any:
    """Return the type of the numbers that an input takes; None if it takes others."""
    kind = port.kind.removeprefix("optional(") if port.optional else port.kind
    return NUMBERS.get(kind.removeprefix("tensor(").rstrip(")"))


def _constant(file: OnnxFile, port: Port, values: np.ndarray, batch: int | None) -> Constant:
    kind = _number(port)
    if kind is None:
        raise InputError(
            f"{file.path} takes {port}, which is given no constant here; {TABLE_INSTEAD}."
        )
    if not port.declared and values.ndim:
        port = replace(port, shape=(None,) * (values.ndim + (values.ndim < 2 or len(values) > 1)))
    first = port.shape[0] if port.shape else 1
    by_picture = not isinstance(first, int) or first < 1 or (first == batch and first > 1)
    shape = port.shape[1:] if by_picture else port.shape
    typed = values.astype(kind)
    if not np.array_equal(typed.astype(np.float64), values.astype(np.float64)) and (
        kind not in (np.float16, np.float32)
    ):
        raise InputError(
            f"{spelt('constant')} {port.name}: {file.path} takes {port}, so the value must be of "
            "its type."
        )
    return Constant(port.name, _shaped(file, port, typed, shape), by_picture)


def _shaped(file: OnnxFile, port: Port, values: np.ndarray, shape: tuple[Any, ...]) -> np.ndarray:
    """Return values in the shape of an input; a single number fills it."""
    fixed = all(isinstance(side, int) and side > 0 for side in shape)
    if values.ndim == len(shape) + 1 and len(values) == 1:  # saved with an axis of one picture
        values = values[0]
    fits = values.ndim == len(shape) and all(
        not isinstance(side, int) or side == found
        for side, found in zip(shape, values.shape, strict=True)
    )
    if fits:
        return values
    if fixed and values.size == 1:
        return np.full(shape, values.ravel()[0])
    if fixed and values.ndim == 1 and values.size == np.prod(shape):
        return values.reshape(shape)
    raise InputError(
        f"{spelt('constant')} {port.name}: {file.path} takes {port}; a value of shape "
        f"{values.shape} does not fit one picture. Give "
        + ("one number for all, " if fixed else "")
        + "all its numbers by commas, or a .npy file of that shape."
    )


def _listed(file: OnnxFile) -> str:
    return ", ".join(
        [*map(str, file.inputs), *(f"{port}, with a default" for port in file.defaults)]
    )
