"""The ledger held against attestations; rules that get looser; a whole project checked."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from ledgers import drawn, look_at
from signing import at_home, make_key, rewrite
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.config import params
from faircompress.config.rules import CostRule, Gate, Rule
from faircompress.evaluation import rule_limits
from faircompress.ledger.errors import BrokenLedgerError
from faircompress.ledger.limits import loosened
from faircompress.ledger.record import LEDGER, Head, Ledger
from faircompress.registry import attestations, history
from faircompress.registry.ledger_heads import check_ledger, heads_of
from faircompress.registry.policy import Decision
from faircompress.registry.records import VerdictRecord
from faircompress.support.files import sha256

PASS = VerdictRecord("1", "m", "a" * 64, "fp32", "project", "pass", "v" * 64)
CHANGE = Rule(rule="change", metric="auroc", limit=0.03)
LEAST = Rule(rule="minimum", metric="true_positive_rate", limit=0.8, groups=["sex"])
SIZE = CostRule(rule="size", limit="2 MB")


def gate(*rules: Rule | CostRule, **more: object) -> Gate:
    return Gate.model_validate({"power": 0.8, "intersections": True, **more, "rules": [*rules]})


STRICT = gate(CHANGE, LEAST, SIZE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with two looks in its ledger, and a signed verdict after each."""
    at_home(monkeypatch, tmp_path / "home")
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "params.yaml", folder)
    make_key(monkeypatch, folder, "gate", "paris", tmp_path)
    known = params.load(folder / "params.yaml").gate
    record = replace(
        PASS, rules=rule_limits.sha256_of(known), limits=rule_limits.limits_of(known),
        restoring={"params.yaml": sha256(folder / "params.yaml")},
    )  # fmt: skip
    for number in "12":
        look_at(Ledger(folder / LEDGER), drawn(), number)
        attestations.add(folder, replace(record, time=number))
    return folder


def checked(project: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["verify", "--project", str(project), *more])
    return done.exit_code, done.stdout


def test_a_project_as_it_was_attested_passes_the_check(project: Path) -> None:
    code, shown = checked(project)
    assert code == 0 and "2 attestations (0 unsigned) and the ledger of 3 lines" in shown
    assert heads_of(project) == tuple(
        Head(one.ledger.length, one.ledger.head) for one in attestations.read(project) if one.ledger
    )


def test_a_ledger_that_was_cut_short_is_refused(project: Path) -> None:
    path = project / LEDGER
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    first, second = attestations.read(project)
    check_ledger(project, first)
    with pytest.raises(BrokenLedgerError, match="has 2 lines .* attested at line 3.*missing"):
        check_ledger(project, second)
    with pytest.raises(BrokenLedgerError):  # the next look is not booked either
        look_at(Ledger(path, heads_of(project)), drawn(), "3")
    code, shown = checked(project)
    assert code == 1 and "looks are missing" in shown


def test_a_ledger_that_was_written_anew_is_refused(project: Path) -> None:
    shutil.rmtree(project / "state")
    look_at(Ledger(project / LEDGER), drawn(), "9")
    attested = attestations.read(project)[0]
    with pytest.raises(BrokenLedgerError, match="its first line is another. It was written anew"):
        check_ledger(project, attested)
    with pytest.raises(BrokenLedgerError):
        Ledger(project / LEDGER, heads_of(project)).head()
    code, shown = checked(project)
    assert code == 1 and "written anew" in shown
    assert checked(project, "--without-ledger")[0] == 0


