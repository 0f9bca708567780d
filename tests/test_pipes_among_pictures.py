"""Pipes, devices and paths out of the folder, among pictures: told or passed over, never read."""

import os
from pathlib import Path

import galleries
import pytest
from test_folder_guesses import named, tree
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.data.guessing_sizes import pictures_side
from faircompress.data.ingest import MISSING, look_at
from faircompress.data.paths import picture_bytes
from faircompress.data.sources.folder import folder

SIZED = {"resize": [8, 8], "crop": None, "resampler": "bilinear"}


def test_a_pipe_called_as_a_picture_is_told_and_not_waited_for(tmp_path: Path) -> None:
    root = tree(tmp_path / "pictures", *named("{}"))
    os.mkfifo(root / "cat" / "a.jpg")
    made = CliRunner().invoke(app, ["init", str(tmp_path / "mine"), "--folder", str(root)])
    assert made.exit_code == 0, made.output
    raw = folder(root=str(root), pattern="{label}/*", groups=["label"], split=None)
    at = raw.rows["id"].tolist().index("cat/a.jpg")
    found = look_at(raw, at, SIZED)
    assert (found.state, "pipe" in found.reason) == (MISSING, True)
    with pytest.raises(OSError, match="a pipe, a socket or a device"):
        picture_bytes(root, "cat/a.jpg")


def test_the_size_of_a_picture_elsewhere_is_not_looked_at(tmp_path: Path) -> None:
    outside = tree(tmp_path, "large.jpg")
    (outside / "large.jpg").write_bytes(galleries.jpeg(1, side=200))
    home = tree(tmp_path / "home", "a.jpg")
    assert pictures_side(home, ["a.jpg", "../large.jpg"], model=None) is None  # 8 x 8 as it is
