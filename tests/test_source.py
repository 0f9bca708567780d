import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faircompress.config import params
from faircompress.data.fingerprint import RACE, fingerprint, within
from faircompress.stages.source import source
from faircompress.support import files

HERE = Path(__file__).parents[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "pictures").mkdir(parents=True)
    (root / "pictures" / "a.jpg").write_bytes(b"picture a")
    (root / "labels.txt").write_text("a.jpg 1\n")
    for path in root.rglob("*.*"):  # long settled, so that it is remembered
        os.utime(path, ns=(1, 1))
    return root


def test_equal_data_elsewhere_has_an_equal_fingerprint(root: Path, tmp_path: Path) -> None:
    here = fingerprint(root, tmp_path / "here.json")
    shutil.copytree(root, tmp_path / "elsewhere")
    assert fingerprint(tmp_path / "elsewhere", tmp_path / "there.json") == here
    assert here["files"] == 2 and here["bytes"] == 17
    assert str(tmp_path) not in json.dumps(here)


def test_a_new_a_changed_and_a_renamed_file_are_noticed(root: Path, tmp_path: Path) -> None:
    seen = [fingerprint(root, tmp_path / "memory.json")["sha256"]]
    (root / "b.jpg").write_bytes(b"picture b")
    seen.append(fingerprint(root, tmp_path / "memory.json")["sha256"])
    (root / "pictures" / "a.jpg").write_bytes(b"picture A")  # of the same size
    seen.append(fingerprint(root, tmp_path / "memory.json")["sha256"])
    (root / "b.jpg").rename(root / "c.jpg")
    seen.append(fingerprint(root, tmp_path / "memory.json")["sha256"])
    assert len(set(seen)) == 4


def test_a_touched_file_has_its_old_fingerprint(root: Path, tmp_path: Path) -> None:
    before = fingerprint(root, tmp_path / "memory.json")
    (root / "labels.txt").touch()
    assert fingerprint(root, tmp_path / "memory.json") == before


def test_a_settled_file_is_not_read_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "faircompress.data.fingerprint.RACE", -RACE
    )  # as if two seconds had gone by
    before = fingerprint(root, tmp_path / "memory.json")
    monkeypatch.setattr(files, "sha256", lambda path: pytest.fail(f"{path} was read again"))
    assert fingerprint(root, tmp_path / "memory.json") == before


def test_a_file_that_was_just_written_is_not_trusted_by_its_times(
    root: Path, tmp_path: Path
) -> None:
    fingerprint(root, tmp_path / "memory.json")
    answer, hashes = (tmp_path / "memory.json").read_text().splitlines()
    assert answer == "{}" and hashes == "{}"


def test_a_broken_memory_costs_time_and_nothing_else(root: Path, tmp_path: Path) -> None:
    before = fingerprint(root, tmp_path / "memory.json")
    (tmp_path / "memory.json").write_text('{"labels.txt": [1')
    assert fingerprint(root, tmp_path / "memory.json") == before


@pytest.mark.parametrize("target", ["../secret.txt", "/etc/hostname", "..", "nowhere"])
def test_a_link_out_of_the_data_is_refused(target: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link").symlink_to(target)
    with pytest.raises(ValueError, match="link"):
        fingerprint(root, tmp_path / "memory.json")


def test_a_link_inside_the_data_and_a_root_that_is_a_link_are_fine(
    root: Path, tmp_path: Path
) -> None:
    (root / "again.jpg").symlink_to("pictures/a.jpg")
    (tmp_path / "data-link").symlink_to(root)
    assert fingerprint(tmp_path / "data-link", tmp_path / "memory.json")["files"] == 3


def test_a_name_from_a_list_cannot_lead_out_of_the_data(root: Path) -> None:
    assert within(root, "labels.txt").read_text() == "a.jpg 1\n"
    for name in ("../secret.txt", "/etc/hostname"):
        with pytest.raises(ValueError, match="outside"):
            within(root, name)


def run(tmp_path: Path, *overrides: str) -> dict:
    return source(params.load(HERE / "params.yaml", overrides), tmp_path / "artifacts")


def test_the_stage_says_what_the_data_is_and_not_where(root: Path, tmp_path: Path) -> None:
    found = run(tmp_path, "data.name=celeba", f"data.celeba.root={root}")
    assert found["name"] == "celeba" and found["files"] == 2
    usual = {"label": "Blond_Hair", "groups": ["Male"], "balance": None, "resplit": None,
             "max_weight": None}  # fmt: skip
    assert found["options"] == usual
    assert str(tmp_path) not in json.dumps(found)


def test_drawn_data_is_known_by_its_options(tmp_path: Path) -> None:
    found = run(tmp_path, "data.name=portraits", "data.portraits.seed=7")
    assert set(found) == {"name", "options"}  # what draws it is in the key of validate's code
    assert found["options"]["seed"] == 7


def test_a_missing_or_empty_root_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.celeba\.root: .*nowhere"):
        run(tmp_path, "data.name=celeba", f"data.celeba.root={tmp_path / 'nowhere'}")
    with pytest.raises(FileNotFoundError, match=r"set data\.cifar10\.download: true"):
        run(tmp_path, "data.name=cifar10", f"data.cifar10.root={tmp_path / 'nowhere'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty"):
        run(tmp_path, "data.name=celeba", f"data.celeba.root={tmp_path / 'empty'}")


def test_the_stage_imports_nothing_heavy() -> None:
    heavy = "numpy pandas torch great_expectations pyarrow PIL"
    code = (
        f"import sys, faircompress.stages.source; print(set('{heavy}'.split()) & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