def test_another_workers_ledger_is_a_remark_and_ones_own_that_was_exchanged_a_fault(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    shutil.rmtree(other / "state")
    make_key(monkeypatch, other, "gate", "rome", tmp_path)  # each worker has a key of its own
    look_at(Ledger(other / LEDGER), drawn(), "3")
    attestations.add(other, replace(PASS, time="3"))
    code, shown = checked(other)
    assert code == 0 and "2 attestations were made with the ledger of another clone" in shown

    key = tmp_path / "private" / "gate-paris.pem"
    monkeypatch.setenv("FAIRCOMPRESS_GATE_KEY", str(key))  # where paris runs it must be its ledger
    code, shown = checked(other)
    assert code == 1 and "is another clone's" in shown

    shutil.rmtree(project / "state")  # the same key signed with the ledger that is gone
    look_at(Ledger(project / LEDGER), drawn(), "4")
    attestations.add(project, replace(PASS, time="4"))
    code, shown = checked(project)
    assert code == 1 and "written anew" in shown


def anew(project: Path) -> None:
    """Write the ledger anew, with one look, which hands the others back."""
    shutil.rmtree(project / "state")
    look_at(Ledger(project / LEDGER), drawn(), "9")


def test_whoever_writes_a_ledger_anew_cannot_say_unsigned_that_the_old_one_is_another_clones(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAIRCOMPRESS_GATE_KEY")
    anew(project)
    stopping = Decision("9", "withdrawn", "a" * 64, "pass", "Eve", "why not", "1", "v" * 64, "m")
    attestations.add(project, stopping)  # counts unsigned, and names the new ledger
    code, shown = checked(project)
    assert code == 1 and "written anew" in shown and "another clone, whose" not in shown


def test_a_key_that_replaced_another_is_no_other_clone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(monkeypatch, project, "gate", "rome", tmp_path)
    attestations.add(project, replace(PASS, time="3"))  # both keys signed with the same ledger
    anew(project)
    attestations.add(project, replace(PASS, time="4"))
    code, shown = checked(project)
    assert code == 1 and "line 1 was attested with" in shown


def test_without_keys_nobody_knows_another_clones_ledger_from_one_written_anew(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAIRCOMPRESS_GATE_KEY")
    unsigned = tmp_path / "unsigned"
    look_at(Ledger(unsigned / LEDGER), drawn(), "1")
    attestations.add(unsigned, PASS)
    assert checked(unsigned)[0] == 0
    anew(unsigned)
    attestations.add(unsigned, replace(PASS, time="2"))
    code, shown = checked(unsigned)
    assert code == 1 and "written anew" in shown


def test_a_ledger_that_is_gone_is_missed(project: Path) -> None:
    shutil.rmtree(project / "state")
    code, shown = checked(project)
    assert code == 1 and "has 0 lines" in shown


def test_a_check_of_a_project_names_a_changed_verdict_and_changed_rules(project: Path) -> None:
    rewrite(project, 0, rules="0" * 64)
    code, shown = checked(project)
    assert code == 1
    assert "line 1 has a wrong signature of gate paris" in shown
    assert "line 1 attests rules with sha256 000000000000..." in shown
    assert "line 2 was written after an attestation" in shown  # line 1 is not the one it names


def test_a_verdict_file_that_nobody_attested_is_named(project: Path) -> None:
    (project / "verdict.json").write_text("{}")
    code, shown = checked(project, str(project / "verdict.json"))
    assert code == 1 and "attests no such verdict" in shown


def test_limits_are_named_so_that_each_says_which_way_is_looser() -> None:
    assert rule_limits.limits_of(STRICT) == {
        "change auroc in all groups at most": 0.03,
        "change auroc in all groups: confidence at least": 0.975,
        "minimum true_positive_rate in sex at least": 0.8,
        "minimum true_positive_rate in sex: confidence at least": 0.975,
        "size in bytes at most": 2e6,
        "intersections tested at least": 1,
        "looks charged at least": 1,
    }


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (gate(CHANGE, LEAST, SIZE), []),
        (gate(CHANGE.model_copy(update={"limit": 0.02}), LEAST, SIZE), []),
        (gate(CHANGE, LEAST.model_copy(update={"groups": None}), SIZE), []),
        (
            gate(CHANGE.model_copy(update={"limit": 0.04}), LEAST, SIZE),
            ["change auroc in all groups at most 0.03: now 0.04"],
        ),
        (
            gate(CHANGE.model_copy(update={"confidence": 0.9}), LEAST, SIZE),
            ["change auroc in all groups: confidence at least 0.975: now 0.9"],
        ),
        (
            gate(CHANGE, LEAST.model_copy(update={"limit": 0.7}), SIZE),
            ["minimum true_positive_rate in sex at least 0.8: now 0.7"],
        ),
        (gate(CHANGE, LEAST), ["size in bytes at most 2e+06: dropped"]),
        (
            gate(CHANGE.model_copy(update={"groups": ["sex"]}), LEAST, SIZE),
            [
                "change auroc in all groups at most 0.03: dropped",
                "change auroc in all groups: confidence at least 0.975: dropped",
            ],
        ),
        (
            gate(CHANGE, LEAST, SIZE, absent=["sex=f"]),
            ["declared absent: sex=f, at most 1: new"],
        ),
        (
            gate(CHANGE, LEAST, SIZE, intersections=False),
            ["intersections tested at least 1: now 0"],
        ),
    ],
)
def test_a_loosened_rule_is_named_and_a_stricter_one_is_not(later: Gate, words: list[str]) -> None:
    before, after = rule_limits.limits_of(STRICT), rule_limits.limits_of(later)
    assert list(loosened(before, after)) == words


def test_rules_are_held_against_the_last_that_were_agreed_on(tmp_path: Path) -> None:
    strict, loose = rule_limits.limits_of(STRICT), rule_limits.limits_of(gate(CHANGE))
    assert history.loosened(tmp_path, "m", loose) == ()  # the first rules of a model
    attestations.add(tmp_path, replace(PASS, limits=strict))
    looser = history.loosened(tmp_path, "m", loose)
    assert len(looser) == 3
    attestations.add(tmp_path, replace(PASS, time="2", limits=loose, loosened=looser))
    assert history.loosened(tmp_path, "m", loose) == looser  # to run again is no agreement
    approved = Decision("3", "approved", "a" * 64, "pass", "Ann", "ok", "1", "v" * 64, "m")
    attestations.add(tmp_path, approved)
    assert history.loosened(tmp_path, "m", loose) == ()
