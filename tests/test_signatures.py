"""Who signed what a project attests: real keys, real files, no server."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from signing import at_home, make_key, rewrite, strip, swap_public_key
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.registry import attestations, known_keys, signatures
from faircompress.registry.keys import (
    FOLDER,
    PASSPHRASE,
    VARIABLES,
    keys_of,
    new_key,
    retire,
    without_keys,
)
from faircompress.registry.policy import Decision
from faircompress.registry.readiness import raise_unless_ready
from faircompress.registry.records import VerdictRecord
from faircompress.support.errors import InputError, MissingFileError, StateError

FAIL = VerdictRecord("1", "m", "a" * 64, "fp32", "project", "fail", "v" * 64)
APPROVED = Decision("2", "approved", "a" * 64, "fail", "Ann", "fine", "1", "v" * 64, "m")
PROMOTED = Decision("3", "promoted", "a" * 64, "pass", "the gate", "ok", "1", "v" * 64, "m")
REJECTED = replace(APPROVED, time="4", act="rejected")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project without keys, and a configuration of its own."""
    at_home(monkeypatch, tmp_path / "home")
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def faults(project: Path) -> list[str]:
    keys = keys_of(project)
    return [signatures.fault(keys, one) for one in attestations.read(project)]


def signed_by(project: Path) -> list[str]:
    keys = keys_of(project)
    return [signatures.described(keys, one) for one in attestations.read(project)]


def test_a_private_key_is_the_owners_alone_and_never_in_the_project(project: Path) -> None:
    private, public = new_key(project, "gate", "paris", project.parent / "stick")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert (project / "keys" / "gate-paris.pub").read_bytes() == public.pem
    for place in (project, project / "secret"):
        with pytest.raises(InputError, match="lies in the project"):
            new_key(project, "gate", "rome", place)
    with pytest.raises(InputError, match="no key is overwritten"):
        new_key(project, "gate", "paris", project.parent / "stick")
    assert [k.name for k in keys_of(project).all] == ["paris"]


def test_a_passphrase_seals_a_private_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    attestations.add(project, FAIL)
    assert signed_by(project) == ["signed by gate paris"]
    monkeypatch.setenv(PASSPHRASE, "wrong horse")
    with pytest.raises(StateError, match=f"cannot be opened.*Is {PASSPHRASE} right"):
        attestations.add(project, replace(FAIL, time="2"))


