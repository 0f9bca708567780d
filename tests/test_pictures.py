import io
import random
import struct
import subprocess
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from faircompress.auditing.picture_columns import first_picture
from faircompress.auditing.tables import Table
from faircompress.data import picture_files
from faircompress.data.dataset import decode
from faircompress.data.ingest import look_at
from faircompress.data.pictures import TooSmall, Undecodable, look, prepare, resized, rgb
from faircompress.data.sources import RawData

AS_IS = {"resize": None, "crop": None, "resampler": "bilinear"}
RED = np.full((4, 6, 3), (200, 30, 10), np.uint8)


def file_of(picture: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def test_bytes_arrays_and_opened_pictures_give_the_same_pixels() -> None:
    picture = Image.fromarray(RED)
    for form in (RED, picture, file_of(picture)):
        assert np.array_equal(prepare(form, **AS_IS), RED)


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 0x8001, (128, 128, 128)),  # the upper 8 bits, not clipped at 255
        ("RGBA", (200, 30, 10, 255), (200, 30, 10)),
        ("RGBA", (200, 30, 10, 0), (255, 255, 255)),  # what is transparent lies on white
        ("LA", (77, 0), (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_each_mode_has_one_rgb_form(mode: str, colour: object, seen: tuple[int, ...]) -> None:
    pixels, found = rgb(Image.new(mode, (3, 2), colour))  # type: ignore[arg-type]
    assert found == mode
    assert pixels.shape == (2, 3, 3) and pixels.dtype == np.uint8
    assert np.all(pixels == seen)


def test_a_palette_with_a_transparent_colour_lies_on_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 30, 10, 1, 2, 3])
    picture.putdata([0, 1])
    pixels, _ = rgb(file_of(picture, transparency=1))
    assert pixels.tolist() == [[[200, 30, 10], [255, 255, 255]]]


def test_a_picture_is_turned_upright_as_its_camera_noted() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held a quarter turn to the left
    wide = np.zeros((2, 4, 3), np.uint8)
    wide[0] = 255  # the upper edge in the file is the right edge in the world
    pixels = prepare(file_of(Image.fromarray(wide), exif=exif), **AS_IS)
    assert pixels.shape == (4, 2, 3)
    assert pixels[:, 1].min() == 255 and pixels[:, 0].max() == 0


def test_one_number_sizes_the_shorter_side_and_two_size_both() -> None:
    assert resized((100, 201), 50) == (50, 100)
    assert resized((201, 100), 50) == (100, 50)
    assert resized((100, 201), [30, 40]) == (30, 40)
    assert prepare(RED, resize=2, crop=None, resampler="box").shape == (2, 3, 3)


def test_a_crop_is_taken_from_the_centre() -> None:
    counted = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7, 1).repeat(3, axis=2)
    cut = prepare(counted, resize=None, crop=[1, 3], resampler="bilinear")
    assert cut[..., 0].tolist() == [[16, 17, 18]]


def test_shrinking_averages_and_does_not_skip() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    for resampler in ("bilinear", "bicubic", "lanczos", "box"):
        small = prepare(stripes, resize=2, crop=None, resampler=resampler)
        assert small[:, :, 0].mean() == pytest.approx(100, abs=12)


def test_a_crop_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(TooSmall, match="4 x 6 before a crop to 5 x 5"):
        prepare(RED, resize=None, crop=5, resampler="bilinear")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"GIF89a",
        file_of(Image.fromarray(RED))[:50],
        file_of(Image.fromarray(RED), "JPEG")[:300],
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        Image.new("F", (2, 2)),
    ],
    ids=["empty", "cut gif", "cut png", "cut jpeg", "grey array", "float array", "float picture"],
)
def test_what_is_no_picture_is_undecodable(broken: object) -> None:
    with pytest.raises(Undecodable):
        prepare(broken, **AS_IS)  # type: ignore[arg-type]


