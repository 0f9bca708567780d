"""The multiple of channels that a project keeps, whichever machine goes on with it."""

import shutil
from pathlib import Path
from typing import Literal

import pytest
import yaml

from faircompress.config import params, widths
from faircompress.export.kept_width import keep_width, kept_width
from faircompress.export.written_width import known_width
from faircompress.orchestration.workspace import prepare
from faircompress.stages.code import code
from faircompress.support.files import read_json, write_json

ROOT = Path(__file__).parent.parent
OTHER = {"round_to": 12, "measured_on": {"processor": "Another"}}  # a number that none is found


def test_the_stage_code_writes_what_the_stage_prune_depends_on(
    tmp_path: Path,
) -> None:
    known = params.load(ROOT / "params.yaml", ["prune.round_to=auto"])
    code(known, tmp_path)
    written = read_json(tmp_path / "widths.json")
    assert written["round_to"] in (4, 8, 16)
    assert written["measured_on"]["provider"].endswith("ExecutionProvider")
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
    assert {"artifacts/widths.json": ["round_to"]} in stages["prune"]["params"]


def test_a_machine_that_likes_another_number_keeps_the_projects_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(tmp_path / "widths.json", OTHER)
    assert kept_width(tmp_path, "auto", "cpu") == 12
    said = "".join(capsys.readouterr())
    assert "multiples of 12, as artifacts/widths.json has it of Another" in " ".join(said.split())
    (tmp_path / "widths.json").unlink()
    assert kept_width(tmp_path, "auto", "cpu") in (4, 8, 16)
    assert "as artifacts/widths.json has it" not in "".join(capsys.readouterr())


def test_a_number_in_the_params_is_taken_and_auto_measures_after_it(tmp_path: Path) -> None:
    write_json(tmp_path / "widths.json", OTHER)
    assert keep_width(tmp_path, 5, "cpu") == known_width(tmp_path) == 5
    assert read_json(tmp_path / "widths.json") == {"round_to": 5}
    assert keep_width(tmp_path, "auto", "cpu") in (4, 8, 16)


def test_a_variant_has_its_projects_multiple(tmp_path: Path) -> None:
    for name in ("params.yaml", "dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    write_json(tmp_path / "artifacts" / "widths.json", OTHER)
    variant = prepare(tmp_path, ["prune.seed=2"])
    assert known_width(variant.artifacts) == 12


@pytest.mark.parametrize(
    "damaged",
    ["<<<<<<< HEAD", "[]", '{"round_to": "x"}', '{"round_to": -4}', '{"measured_on": {}}',
     '{"round_to": 8, "measured_on": 3}'],
)  # fmt: skip
def test_a_damaged_number_is_refused_where_it_is_needed_and_else_replaced(
    damaged: str, tmp_path: Path
) -> None:
    (tmp_path / "widths.json").write_text(damaged)
    with pytest.raises(ValueError, match=r"widths\.json (holds|cannot be read)"):
        keep_width(tmp_path, "auto", "cpu")
    assert keep_width(tmp_path, 3, "cpu") == known_width(tmp_path) == 3


@pytest.mark.parametrize(
    ("model", "multiple", "told"),
    [("resnet18", 1, True), ("resnet18", "auto", False), ("resnet18", 8, False),
     ("small", 1, False)],
)  # fmt: skip
def test_free_widths_of_a_wide_network_are_told(
    model: str, multiple: int | Literal["auto"], told: bool
) -> None:
    assert ("odd numbers of channels" in widths.odd_widths(model, multiple)) is told