def test_no_stage_is_told_where_a_private_key_lies(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    for role in ("gate", "reviewer"):
        make_key(monkeypatch, project, role, "paris", project.parent)
    told = without_keys()
    assert PASSPHRASE in os.environ and PASSPHRASE not in told
    assert "paris.pem" not in str(told) and told["PATH"] == os.environ["PATH"]


def test_without_keys_everything_works_and_says_that_it_is_unsigned(project: Path) -> None:
    attestations.add(project, FAIL)
    assert (signed_by(project), faults(project)) == (["unsigned"], [""])
    raise_unless_ready(project)


def test_a_verdict_that_is_changed_stripped_or_replayed_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    attestations.add(project, FAIL)
    kept = (project / attestations.FILE).read_text()
    assert faults(project) == [""]
    rewrite(project, 0, outcome="pass")
    assert "has a wrong signature of gate paris" in faults(project)[0]
    (project / attestations.FILE).write_text(kept)
    rewrite(project, 0, sha256="b" * 64)  # the signed verdict of one file, laid to another
    assert "or the signature was taken from another" in faults(project)[0]
    (project / attestations.FILE).write_text(kept)
    strip(project, 0)
    assert "is unsigned; needed is the signature of a gate" in faults(project)[0]


def test_a_persons_decision_needs_a_reviewer_and_one_that_stops_a_file_always_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    make_key(monkeypatch, project, "reviewer", "ann", project.parent)
    monkeypatch.delenv(VARIABLES["reviewer"])
    for one in (APPROVED, PROMOTED, REJECTED):
        attestations.add(project, one)
    by_gate, by_itself, stopping = faults(project)
    assert (
        "is signed by gate paris" in by_gate and "needed is the signature of a reviewer" in by_gate
    )
    assert by_itself == "" and "of a reviewer" in stopping
    assert [d.act for d in attestations.decided(project, "m")] == ["promoted", "rejected"]
    with pytest.raises(signatures.NotSigned, match="'approved' must be signed by a reviewer"):
        signatures.raise_unless_signable(keys_of(project), APPROVED)


def test_what_a_retired_key_signed_before_counts_and_what_a_stolen_one_did_does_not(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    early, late = replace(FAIL, time="20200101T000000.000000Z"), replace(FAIL, time="21")
    for one in (early, late):
        attestations.add(project, one)
    retire(project, "gate", "paris", compromised=False)
    assert faults(project)[0] == "" and "retired on" in faults(project)[1]
    assert signed_by(project)[0].startswith("signed by gate paris, retired since 20")
    with pytest.raises(StateError, match="was retired on"):
        attestations.add(project, FAIL)
    with pytest.raises(InputError, match="names are not used again"):
        (project / FOLDER / "gate-paris.pub").unlink()
        new_key(project, "gate", "paris", project.parent / "stick")


def test_a_key_that_is_not_at_hand_keeps_nobody_from_stopping_a_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "reviewer", "ann", project.parent)
    monkeypatch.setenv(VARIABLES["reviewer"], str(project.parent / "a stick that is not in"))
    with pytest.raises(MissingFileError, match="which is not there. Is its medium in"):
        attestations.add(project, APPROVED)
    attestations.add(project, REJECTED)
    assert [d.act for d in attestations.decided(project, "m")] == ["rejected"]


def test_nothing_that_a_compromised_or_removed_key_signed_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    attestations.add(project, FAIL)
    retire(project, "gate", "paris", compromised=True)
    assert "nothing that it signed counts" in faults(project)[0]
    (project / FOLDER / "gate-paris.pub").unlink()
    assert "that keys/ does not hold" in faults(project)[0]


def test_a_key_that_was_swapped_added_or_taken_away_is_refused_until_a_person_agrees(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make_key(monkeypatch, project, "gate", "paris", project.parent)
    eve = swap_public_key(project, "gate", "paris", project.parent / "other")
    monkeypatch.setenv(VARIABLES["gate"], str(eve))
    attestations.add(project, replace(FAIL, outcome="pass"))  # signed rightly, by a swapped key
    assert faults(project) == [""]
    with pytest.raises(StateError, match=f"the key gate paris .* it was {known.keyid}.*swapped it"):
        raise_unless_ready(project)
    (project / FOLDER / "gate-paris.pub").write_bytes(known.pem)
    new_key(project, "gate", "eve", project.parent / "eve")
    with pytest.raises(StateError, match="the key gate eve .* it was not there"):
        raise_unless_ready(project)
    for file in (project / FOLDER).iterdir():
        file.unlink()
    with pytest.raises(StateError, match="the key gate paris of .* is missing"):
        raise_unless_ready(project)
    known_keys.note(keys_of(project))  # `faircompress keys trust`
    raise_unless_ready(project)


def test_a_list_of_known_keys_serves_machines_without_a_home(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    listed = project.parent / "known"
    listed.write_text(CliRunner().invoke(app, ["keys", "list", "--project", str(project)]).stdout)
    monkeypatch.setenv(known_keys.LIST, str(listed))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(project.parent / "another home"))
    raise_unless_ready(project)
    swap_public_key(project, "gate", "paris", project.parent / "other")
    with pytest.raises(StateError, match="by the list .* it was"):
        raise_unless_ready(project)


def test_a_run_without_the_gates_key_is_told_before_anything_is_computed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    raise_unless_ready(project)
    monkeypatch.delenv(VARIABLES["gate"])
    with pytest.raises(signatures.NotSigned, match=f"nothing was computed.*{VARIABLES['gate']}"):
        raise_unless_ready(project)
    raise_unless_ready(project, variant=True)


def test_what_was_written_before_there_were_keys_is_signed_once_a_person_says_so(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"kind": "judged", "time": "0", "model": "m", "sha256": "b" * 64, "precision": "fp32",
           "workspace": "project", "verdict": "pass", "verdict_sha256": "w" * 64}  # fmt: skip
    (project / "artifacts").mkdir()
    (project / "artifacts" / "judgements.jsonl").write_text(json.dumps(old) + "\n")
    for one in (FAIL, APPROVED):
        attestations.add(project, one)
    make_key(monkeypatch, project, "gate", "paris", project.parent)
    make_key(monkeypatch, project, "reviewer", "ann", project.parent)
    assert all("unsigned" in words for words in faults(project))
    shown = CliRunner().invoke(app, ["keys", "sign", "--project", str(project)]).stdout
    assert "3 signed; 0 still lack a signature" in shown
    assert signed_by(project) == [
        "signed by gate paris",
        "signed by gate paris",
        "signed by reviewer ann",
    ]
    assert attestations.missing(project) == []
