"""Pictures as an ONNX file takes them: its axes, channels and numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.auditing.file_options import CHANNELS, LAYOUTS, FileOptions
from faircompress.auditing.onnx_files import TABLE_INSTEAD, OnnxFile, Port, Shape
from faircompress.auditing.spelling import spelt
from faircompress.data.pictures import Pixels, fit
from faircompress.support.errors import InputError

DTYPES: dict[str, Any] = {
    "tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}  # fmt: skip
COUNTS = {"rgb": 3, "bgr": 3, "grey": 1}
LUMA = (19595, 38470, 7471)  # of 65536: Rec. 601, as Pillow converts to grey
BYTE = 1 / 255


@dataclass(frozen=True)
class FileInput:
    """How pictures become a file's input.

    Args:
        name: Of the input.
        dtype: Of its numbers.
        layout: Order of its axes, one of ``file_options.LAYOUTS``.
        channels: One of ``file_options.CHANNELS``.
        scale: What pixels 0-255 are multiplied by; None: they are fed as they are.
        mean: Subtracted after scaling, one number or one a channel.
        std: Divided by after that, likewise.
        size: Height and width; None where any will do.
        batch: Pictures that each run takes; None: any number.
    """

    name: str
    dtype: Any
    layout: str
    channels: str
    scale: float | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: tuple[int | None, int | None]
    batch: int | None

    def tensor(self, pictures: np.ndarray) -> np.ndarray:
        """Return the input of one run.

        Args:
            pictures: uint8 ``(batch, height, width, 3)``, RGB, of the file's size; of a layout
                without N just one.
        """
        values = _coloured(pictures, self.channels)
        if self.scale is not None:
            scaled = values.astype(np.float32) * np.float32(self.scale)
            mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
            values = (scaled - mean) / std
        values = values.astype(self.dtype, copy=False)
        values = values[0] if "N" not in self.layout else values
        values = values[..., 0] if "C" not in self.layout else values
        if "C" in self.layout and not self.layout.endswith("C"):
            values = np.moveaxis(values, -1, -3)
        return np.ascontiguousarray(values)

    def __str__(self) -> str:
        """Return it as a report shows it."""
        numbers = "" if self.scale is None else f", {self._formula()}"
        order = "grey" if self.channels == "grey" else self.channels.upper()
        return f"{np.dtype(self.dtype)} {self.layout} in {self.name!r}, {order}{numbers}"

    def _formula(self) -> str:
        scale = "pixel / 255" if self.scale == BYTE else f"pixel * {self.scale:g}"
        scale = "pixel" if self.scale == 1 else scale
        if (set(self.mean), set(self.std)) == ({0.0}, {1.0}):
            return scale
        return f"({scale} - {_listed(self.mean)}) / {_listed(self.std)}"


def input_of(file: OnnxFile, options: FileOptions) -> FileInput:
    """Return how pictures become a file's input, by its shape and what is said of it.

    Raises:
        ValueError: If it takes no pictures, or what it takes can be told neither from it nor from
            the options; names the option that would tell.
    """
    taken = _single(file)
    if taken.kind not in DTYPES:
        raise InputError(
            f"{file.path} takes {taken}; needed are pictures as uint8, float32, float16 or "
            f"float64. Export it so, or {TABLE_INSTEAD}."
        )
    layout = _layout(file, taken, options)
    axis = dict(zip(layout, taken.shape, strict=True))
    channels = _channels(file, axis.get("C", 1), options)
    scale, mean, std = _numbers(file, taken, options, COUNTS[channels])
    batch = _fixed(axis.get("N", 1))
    size = _fixed(axis["H"]), _fixed(axis["W"])
    dtype = DTYPES[taken.kind]
    return FileInput(taken.name, dtype, layout, channels, scale, mean, std, size, batch)


def sized(pixels: Pixels, options: FileOptions) -> Pixels:
    """Return a picture in the size in which a file is asked about it."""
    resampler = options.resampler or "bilinear"
    return fit(pixels, resize=options.resize, crop=options.crop, resampler=resampler)


def check_size(
    file: OnnxFile, file_input: FileInput, shape: tuple[int, ...], options: FileOptions
) -> None:
    """Refuse pictures of a size that a file does not take.

    Raises:
        ValueError: Naming both sizes and what would make them equal.
    """
    height, width = (side or own for side, own in zip(file_input.size, shape[:2], strict=True))
    if (height, width) == shape[:2]:
        return
    asked = options.resize or options.crop
    raise InputError(
        f"{file.path} cannot be asked about pictures of shape {shape}: it takes {height} x "
        f"{width}. "
        + (f"Correct {spelt('resize')} and {spelt('crop')}." if asked else _resizing(height, width))
    )


def _resizing(height: int, width: int) -> str:
    return (
        f"Say how they are made so where it is used: {spelt('resize')} {height}x{width}, or a "
        f"shorter side with {spelt('crop')} {height}x{width}."
    )


def _single(file: OnnxFile) -> Port:
    if len(file.inputs) != 1:
        raise InputError(
            f"{file.path} takes {len(file.inputs)} inputs: {', '.join(map(str, file.inputs))}; "
            f"needed is one, the pictures. Export it so, or {TABLE_INSTEAD}."
        )
    return file.inputs[0]


def _fixed(side: int | str | None) -> int | None:
    return side if isinstance(side, int) and side > 0 else None


def _layout(file: OnnxFile, taken: Port, options: FileOptions) -> str:
    """Return the order of the axes, as the shape or an option tells it."""
    fitting = [one for one in LAYOUTS if _fits(one, taken.shape)]
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
            f"{spelt('mean')} {_listed(mean)} and {spelt('std')} {_listed(std)} do not tell which "
            f"pixels they are of. Say so: {spelt('scale')} 1 (0-255) or {spelt('scale')} 1/255 "
            "(0-1)."
        )
    return options.scale or BYTE, mean, std


def _listed(numbers: tuple[float, ...]) -> str:
    return ",".join(f"{one:g}" for one in numbers)


def _of_one(key: str) -> str:
    """Say how an option is given for one of the two files."""
    return (
        f"Leave it out; if it is meant for the other file alone: {spelt('baseline-with')} or "
        f"{spelt('candidate-with')} '{key}=...'."
    )


def _coloured(pictures: np.ndarray, channels: str) -> np.ndarray:
    if channels == "rgb":
        return pictures
    if channels == "bgr":
        return pictures[..., ::-1]
    parts = pictures.astype(np.uint32) @ np.array(LUMA, np.uint32)
    return ((parts + 2**15) >> 16).astype(np.uint8)[..., None]
