"""Of which number a machine likes its channels."""

from pathlib import Path

import pytest

from faircompress.export.liked_width import liked_width, widest_block


def in_blocks(width: int, block: int) -> float:
    return float(-(-width // block) * block) ** 2


def half_filled(block: int) -> dict[int, float]:
    return {m: in_blocks(32 + m // 2, block) / in_blocks(32 + m, block) for m in (16, 8)}


def test_the_widest_multiple_whose_half_filled_block_costs_as_much_as_a_full_one_is_taken() -> None:
    assert half_filled(16) == {16: 1.0, 8: 1.0}
    assert [widest_block(half_filled(block)) for block in (16, 8, 4, 1)] == [16, 8, 4, 4]


@pytest.mark.parametrize(("block", "liked"), [(16, 16), (8, 8), (1, 4)])
def test_a_disturbance_of_six_percent_changes_nothing(block: int, liked: int) -> None:
    for wrong in (0.94, 1.06):
        assert widest_block({m: r * wrong for m, r in half_filled(block).items()}) == liked


def test_it_is_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = liked_width("cpu")
    assert first in (4, 8, 16)
    assert "measured now" in "".join(capsys.readouterr())
    assert liked_width("cpu") == first
    assert "measured now" not in "".join(capsys.readouterr())
