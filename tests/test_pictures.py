import io

import numpy as np
import pytest
from PIL import Image

from faircompress.pictures import TooSmall, Undecodable, prepare, resized, rgb

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
