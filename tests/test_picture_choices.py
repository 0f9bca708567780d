"""What params choose of how a picture is read reaches its pixels and the file's preparation."""

import io
from pathlib import Path

import galleries
import numpy as np
import pytest
from PIL import Image
from test_table import checked

from faircompress.data.dataset import load_facts
from faircompress.data.pictures import look, nearly_black


def test_what_transparent_parts_lie_on_and_whether_to_turn_is_chosen() -> None:
    clear = np.dstack([np.full((4, 6, 3), 200, np.uint8), np.zeros((4, 6), np.uint8)])
    turned = Image.Exif()
    turned[0x112] = 6  # the camera was held upright
    buffer = io.BytesIO()
    Image.fromarray(clear).save(buffer, "PNG", exif=turned)
    usual = look(buffer.getvalue()).pixels
    chosen = look(buffer.getvalue(), transparent="black", exif="ignore").pixels
    assert (usual.shape, chosen.shape) == ((6, 4, 3), (4, 6, 3))
    assert (usual.max(), usual.min(), chosen.max()) == (255, 255, 0)


def test_choices_are_part_of_the_preparation_only_where_they_are_not_usual(tmp_path: Path) -> None:
    given = galleries.table(tmp_path / "root")
    checked(tmp_path, given)
    assert set(load_facts(tmp_path / "artifacts/validate").preparation) == {
        "resize", "crop", "resampler",
    }  # fmt: skip
    checked(tmp_path, given, "data.exif=ignore", "data.transparent=black")
    preparation = load_facts(tmp_path / "artifacts/validate").preparation
    assert (preparation["exif"], preparation["transparent"]) == ("ignore", "black")


@pytest.mark.parametrize("largest", [255, 4095])
def test_whole_numbers_of_32_bits_that_use_few_are_nearly_black(largest: int) -> None:
    values = np.linspace(0, largest, 64).astype(np.int32).reshape(8, 8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "TIFF")
    assert nearly_black([look(file.getvalue()).bits]) == [True]  # at most 15 of 255 bright
    seen = look(file.getvalue(), levels=[0, largest])
    assert nearly_black([seen.bits]) == [False]
    assert np.abs(seen.pixels[..., 0] - values / largest * 255).max() <= 0.5