def test_levels_say_which_values_are_black_and_white() -> None:
    grey = Image.fromarray(np.array([[0, 2048, 4095, 5000]], np.uint16))
    how = {**AS_IS, "levels": [0, 4095]}
    assert prepare(file_of(grey), **how)[0, :, 0].tolist() == [0, 128, 255, 255]
    of_floats = Image.fromarray(np.array([[-1000.0, 0.0, 1000.0]], np.float32))
    assert prepare(of_floats, **{**AS_IS, "levels": [-1000, 1000]})[0, :, 0].tolist() == [
        0,
        128,
        255,
    ]


@pytest.mark.parametrize(
    ("values", "bits"), [([0, 4095], 12), ([1, 0x0FFF + 1], 13), ([0, 65535], 16), ([0, 0], 0)]
)
def test_the_bits_that_16_bit_grey_uses_are_counted(values: list[int], bits: int) -> None:
    grey = Image.fromarray(np.array([values], np.uint16))
    assert look(file_of(grey)).bits == look(file_of(grey, "TIFF")).bits == bits
    assert look(file_of(grey), levels=[0, 10]).bits is None
    assert look(file_of(Image.fromarray(RED))).bits is None


def png(depth: int, kind: int, rows: list[bytes], *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG made by hand: Pillow writes no colour of 16 bits."""
    width = len(rows[0]) // (depth // 8 * {0: 1, 2: 3, 6: 4}[kind])
    head = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def test_16_bit_colour_keeps_its_upper_bits_and_tells_how_many_it_uses() -> None:
    dark = look(png(16, 2, [struct.pack(">3H", 4095, 300, 0)]))
    assert dark.pixels.tolist() == [[[15, 1, 0]]] and dark.bits == 12
    whole = look(png(16, 6, [struct.pack(">4H", 65535, 0x8000, 0, 65535)]))
    assert whole.pixels.tolist() == [[[255, 128, 0]]] and whole.bits == 16
    clear = png(16, 2, [struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFF00, 0, 0)],
                (b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC)))  # fmt: skip
    assert look(clear).pixels.tolist() == [[[255, 255, 255], [255, 0, 0]]]
    with pytest.raises(Undecodable, match="16-bit colour cannot be brought to data.levels"):
        look(clear, levels=[0, 4095])


def test_a_transparent_value_of_16_bit_grey_lies_on_white() -> None:
    grey = png(16, 0, [struct.pack(">2H", 0x0100, 0x4000)], (b"tRNS", struct.pack(">H", 0x0100)))
    assert look(grey).pixels[0, :, 0].tolist() == [255, 64]


def test_a_tiff_that_counts_from_white_is_turned_round() -> None:
    grey = Image.fromarray(np.array([[0, 0xFF00]], np.uint16))
    assert look(file_of(grey, "TIFF", tiffinfo={262: 0})).pixels[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("kind", ["EPS", "PPM", "ICO", "DDS", "TGA", "JPEG2000", "PCX", "AVIF"])
def test_no_other_format_is_opened_whatever_its_name(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program is started"))
    encoded = file_of(Image.fromarray(RED), kind)
    with pytest.raises(Undecodable, match=r"it is .*; opened are PNG, JPEG, WebP, BMP, TIFF and"):
        prepare(encoded, **AS_IS)
    with pytest.raises(Undecodable, match=r"it is .*; opened are PNG"):
        prepare(Image.open(io.BytesIO(encoded)), **AS_IS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is EPS, not a picture format"),
        (b"\n<!DOCTYPE html><html>404</html>", "it is HTML, not"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is SVG, not"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is Git LFS's pointer to a file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is HEIC, not"),
        (b"\0" * 128 + b"DICM" + b"\0" * 9, "it is DICOM, not"),
        (b"", "it is an empty file"),
        (b"\0" * 500, "it is a file of nothing but zeros"),
        (b"not a picture", "it is no picture, or one whose header is broken"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(content: bytes, words: str) -> None:
    with pytest.raises(Undecodable, match=words):
        prepare(content, **AS_IS)


def test_a_picture_beyond_the_budget_is_refused_by_its_header() -> None:
    start = time.perf_counter()
    for height, width in ((10_000, 9_000), (60_000, 60_000)):  # Pillow is silent; it raises
        bomb = bytearray(png(8, 2, [bytes(3)]))
        bomb[16:24] = struct.pack(">II", width, height)
        bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
        with pytest.raises(Undecodable, match="80,000,000"):
            prepare(bytes(bomb), **AS_IS)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "BMP"])
def test_the_budget_holds_in_every_format(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    more = {} if kind == "BMP" else {"save_all": True, "append_images": frames[1:]}
    encoded = file_of(frames[0], kind, **more)
    assert prepare(encoded, **AS_IS).shape == (20, 30, 3)
    monkeypatch.setattr(picture_files, "MAX_PIXELS", 599)
    with pytest.raises(Undecodable, match="it is 20 x 30, which is 600 pixels; at most 599 are"):
        prepare(encoded, **AS_IS)


def test_a_chunk_that_unfolds_into_a_flood_is_refused() -> None:
    flood = zlib.compress(bytes(30_000_000))
    for name, body in ((b"iCCP", b"x\0\0" + flood), (b"zTXt", b"x\0\0" + flood)):
        with pytest.raises(Undecodable):
            prepare(png(8, 2, [bytes(range(12))], (name, body)), **AS_IS)


def test_of_several_pictures_in_a_file_the_first_is_seen() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    for kind in ("GIF", "TIFF", "PNG", "WEBP", "MPO"):
        lossless = {"lossless": True} if kind == "WEBP" else {}
        encoded = file_of(frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
        seen = prepare(encoded, **AS_IS)[0, 0].astype(int)
        assert np.abs(seen - (255, 0, 0)).max() <= 2


def every_picture() -> Iterator[tuple[str, bytes]]:
    """Give a picture in each mode and format that Pillow can write."""
    base = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)
    modes = {mode: Image.fromarray(base).convert(mode) for mode in
             ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV")}  # fmt: skip
    modes["I;16"] = Image.fromarray(base[..., 0].astype(np.uint16) << 8)
    modes["I"] = Image.fromarray(base[..., 0].astype(np.int32) * 200)
    for mode, picture in modes.items():
        for kind in picture_files.OPENED_AS:
            for turn in (1, 6):
                exif = Image.Exif()
                exif[0x112] = turn
                try:
                    yield f"{mode} {kind} {turn}", file_of(picture, kind, exif=exif)
                except (OSError, KeyError, ValueError):
                    continue


def test_chain_and_audit_see_the_same_pixels_of_every_mode_and_format() -> None:
    files = dict(every_picture())
    assert len(files) > 60
    for name, encoded in files.items():
        seen = look_at(RawData(None, (), (), lambda _: encoded), 0, AS_IS).pixels  # noqa: B023 (called at once)
        table = pa.table({"image": [encoded]})
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        asked = first_picture(buffer, Table("t", pd.DataFrame(), np.array(["a"])), "image")
        assert np.array_equal(seen, asked) and np.array_equal(seen, decode(encoded)), name


def test_whatever_is_broken_is_undecodable_and_nothing_else() -> None:
    draw = random.Random(1)
    files = list(dict(every_picture()).values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on what it skips
        for _ in range(1000):
            encoded = bytearray(draw.choice(files))
            for _ in range(draw.choice((1, 3, 20))):
                encoded[draw.randrange(min(len(encoded), draw.choice((60, 10**6))))] ^= (
                    draw.randrange(256)
                )
            try:
                assert look(bytes(encoded)).pixels.dtype == np.uint8
            except Undecodable as error:
                assert str(error)


def test_pictures_are_opened_at_one_door_only() -> None:
    root = Path(__file__).parents[1]
    sources = [*root.glob("src/**/*.py"), *root.glob("flows/*.py")]
    opening = [f.name for f in sources if "Image.open(" in f.read_text("utf-8")]
    assert opening == ["picture_files.py"]
