"""Of which number a machine likes its channels."""

from pathlib import Path

import pytest

from faircompress.export.liked_width import liked_width, smallest_good


def test_the_smallest_multiple_that_is_nearly_as_good_as_any_is_taken() -> None:
    by_block = {m: float(-(-(32 + m) // 16) * 16) ** 2 for m in (1, 2, 4, 8, 16)}  # 48 for all
    assert smallest_good(by_block) == 16
    by_eight = {m: float(-(-(32 + m) // 8) * 8) ** 2 for m in (1, 2, 4, 8, 16)}
    assert smallest_good(by_eight) == 8
    assert smallest_good({m: (32.0 + m) ** 2 for m in (1, 2, 4, 8, 16)}) == 1


def test_it_is_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = liked_width("cpu", threads=1)
    assert "measured now" in "".join(capsys.readouterr())
    assert liked_width("cpu", threads=1) == first
    assert "measured now" not in "".join(capsys.readouterr())
