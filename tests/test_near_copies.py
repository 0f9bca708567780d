"""Copies of a picture that are not equal to it are told, and only these."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from faircompress.data import near_copies
from faircompress.data.near_copies import families, thumbnail
from faircompress.data.pictures import Pixels


def picture(seed: int, side: int = 64) -> Image.Image:
    """Return blurred noise, which is as detailed as a photo."""
    noise = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    blurred = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(3))
    values = np.asarray(blurred).astype(float)
    return Image.fromarray(((values - values.min()) / np.ptp(values) * 200).astype(np.uint8))


def saved(shown: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


COPIES = {
    "JPEG of quality 30": lambda shown: saved(shown, 30),
    "half the size": lambda shown: shown.resize((32, 32)),
    "twice the size": lambda shown: shown.resize((128, 128), Image.Resampling.LANCZOS),
    "mirrored": lambda shown: saved(shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 80),
    "grey": lambda shown: shown.convert("L").convert("RGB"),
    "brighter": lambda shown: shown.point(lambda value: int(value * 1.1 + 10)),
    "less contrast": lambda shown: shown.point(lambda value: int(value * 0.5 + 60)),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_of_the_family_of_its_picture_and_no_other_is(how: str) -> None:
    shown = [picture(seed) for seed in range(12)]
    shown.append(COPIES[how](shown[5]))
    found = families([thumbnail(np.asarray(each)) for each in shown])
    assert np.flatnonzero(found >= 0).tolist() == [5, 12]
    assert found[5] == found[12] == 0


def test_copies_of_copies_are_one_family_and_families_are_numbered() -> None:
    shown = [picture(seed) for seed in (0, 1, 2)]
    more = [saved(shown[0], 60), COPIES["mirrored"](shown[2]), COPIES["grey"](shown[0])]
    found = families([thumbnail(np.asarray(each)) for each in [*shown, *more]])
    assert found.tolist() == [0, -1, 1, 0, 1, 0]


def framed(shown: Pixels, how: int) -> Pixels:
    """Return a picture with black bars, within a black circle, or with a clock on it."""
    here = shown.copy()
    down, right = np.mgrid[:64, :64] - 31.5
    if how == 0:
        here[:14], here[50:] = 0, 0
    elif how == 1:
        here[down**2 + right**2 > 26**2] = 0
    else:
        here[40:56, 4:36], here[44:52, 8:32] = 255, 0
    return here


@pytest.mark.parametrize("kinds", [[0], [1], [2], [0, 1, 2]])
def test_what_pictures_have_in_common_makes_them_no_copies(kinds: list[int]) -> None:
    """Frames of films, of microscopes, of cameras with a clock."""
    shown = [np.asarray(picture(seed)) // 2 + 50 for seed in range(300)]
    all_ = [framed(each, kinds[at % len(kinds)]) for at, each in enumerate(shown)]
    again = framed(
        np.asarray(COPIES["half the size"](picture(7)).resize((64, 64))) // 2 + 50,
        kinds[7 % len(kinds)],
    )
    found = families([thumbnail(each) for each in [*all_, again]])
    assert np.flatnonzero(found >= 0).tolist() == [7, 300]


def test_many_copies_of_a_few_pictures_are_not_taken_for_what_all_have_in_common() -> None:
    shown = [np.asarray(picture(seed)) for seed in range(100)]
    noise = np.random.default_rng(0)
    many = [
        (shown[at % 10] + noise.normal(0, 3, shown[0].shape)).clip(0, 255).astype(np.uint8)
        for at in range(200)
    ]
    found = families([thumbnail(each) for each in [*shown, *many]])
    assert (found[:100] >= 0).sum() == 10 and (found[100:] == found[np.arange(200) % 10]).all()


def test_pictures_are_compared_in_as_small_blocks_as_room_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [picture(seed % 60) if seed < 60 else saved(picture(seed % 60), 30)
             for seed in range(90)]  # fmt: skip
    thumbnails = [thumbnail(np.asarray(each)) for each in shown]
    found = families(thumbnails)
    assert (found >= 0).sum() == 60 and (found[60:] == found[:30]).all()
    monkeypatch.setattr(near_copies, "PAIRS", 200)  # blocks of two
    assert (families(thumbnails) == found).all()


def test_pictures_of_almost_one_grey_are_not_compared() -> None:
    greys = [np.full((32, 32, 3), value, np.uint8) for value in (0, 90, 91, 255)]
    assert families([thumbnail(each) for each in greys]).tolist() == [-1] * 4
    assert families([]).tolist() == [] and families([thumbnail(greys[0])]).tolist() == [-1]


def test_parts_on_a_belt_are_told_apart_by_their_faults() -> None:
    """All show one thing, so that nothing but what is not common to all makes a copy."""
    rng = np.random.default_rng(0)
    scene = np.asarray(picture(3)).astype(float)
    parts = [(scene + rng.normal(0, 2, scene.shape)).clip(0, 255).astype(np.uint8)
             for _ in range(200)]  # fmt: skip
    for at, part in enumerate(parts[:20]):
        part[at * 3 : at * 3 + 6, 60 - at * 3 : 64] = 255
    copy = np.asarray(saved(Image.fromarray(parts[11]), 60))
    found = families([thumbnail(each) for each in [*parts, copy]])
    assert np.flatnonzero(found >= 0).tolist() == [11, 200]
