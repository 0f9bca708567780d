"""What a search found becomes the next run: written into params.yaml, or named as a step."""

from pathlib import Path

import pytest

from faircompress.cli.ending import _smaller_harm
from faircompress.config import params, yaml_edit
from faircompress.orchestration.search_winner import as_line, write_winner
from faircompress.orchestration.workspace import Workspace
from faircompress.support.files import write_json

PARAMS = Path(__file__).parent.parent / "params.yaml"
WON = ["prune.speedup=6.35", "export.precisions=[fp32,fp16]", "gate.promote=smallest"]


def test_the_winner_is_written_into_params_and_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(PARAMS.read_text("utf-8"), "utf-8")
    write_winner(tmp_path, WON)
    now = params.load(file)
    assert now.prune.speedup == 6.35
    assert (now.export.precisions, now.gate.promote) == (["fp32", "fp16"], "smallest")
    before, after = (f.read_text("utf-8").splitlines() for f in (PARAMS, file))
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 3
    assert "  speedup: 6.35               # dense over pruned multiply-adds (physical)" in changed


def test_a_key_that_is_not_there_is_written_as_the_first_of_its_section() -> None:
    assert yaml_edit.put("a:\n  b: 1  # why\nc: {d: 2}\n", ["a.e=[x]", "c.f=3"]) == (
        "a:\n  e: [x]\n  b: 1  # why\nc: {f: 3, d: 2}\n"
    )


@pytest.mark.parametrize(
    ("text", "word"), [("a:\n  b:\n    - 1\n", "spans lines"), ("c: 1\n", "no a")]
)
def test_what_cannot_be_written_in_a_line_is_left_to_a_person(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        yaml_edit.put(text, ["a.b=2"])


def test_a_speed_up_to_be_found_leaves_the_rest_to_the_search() -> None:
    assert as_line(["prune.epochs=3", "prune.speedup=auto"]) == "prune.epochs=3"
    with pytest.raises(ValueError, match="no spaces"):
        as_line(["prune.speedup=auto", "train.from={a: 1}"])


def test_after_a_fail_the_next_step_names_the_frontiers_best(tmp_path: Path) -> None:
    assert _smaller_harm(Workspace(tmp_path, tmp_path))[1].startswith("faircompress search")
    found = {"expected_to_pass": True, "overrides": WON, "bytes": 17_287, "shrunk": 0.9}
    write_json(tmp_path / "variants" / "search" / "search.json", found)
    assert _smaller_harm(Workspace(tmp_path, tmp_path)) == (
        "frontier",
        "faircompress run -S 'prune.speedup=6.35' -S 'export.precisions=[fp32,fp16]' "
        "-S 'gate.promote=smallest'  # its best: 17,287 bytes, chance to pass 0.90",
    )
