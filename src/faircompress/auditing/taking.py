"""How an ONNX file takes pictures, told by its shape and by what is said of it."""

from dataclasses import replace

from faircompress.auditing.feeding import BYTE, COUNTS, DTYPES, FLAT, FileInput, listed
from faircompress.auditing.file_options import CHANNELS, LAYOUTS, FileOptions
from faircompress.auditing.onnx_files import TABLE_INSTEAD, OnnxFile, Port, Shape
from faircompress.auditing.other_inputs import constants_of, pictures_input
from faircompress.auditing.spelling import spelt
from faircompress.support.errors import InputError

AXES = tuple(one for one in LAYOUTS if one not in FLAT)
FEWEST_STEPS = 16  # of whole numbers that pixels become; with fewer no picture is left


def input_of(file: OnnxFile, options: FileOptions, picture: tuple[int, ...]) -> FileInput:
    """Return how pictures become a file's input, by its shape and what is said of it.

    Args:
        file: The file.
        options: What is said of it.
        picture: Height and width of a picture as it is asked about.

    Raises:
        ValueError: If it takes no pictures, or what it takes can be told neither from it nor from
            the options; names the option that would tell.
    """
    taken = pictures_input(file, options)
    if taken.kind not in DTYPES:
        raise InputError(
            f"{file.path} takes {taken}; needed are pictures as whole numbers, float32, float16 "
            f"or float64. Export it so, or {TABLE_INSTEAD}."
        )
    taken = _with_axes(file, taken, options)
    layout, count = _layout(file, taken, options, picture)
    axis = dict(zip("NF" if layout in FLAT else layout, taken.shape, strict=True))
    channels = _channels(file, count, options)
    scale, mean, std = _numbers(file, taken, options, COUNTS[channels])
    batch = _fixed(axis.get("N", 1))
    size = _fixed(axis.get("H")), _fixed(axis.get("W"))
    dtype, constants = DTYPES[taken.kind], constants_of(file, options, batch)
    return FileInput(taken.name, dtype, layout, channels, scale, mean, std, size, batch, constants)


def _with_axes(file: OnnxFile, taken: Port, options: FileOptions) -> Port:
    """Return an input with as many axes as its layout has, where the file declares none."""
    if taken.shape:
        return taken
    if options.layout is None:
        raise InputError(
            f"{file.path} takes {taken.name!r} {taken.kind} without a shape; name its axes and "
            f"channels: {spelt('layout')} {' or '.join(LAYOUTS)} (N pictures, C channels), "
            f"{spelt('channels')} {' or '.join(CHANNELS)}."
        )
    axes = 2 if options.layout in FLAT else len(options.layout)
    return replace(taken, shape=(None,) * axes)


def _fixed(side: int | str | None) -> int | None:
    return side if isinstance(side, int) and side > 0 else None


def _layout(
    file: OnnxFile, taken: Port, options: FileOptions, picture: tuple[int, ...]
) -> tuple[str, int | str | None]:
    """Return the order of axes, and how many channels there are as far as they are fixed."""
    if len(taken.shape) == 2:
        return _flat(file, taken, options, picture)
    layout = _of_axes(file, taken, options)
    return layout, dict(zip(layout, taken.shape, strict=True)).get("C", 1)


def _flat(
    file: OnnxFile, taken: Port, options: FileOptions, picture: tuple[int, ...]
) -> tuple[str, int | None]:
    """Tell channels by how many numbers a picture is; of one channel both orders are the same."""
    area, numbers = picture[0] * picture[1], _fixed(taken.shape[1])
    if numbers is not None and numbers not in (area, 3 * area):
        raise InputError(
            f"{file.path} takes {taken}: rows of {numbers:,} numbers, but a picture of "
            f"{picture[0]} x {picture[1]} has {area:,} (grey) or {3 * area:,}. If the rows are "
            f"pixels, say of which size: {spelt('resize')}; else {TABLE_INSTEAD}."
        )
    count = None if numbers is None else numbers // area
    if options.layout not in (None, *FLAT):
        raise InputError(
            f"{spelt('layout')} {options.layout}, but {file.path} takes {taken}; it can be "
            f"{' or '.join(FLAT)}. {_of_one('layout')}"
        )
    if options.layout is None and count != 1 and options.channels != "grey":
        raise InputError(
            f"{file.path} takes {taken}: each picture is one row of numbers. Say in which order: "
            f"{spelt('layout')} flat-HWC (the channels of a pixel together) or flat-CHW (one "
            "channel after the other)."
        )
    return options.layout or FLAT[0], count


