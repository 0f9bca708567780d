"""The door for image files: which formats are opened, how large, and what the others are called.

Pillow knows some forty formats; one of them (EPS) starts a program on the file, others have
readers that few people test. Here six are opened, told by content and never by name.
"""

import io
import warnings

from PIL import Image, UnidentifiedImageError

from faircompress.support.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
SPOKEN = "PNG, JPEG, WebP, BMP, TIFF and GIF"
OPENED_AS = (*FORMATS, "MPO")  # what Pillow calls a JPEG with more pictures behind it
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib",
            ".tif", ".tiff", ".gif")  # fmt: skip
CLOSED_SUFFIXES = (  # of pictures in formats that are not opened, which is told of each
    ".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".j2k", ".jpx", ".svg", ".ppm", ".pgm",
    ".pbm", ".pnm", ".tga", ".ico", ".psd", ".eps", ".exr", ".dcm", ".dng", ".cr2", ".cr3", ".nef",
    ".arw", ".raf", ".orf", ".rw2",
)  # fmt: skip
PICTURES = (*SUFFIXES, *CLOSED_SUFFIXES)
MAX_PIXELS = 80_000_000  # of one picture, such as 8,000 x 10,000; 240 MB in memory
# Pillow warns a little above that; its sentence, which names no file, becomes ours
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

STARTS = {
    "EPS": (b"%!PS", b"\xc5\xd0\xd3\xc6"),
    "PDF": (b"%PDF",),
    "PSD": (b"8BPS",),
    "ICO": (b"\0\0\1\0",),
    "JPEG 2000": (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
    "JPEG XL": (b"\xff\x0a", b"\0\0\0\x0cJXL "),
    "WMF or EMF": (b"\xd7\xcd\xc6\x9a", b"\1\0\0\0"),
    "PPM": tuple(f"P{kind}".encode() for kind in "1234567fFyx"),
    "OpenEXR": (b"v/1\1",),
    "FITS": (b"SIMPLE",),
    "HDF5": (b"\x89HDF",),
    "NumPy": (b"\x93NUMPY",),
    "QOI": (b"qoif",),
    "DDS": (b"DDS ",),
    "ZIP": (b"PK\3\4",),
    "gzip": (b"\x1f\x8b",),
    "Git LFS's pointer to a file": (b"version https://git-lfs",),
    "SVG": (b"<svg",),
    "HTML": (b"<!doctype html", b"<html", b"<head", b"<body"),
    "XML, SVG or HTML": (b"<",),
    "JSON": (b"{", b"["),
}
BRANDS = {  # of which a file may have several; mif1 and msf1 are those of all HEIF
    "AVIF": (b"avif", b"avis"),
    "HEIC": (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"),
    "a raw photo of a camera": (b"crx ",),
}
PAPER = ("PDF", "ZIP", "gzip", "Git LFS's pointer to a file", "HTML", "JSON")  # nothing to convert
CURE = f"; opened are {SPOKEN}"
CONVERT = f"{CURE}: convert it, for instance by ImageMagick's magick OLD NEW.png"


class Undecodable(InputError):
    """The bytes are no picture, or a kind of picture that has no clear RGB form."""


def opened(encoded: bytes) -> Image.Image:
    """Return an image file's picture, its pixels not decoded yet.

    Raises:
        Undecodable: If it is of no format that is opened, or has more than ``MAX_PIXELS`` pixels.
    """
    try:
        picture = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except UnidentifiedImageError:
        raise Undecodable(f"it is {kind(encoded)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Undecodable(f"it has more than {MAX_PIXELS:,} pixels, which is the most") from None
    check(picture)
    return picture


def check(picture: Image.Image) -> None:
    """Refuse a picture, by its header, that is too large or was opened as another format.

    Raises:
        Undecodable: Naming the format or the size.
    """
    if picture.format is not None and picture.format not in OPENED_AS:
        raise Undecodable(f"it is {picture.format}; opened are {SPOKEN}")
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise Undecodable(
            f"it is {height:,} x {width:,}, which is {width * height:,} pixels; at most "
            f"{MAX_PIXELS:,} are opened"
        )


def kind(encoded: bytes) -> str:
    """Say in words what bytes are that are no picture of ours, as far as their start tells."""
    if not encoded:
        return f"an empty file{CURE}"
    start = encoded[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = start.lower()
    for name, starts in STARTS.items():
        if any(lower.startswith(each.lower()) for each in starts):
            return f"{name}, not a picture format that is read{_cure(name)}"
    if encoded[4:8] == b"ftyp":
        brand = _brand(encoded)
        return f"{brand}, not a picture format that is read{_cure(brand)}"
    if encoded[128:132] == b"DICM":
        return f"DICOM, not a picture format that is read{_cure('DICOM')}"
    if not encoded.strip(b"\0"):
        return f"a file of nothing but zeros{CURE}"
    return f"no picture, or one whose header is broken{CURE}"


def _brand(encoded: bytes) -> str:
    """Return which of the formats in boxes, as of MP4, a file has."""
    end = min(int.from_bytes(encoded[:4], "big"), 256)
    brands = [encoded[at : at + 4] for at in (8, *range(16, end, 4))]
    return next((name for name, of in BRANDS.items() if {*brands} & {*of}), "a video")


def _cure(name: str) -> str:
    return CURE if name in PAPER or name == "a video" else CONVERT
