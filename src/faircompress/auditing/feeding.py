"""Pictures as an ONNX file takes them: its axes, channels and numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.onnx_files import OnnxFile
from faircompress.auditing.other_inputs import Constant
from faircompress.auditing.spelling import spelt
from faircompress.data.pictures import Pixels, fit
from faircompress.support.errors import InputError

DTYPES: dict[str, Any] = {
    "tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16,
    "tensor(double)": np.float64, "tensor(int8)": np.int8, "tensor(int16)": np.int16,
    "tensor(uint16)": np.uint16, "tensor(int32)": np.int32, "tensor(uint32)": np.uint32,
    "tensor(int64)": np.int64, "tensor(uint64)": np.uint64,
}  # fmt: skip
COUNTS = {"rgb": 3, "bgr": 3, "grey": 1}
FLAT = ("flat-HWC", "flat-CHW")
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
        constants: What the file's other inputs get.
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
    constants: tuple[Constant, ...] = ()

    def inputs(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Return everything that the file takes in one run."""
        others = {one.name: one.of(len(pictures)) for one in self.constants}
        given = {name: values for name, values in others.items() if values is not None}
        return {self.name: self.tensor(pictures), **given}

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
        if self.scale is not None and np.issubdtype(self.dtype, np.integer):
            bounds = np.iinfo(self.dtype)
            values = np.rint(values).clip(bounds.min, min(bounds.max, 2**31 - 1))
        values = values.astype(self.dtype, copy=False)
        if "C" in self.layout and not self.layout.endswith("C"):
            values = np.moveaxis(values, -1, 1)
        if self.layout in FLAT:
            return np.ascontiguousarray(values.reshape(len(values), -1))
        values = values[0] if "N" not in self.layout else values
        values = values[..., 0] if "C" not in self.layout else values
        return np.ascontiguousarray(values)

    def __str__(self) -> str:
        """Return it as a report shows it."""
        numbers = "" if self.scale is None else f", {self._formula()}"
        order = "grey" if self.channels == "grey" else self.channels.upper()
        others = f", with {'; '.join(map(str, self.constants))}" if self.constants else ""
        return f"{np.dtype(self.dtype)} {self.layout} in {self.name!r}, {order}{numbers}{others}"

    def _formula(self) -> str:
        scale = "pixel / 255" if self.scale == BYTE else f"pixel * {self.scale:g}"
        scale = "pixel" if self.scale == 1 else scale
        if (set(self.mean), set(self.std)) == ({0.0}, {1.0}):
            return scale
        return f"({scale} - {listed(self.mean)}) / {listed(self.std)}"


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


def listed(numbers: tuple[float, ...]) -> str:
    """Return numbers as they are typed."""
    return ",".join(f"{one:g}" for one in numbers)


def _coloured(pictures: np.ndarray, channels: str) -> np.ndarray:
    if channels == "rgb":
        return pictures
    if channels == "bgr":
        return pictures[..., ::-1]
    parts = pictures.astype(np.uint32) @ np.array(LUMA, np.uint32)
    return ((parts + 2**15) >> 16).astype(np.uint8)[..., None]
