"""Files are whole or absent."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faircompress.support.files import CURES, new_folder, read_json, write_json


def test_a_folder_that_could_not_be_filled_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with new_folder(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(RuntimeError), new_folder(target) as folder:
        (folder / "a").write_text("new")
        raise RuntimeError
    assert (target / "a").read_text() == "old"


def test_equal_values_are_equal_files(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": 2})
    write_json(tmp_path / "b.json", {"a": 2, "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_nan_never_reaches_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match=r"a\.json cannot be read"):
        read_json(tmp_path / "a.json")


@pytest.fixture(params=["disk", "process"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Run a program in a folder on a disk of 64 kB, or in a process that writes 64 kB a file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    small = request.param == "disk"
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if small and subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))

    def run(program: str) -> str:
        start = "from pathlib import Path\nfrom faircompress.support.files import *\n"
        start += "old = Path('old')\n"
        done = subprocess.run(
            [sys.executable, "-c", start + program],
            cwd=folder, capture_output=True, text=True, preexec_fn=None if small else limit,
        )  # fmt: skip
        assert done.returncode == 1
        return done.stderr

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield run
    if small:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_the_old_file_and_is_named(full: Callable[[str], str]) -> None:
    write_json(Path("old"), "old")
    said = full("write_json(old, 'x' * 200_000)")
    assert "old was not written: " in said
    assert any(f"{cure} and run again." in said for cure in CURES.values())
    assert [(path.name, path.read_text()) for path in Path().iterdir()] == [("old", '"old"\n')]


def test_a_full_disk_leaves_the_old_folder_and_is_named(full: Callable[[str], str]) -> None:
    with new_folder(Path("old")) as folder:
        (folder / "a").write_text("old")
    said = full("with new_folder(old) as new: (new / 'a').write_bytes(bytes(200_000))")
    assert "old was not written: " in said
    assert [str(path) for path in Path().rglob("*")] == ["old", "old/a"]
    assert Path("old/a").read_text() == "old"
