"""Raw pictures of any kind made alike: upright, RGB, 8 bit, resized, cropped.

Training sees what this file makes of a picture. Whoever holds raw pictures in front of the
exported model calls ``prepare`` with the same three choices, and the model sees the same pixels.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from faircompress.data import picture_files
from faircompress.data.picture_files import Undecodable as Undecodable
from faircompress.support.errors import InputError

Pixels = NDArray[np.uint8]
Size = int | Sequence[int] | None
Levels = Sequence[float] | None
Transparent = Literal["white", "black"]
Exif = Literal["turn", "ignore"]
Resampler = Literal["bilinear", "bicubic", "lanczos", "box"]

RESAMPLERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}
FEW_BITS = 12  # of 16; a picture of no more is at most a sixteenth as bright as white
BITS_PER_SAMPLE, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # of TIFF
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError, KeyError,
    IndexError, TypeError, AssertionError, MemoryError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises on broken files; the formats do not agree on one exception."""


class TooSmall(InputError):
    """A crop would reach outside the picture."""


@dataclass(frozen=True)
class Looked:
    """A picture as everybody here sees it.

    Args:
        pixels: uint8 ``(height, width, 3)``, upright.
        mode: Colour mode it came in.
        bits: Of 16 bits a channel (or 32 that hold 16), how many the largest value takes; None: it
            has fewer, or somebody said which value is white.
        several: Its file holds more pictures, of which this is the first; those that cameras
            hide behind a JPEG do not count.
    """

    pixels: Pixels
    mode: str
    bits: int | None = None
    several: bool = False


def prepare(
    picture: Image.Image | bytes | Pixels,
    *,
    resize: Size,
    crop: Size,
    resampler: Resampler,
    levels: Levels = None,
    transparent: Transparent = "white",
    exif: Exif = "turn",
) -> Pixels:
    """Return a picture as the model is to see it.

    Args:
        picture: An image file's bytes, an opened picture, or uint8 ``(height, width, 3)``.
        resize: Shorter side, the longer one follows, or ``[height, width]``, in pixels; None: as
            it is. Shrinking averages over the pixels that fall together.
        crop: From the centre, a side or ``[height, width]``, after resizing; None: nothing.
        resampler: How pixels in between are found.
        levels: Of grey pictures with more than 8 bits, the values that are black and white.
        transparent: What transparent parts lie on.
        exif: What is done with the rotation that a camera noted.

    Returns:
        uint8 ``(height, width, 3)``.

    Raises:
        Undecodable: If there is no picture in it.
        TooSmall: If the crop is larger than the resized picture.
    """
    looked = look(picture, levels=levels, transparent=transparent, exif=exif)
    return fit(looked.pixels, resize=resize, crop=crop, resampler=resampler)


def rgb(picture: Image.Image | bytes | Pixels) -> tuple[Pixels, str]:
    """Return a picture upright as uint8 ``(height, width, 3)``, and its mode; see ``look``."""
    looked = look(picture)
    return looked.pixels, looked.mode


def look(
    picture: Image.Image | bytes | Pixels, *, levels: Levels = None,
    transparent: Transparent = "white", exif: Exif = "turn",
) -> Looked:  # fmt: skip
    """Return a picture upright as uint8 RGB: the one reader of the chain and of the audit.

    The rotation noted by a camera (EXIF) is applied, as every viewer applies it. Grey is repeated
    in three channels, 16 bits keep their upper 8 unless levels say otherwise, transparent parts
    lie on white, CMYK is converted without a colour profile, and of several pictures in a file
    the first is taken. Embedded colour profiles are not applied.

    Args:
        picture: An image file's bytes, an opened picture, or uint8 ``(height, width, 3)``.
        levels: Of grey pictures with more than 8 bits, the values that are black and white; what
            is beyond is clipped. None: 0 and 65535.
        transparent: What transparent parts lie on.
        exif: ``ignore`` leaves a picture as it lies in its file.

    Raises:
        Undecodable: If there is no picture in it, it is of a format or size that is not opened
            (``picture_files.py``), or of numbers without a known range.
    """
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise Undecodable(
                f"an array of {picture.dtype} {picture.shape}; needed: uint8 (height, width, 3)"
            )
        return Looked(picture, "RGB")
    try:
        if isinstance(picture, bytes):
            opened = picture_files.opened(picture)
            deep, several = _has_16_bits(opened), _holds_several(opened)
            if exif == "turn":
                ImageOps.exif_transpose(opened, in_place=True)
            return replace(_flat(opened, deep, levels, transparent), several=several)
        picture_files.check(picture)
        deep = _has_16_bits(picture)
        upright = ImageOps.exif_transpose(picture) if exif == "turn" else picture
        return _flat(upright, deep, levels, transparent)
    except Undecodable:
        raise
    except _BROKEN as error:
        raise Undecodable(_first_line(error)) from error