def _of_axes(file: OnnxFile, taken: Port, options: FileOptions) -> str:
    """Return the order of the axes, as the shape or an option tells it."""
    fitting = [one for one in AXES if _fits(one, taken.shape)]
    if not fitting:
        raise InputError(
            f"{file.path} takes {taken}; needed are pictures of 1 or 3 channels, such as (batch, "
            f"3, height, width). Export it so, or {TABLE_INSTEAD}."
        )
    if options.layout is not None:
        if options.layout not in fitting:
            raise InputError(
                f"{spelt('layout')} {options.layout}, but {file.path} takes {taken}; "
                f"it can be {' or '.join(fitting)}. {_of_one('layout')}"
            )
        return options.layout
    sure = [one for one in fitting if _certain(one, taken.shape)]
    if len(sure) != 1:
        raise InputError(
            f"{file.path} takes {taken}, which does not tell its axes; name them: "
            f"{spelt('layout')} {' or '.join(fitting)} (N pictures, C channels)."
        )
    return sure[0]


def _fits(layout: str, shape: Shape) -> bool:
    if len(layout) != len(shape):
        return False
    channels = dict(zip(layout, shape, strict=True)).get("C", 1)
    return _fixed(channels) is None or channels in COUNTS.values()


def _certain(layout: str, shape: Shape) -> bool:
    """Tell whether a layout's channels are where the shape has 1 or 3, and nowhere else may be."""
    if layout in ("NHW", "CHW"):  # (3, 28, 28) are also three grey pictures
        return False
    if layout == "HWC" and shape[0] in COUNTS.values():
        return False
    return _fixed(dict(zip(layout, shape, strict=True))["C"]) is not None


def _channels(file: OnnxFile, count: int | str | None, options: FileOptions) -> str:
    number = _fixed(count)
    if number is None and options.channels is None:
        raise InputError(
            f"{file.path} does not say how many channels it takes; name them: {spelt('channels')} "
            f"{' or '.join(CHANNELS)}."
        )
    if options.channels is None:
        return "grey" if number == 1 else "rgb"
    if number not in (None, COUNTS[options.channels]):
        raise InputError(
            f"{spelt('channels')} {options.channels}, but {file.path} takes {number} channels. "
            + _of_one("channels")
        )
    return options.channels


def _numbers(
    file: OnnxFile, taken: Port, options: FileOptions, channels: int
) -> tuple[float | None, tuple[float, ...], tuple[float, ...]]:
    """Return scale, mean and std; of a file that takes bytes there are none."""
    given = [key for key in ("scale", "mean", "std") if getattr(options, key) is not None]
    if taken.kind == "tensor(uint8)":
        if given:
            raise InputError(
                f"{spelt(given[0])}, but {file.path} takes uint8, so it normalises pixels itself. "
                + _of_one(given[0])
            )
        return None, (0.0,), (1.0,)
    if not given:
        raise InputError(
            f"{file.path} takes {taken}: nobody can see what it was trained to get. Say what "
            f"pixels 0-255 become: {spelt('scale')} 1 (nothing), {spelt('scale')} 1/255 (0 to 1), "
            f"and {spelt('mean')} and {spelt('std')} if they are normalised after that."
        )
    mean, std = options.mean or (0.0,), options.std or (1.0,)
    for key, many in (("mean", mean), ("std", std)):
        if len(many) not in (1, channels):
            raise InputError(
                f"{spelt(key)} holds {len(many)} numbers; {file.path} takes {channels} channels. "
                "Give one number, or one a channel."
            )
    beyond = max(*map(abs, mean), *std) > 1
    if options.scale is None and (beyond or (set(mean), set(std)) == ({0.0}, {1.0})):
        raise InputError(
            f"{spelt('mean')} {listed(mean)} and {spelt('std')} {listed(std)} do not tell which "
            f"pixels they are of. Say so: {spelt('scale')} 1 (0-255) or {spelt('scale')} 1/255 "
            "(0-1)."
        )
    scale = options.scale or BYTE
    if "int" in taken.kind and (steps := 255 * scale / max(std)) < FEWEST_STEPS:
        raise InputError(
            f"{file.path} takes {taken}: in whole numbers, pixels 0-255 would become "
            f"{round(steps) + 1} steps. Give {spelt('scale')} 1, or what the file was trained on."
        )
    return scale, mean, std


def _of_one(key: str) -> str:
    """Say how an option is given for one of the two files."""
    return (
        f"Leave it out; if it is meant for the other file alone: {spelt('baseline-with')} or "
        f"{spelt('candidate-with')} '{key}=...'."
    )
