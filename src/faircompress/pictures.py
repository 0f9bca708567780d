"""Raw pictures of any kind made alike: upright, RGB, 8 bit, resized, cropped.

Training sees what this file makes of a picture. Whoever holds raw pictures in front of the
exported model calls ``prepare`` with the same three choices, and the model sees the same pixels.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]
Size = int | Sequence[int] | None
Resampler = Literal["bilinear", "bicubic", "lanczos", "box"]

RESAMPLERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}
_BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError, KeyError,
    IndexError, TypeError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises on broken files; the formats do not agree on one exception."""


class Undecodable(ValueError):
    """The bytes are no picture, or a kind of picture that has no clear RGB form."""


class TooSmall(ValueError):
    """A crop would reach outside the picture."""


def prepare(
    picture: Image.Image | bytes | Pixels, *, resize: Size, crop: Size, resampler: Resampler
) -> Pixels:
    """Return a picture as the model is to see it.

    Args:
        picture: An image file's bytes, an opened picture, or uint8 ``(height, width, 3)``.
        resize: Shorter side, the longer one follows, or ``[height, width]``, in pixels; None: as
            it is. Shrinking averages over the pixels that fall together.
        crop: From the centre, a side or ``[height, width]``, after resizing; None: nothing.
        resampler: How pixels in between are found.

    Returns:
        uint8 ``(height, width, 3)``.

    Raises:
        Undecodable: If there is no picture in it.
        TooSmall: If the crop is larger than the resized picture.
    """
    return fit(rgb(picture)[0], resize=resize, crop=crop, resampler=resampler)


def rgb(picture: Image.Image | bytes | Pixels) -> tuple[Pixels, str]:
    """Return a picture upright as uint8 ``(height, width, 3)``, and the mode it came in.

    The rotation noted by a camera (EXIF) is applied, as every viewer applies it. Grey is repeated
    in three channels, 16 bits keep their upper 8, transparent parts lie on white, CMYK is
    converted without a colour profile, and of an animation the first frame is taken. Embedded
    colour profiles are not applied.

    Raises:
        Undecodable: If there is no picture in it, or one of floating-point numbers.
    """
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise Undecodable(
                f"an array of {picture.dtype} {picture.shape}; needed: uint8 (height, width, 3)"
            )
        return picture, "RGB"
    try:
        opened = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
        opened.load()
        return np.asarray(_flat(ImageOps.exif_transpose(opened))), opened.mode
    except Undecodable:
        raise
    except _BROKEN as error:
        raise Undecodable(_first_line(error)) from error


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


def _flat(picture: Image.Image) -> Image.Image:
    """Return a picture of any mode as RGB."""
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode == "F":
        raise Undecodable("a picture of floating-point numbers has no known range; needed: 8 bit")
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        wide = np.asarray(picture).clip(0, 65535)
        return Image.fromarray((wide >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def _first_line(error: BaseException) -> str:
    text = str(error).split(" <")[0].split("\n")[0].strip()
    return text or type(error).__name__