def nearly_black(bits: Sequence[int | None]) -> list[bool]:
    """Tell which pictures were written with 16 bits and use too few of them to be seen.

    Those of ``FEW_BITS`` are dark whatever the others are. If no picture reaches the upper half
    of 16 bits, white was another value in all of them.

    Args:
        bits: As ``Looked`` has them, of all pictures of a data set.
    """
    deep = [count for count in bits if count is not None]
    few = 15 if max(deep, default=16) < 16 else FEW_BITS
    return [count is not None and count <= few for count in bits]


def blank(pixels: Pixels) -> bool:
    """Tell whether a picture shows nothing: no channel has two values, noise of 1 aside."""
    flat = pixels.reshape(-1, 3)
    return bool((flat.max(axis=0).astype(int) - flat.min(axis=0) <= 1).all())


def fit(pixels: Pixels, *, resize: Size, crop: Size, resampler: Resampler) -> Pixels:
    """Return RGB pixels resized, then cropped from the centre; see ``prepare``."""
    height, width = resized(pixels.shape[:2], resize)
    if (height, width) != pixels.shape[:2]:
        picture = Image.fromarray(pixels)
        pixels = np.asarray(picture.resize((width, height), RESAMPLERS[resampler]))
    if crop is None:
        return pixels
    cut_height, cut_width = (crop, crop) if isinstance(crop, int) else crop
    if cut_height > height or cut_width > width:
        raise TooSmall(f"{height} x {width} before a crop to {cut_height} x {cut_width}")
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    return pixels[top : top + cut_height, left : left + cut_width]


def resized(size: Sequence[int], resize: Size) -> tuple[int, int]:
    """Return the height and width that a picture of ``size`` gets by ``resize``."""
    height, width = size
    if resize is None:
        return height, width
    if not isinstance(resize, int):
        return resize[0], resize[1]
    shorter = min(height, width)
    return max(resize, resize * height // shorter), max(resize, resize * width // shorter)


def _has_16_bits(picture: Image.Image) -> bool:
    """Tell whether a file has 16 bits a channel; to be asked before its pixels are decoded."""
    if picture.format not in ("PNG", "TIFF"):
        return False
    return any(";16" in str(tile[3]) for tile in getattr(picture, "tile", ()))


def _holds_several(picture: Image.Image) -> bool:
    return picture.format != "MPO" and bool(getattr(picture, "is_animated", False))


def _flat(picture: Image.Image, deep: bool, levels: Levels, transparent: Transparent) -> Looked:
    """Return a picture of any mode as RGB."""
    mode = picture.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return _of_numbers(picture, levels, transparent)
    if deep and levels is not None:
        raise Undecodable("16-bit colour cannot be brought to data.levels; write it with 8 bits")
    bits = _used(picture) if deep else None
    clear = picture.info.get("transparency")
    if deep and isinstance(clear, tuple):  # given in 16 bits, of which Pillow kept the upper 8
        picture.info["transparency"] = tuple(value >> 8 for value in clear)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        under = Image.new("RGBA", layer.size, transparent)
        return Looked(np.asarray(Image.alpha_composite(under, layer).convert("RGB")), mode, bits)
    return Looked(np.asarray(picture if mode == "RGB" else picture.convert("RGB")), mode, bits)


def _used(picture: Image.Image) -> int:
    """Return the bits that 16-bit colours use, of which Pillow kept the upper 8."""
    colours = np.asarray(picture).reshape(*picture.size[::-1], -1)
    return 8 + int(colours[..., : 3 if picture.mode.startswith("RGB") else 1].max()).bit_length()


def _of_numbers(picture: Image.Image, levels: Levels, transparent: Transparent) -> Looked:
    """Return a picture of numbers wider than 8 bits as RGB."""
    values: NDArray[Any] = np.asarray(picture)
    low, high = float(values.min()), float(values.max())
    tags = getattr(picture, "tag_v2", {})
    depth = tags.get(BITS_PER_SAMPLE, (16,))[0]
    deep = picture.mode != "F" and depth >= 16  # 32 bits that hold 16 are judged as 16
    bits = int(high).bit_length() if levels is None and deep else None
    if levels is None:
        if picture.mode == "F" or low < 0 or high > 65535:
            raise Undecodable(
                f"its values go from {low:g} to {high:g}, of which nobody said what is black and "
                "white; set data.levels, or write 8 bits"
            )
        grey = (values.astype(np.uint32) >> (depth - 8 if depth == 12 else 8)).astype(np.uint8)
    else:
        if not np.isfinite(low + high):
            raise Undecodable("some of its values are no finite numbers")
        black, white = levels
        shares = (values.astype(np.float64) - black) / (white - black)
        grey = np.rint(shares.clip(0, 1) * 255).astype(np.uint8)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        grey = 255 - grey
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        grey = np.where(values == clear, np.uint8(255 if transparent == "white" else 0), grey)
    return Looked(np.repeat(grey[:, :, None], 3, axis=2), picture.mode, bits)


def _first_line(error: BaseException) -> str:
    text = str(error).split(" <")[0].split("\n")[0].strip()
    return text or type(error).__name__
