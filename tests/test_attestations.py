"""The project's own record of what was found and decided: in-toto statements, one a line."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from faircompress.registry import attestations
from faircompress.registry.policy import Decision
from faircompress.registry.records import VerdictRecord

FAIL = VerdictRecord("1", "m", "a" * 64, "fp32", "project", "fail", "v" * 64)


def test_what_the_projects_own_params_made_of_a_file_counts_before_a_variants(
    tmp_path: Path,
) -> None:
    lenient = replace(FAIL, time="2", workspace="lenient", outcome="pass")
    for one in (FAIL, lenient):
        attestations.add_news(tmp_path, one)
    assert attestations.latest(tmp_path, "m", "a" * 64) == FAIL
    assert attestations.latest(tmp_path, "other", "a" * 64) is None
    assert attestations.latest(tmp_path, "m", "b" * 64) is None
    assert attestations.about(tmp_path, "m", "a" * 64) == [FAIL, lenient]


def test_the_same_word_is_one_line_and_a_word_that_changes_back_is_three(tmp_path: Path) -> None:
    for time, outcome in enumerate(["pass", "pass", "fail", "pass"]):
        attestations.add_news(tmp_path, replace(FAIL, time=str(time), outcome=outcome))
    found = [a.record for a in attestations.verdicts(tmp_path, "m")]
    assert [r.outcome for r in found if isinstance(r, VerdictRecord)] == ["pass", "fail", "pass"]


def test_lines_of_two_machines_are_read_by_their_time(tmp_path: Path) -> None:
    decision = Decision("0", "promoted", "a" * 64, "pass", "Ann", "fine", "1", "v" * 64, "m")
    for one in (replace(FAIL, time="3"), replace(FAIL, time="2"), decision):
        attestations.add(tmp_path, one)
    assert [one.time for one in attestations.records(tmp_path)] == ["0", "2", "3"]
    assert attestations.decided(tmp_path, "m") == [decision]


def test_a_line_is_a_dsse_envelope_around_an_in_toto_statement_about_the_file(
    tmp_path: Path,
) -> None:
    attestations.add(tmp_path, FAIL)
    envelope = json.loads((tmp_path / attestations.FILE).read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert envelope["signatures"] == []
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "m fp32.onnx", "digest": {"sha256": "a" * 64}}]
    assert statement["predicateType"] == "urn:faircompress:attestation:verdict:1"
    assert (statement["predicate"]["outcome"], statement["predicate"]["ledger"]) == ("fail", None)


def test_a_line_that_was_taken_out_is_missed_by_the_one_after_it(tmp_path: Path) -> None:
    for time in "123":
        attestations.add(tmp_path, replace(FAIL, time=time))
    assert attestations.missing(tmp_path) == []
    file = tmp_path / attestations.FILE
    first, _, third = file.read_text().splitlines()
    file.write_text(f"{first}\n{third}\n")
    (gap,) = attestations.missing(tmp_path)
    assert "line 2 was written after an attestation" in gap and "bring them back from git" in gap


def test_the_record_of_0_2_is_read_and_counts_as_unsigned(tmp_path: Path) -> None:
    old = {
        "kind": "judged", "time": "1", "model": "m", "sha256": "a" * 64, "precision": "fp32",
        "workspace": "project", "verdict": "fail", "verdict_sha256": "v" * 64, "test": "t",
        "against": {"anchor": {"version": "1", "sha256": "c"}}, "restoring": {},
    }  # fmt: skip
    path = tmp_path / "artifacts" / "judgements.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps(old) + "\n")
    (found,) = attestations.read(tmp_path)
    known = {"original_champion": {"version": "1", "sha256": "c"}}
    assert found.record == replace(FAIL, test="t", against=known)
    assert found.signatures == {}
    attestations.add(tmp_path, replace(FAIL, time="2"))
    assert [r.time for r in attestations.records(tmp_path)] == ["1", "2"]
    assert len(path.read_text().splitlines()) == 1


def test_a_record_that_no_run_wrote_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / attestations.FILE
    path.parent.mkdir()
    payload = base64.b64encode(b'{"_type": "other"}').decode()
    kind = "application/vnd.in-toto+json"
    odd = json.dumps({"payload": payload, "payloadType": kind, "signatures": []})
    attestations.add(tmp_path, FAIL)
    statement = json.loads(base64.b64decode(json.loads(path.read_text())["payload"]))
    statement["predicate"]["time"] = 1  # which no other time could be compared with
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    typed = json.dumps({"payload": payload, "payloadType": kind, "signatures": []})
    deep = "[" * 100_000
    for line in ("{", "[]", '{"kind": "guessed"}', '{"kind": "judged"}', odd, typed, deep):
        path.write_text(f"{line}\n")
        with pytest.raises(ValueError, match=r"attestations\.jsonl, line 1 is not"):
            attestations.read(tmp_path)
