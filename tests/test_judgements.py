"""The project's own record of what was judged and decided."""

from dataclasses import replace
from pathlib import Path

import pytest

from faircompress.registry import judgements
from faircompress.registry.judgements import Judgement
from faircompress.registry.policy import Decision

WORD = Judgement("1", "m", "a" * 64, "fp32", "project", "fail", "v" * 64)


def test_what_the_projects_own_params_made_of_a_file_counts_before_a_variants(
    tmp_path: Path,
) -> None:
    lenient = replace(WORD, time="2", workspace="lenient", verdict="pass")
    for one in (WORD, lenient):
        judgements.add_news(tmp_path, one)
    assert judgements.latest(tmp_path, "m", "a" * 64) == WORD
    assert judgements.latest(tmp_path, "other", "a" * 64) is None
    assert judgements.latest(tmp_path, "m", "b" * 64) is None
    assert judgements.about(tmp_path, "m", "a" * 64) == [WORD, lenient]


def test_the_same_word_is_one_line_and_a_word_that_changes_back_is_three(tmp_path: Path) -> None:
    for time, verdict in enumerate(["pass", "pass", "fail", "pass"]):
        judgements.add_news(tmp_path, replace(WORD, time=str(time), verdict=verdict))
    assert [one.verdict for one in judgements.entries(tmp_path)] == ["pass", "fail", "pass"]


def test_lines_of_two_machines_are_read_by_their_time(tmp_path: Path) -> None:
    decision = Decision("0", "promoted", "a" * 64, "pass", "Ann", "fine", "1", "v" * 64, "m")
    for one in (replace(WORD, time="3"), replace(WORD, time="2"), decision):
        judgements.add(tmp_path, one)
    assert [one.time for one in judgements.entries(tmp_path)] == ["0", "2", "3"]
    assert judgements.decided(tmp_path, "m") == [decision]


def test_a_record_that_no_run_wrote_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / judgements.FILE
    path.parent.mkdir()
    for line in ("{", "[]", '{"kind": "guessed"}', '{"kind": "judged"}'):
        path.write_text(f"{line}\n")
        with pytest.raises(ValueError, match=r"judgements\.jsonl, line 1 is not"):
            judgements.entries(tmp_path)
