"""The ledger's file: whole, in order, and found out when it was changed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ledgers import drawn, look_at

from faircompress.ledger import sets
from faircompress.ledger.entries import Booked
from faircompress.ledger.errors import BrokenLedgerError, LedgerError
from faircompress.ledger.looks import complete
from faircompress.ledger.record import FIRST, Head, Ledger

WRITER = """
import sys
from pathlib import Path
from ledgers import drawn, look_at
from faircompress.ledger.looks import complete
from faircompress.ledger.record import Ledger
ledger, name = Ledger(Path(sys.argv[1])), sys.argv[2]
for n in range(int(sys.argv[3])):
    look = look_at(ledger, drawn(30, names="x"), name, seed=n)
    print(look.number, flush=True)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def writer(ledger: Ledger, name: str, looks: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(ledger.path), name, str(looks)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)


def filled(ledger: Ledger) -> Ledger:
    for candidate in "ab":
        look = look_at(ledger, drawn(30, names="x"), candidate)
        complete(ledger, look, outcome="inconclusive", e_values={"tpr": 2.0})
    return ledger


def test_each_line_seals_the_one_before_and_the_head_is_its_last(ledger: Ledger) -> None:
    assert ledger.head() == Head(0, FIRST)
    filled(ledger)
    lines = ledger.path.read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["start", *["look", "result"] * 2]
    assert ledger.head().length == 5
    assert ledger.verify() == ledger.head()


def test_any_changed_byte_of_any_line_is_found(ledger: Ledger) -> None:
    filled(ledger)
    whole = ledger.path.read_bytes()
    for place in range(len(whole)):
        for changed in [bytes([whole[place] ^ 1]), b""][: 2 if place % 9 == 0 else 1]:
            ledger.path.write_bytes(whole[:place] + changed + whole[place + 1 :])
            with pytest.raises(BrokenLedgerError, match=r"line \d"):
                ledger.entries()
    ledger.path.write_bytes(whole)
    assert len(ledger.entries()) == 5


def test_a_set_that_an_earlier_version_wrote_keeps_its_file_and_its_looks(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(sets, "VIEWS_OF", {1: sets.VIEWS_OF[1]})
        look = look_at(ledger, drawn())
    again = look_at(ledger, drawn())
    assert (again.repeated, again.line) == (True, look.line)
    assert look_at(ledger, drawn().take(np.arange(150))).number == 2
    assert look_at(ledger, drawn(), "c").number == 3
    versions = [
        p.read_bytes().split(b'"version": ')[1][:1] for p in sets.folder(ledger.path).iterdir()
    ]
    assert sorted(versions) == [b"1", b"2"]
    assert ledger.verify() == ledger.head()


def test_any_changed_byte_of_a_test_set_is_found(ledger: Ledger) -> None:
    filled(ledger)
    (path,) = Path(f"{ledger.path}.sets").iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BrokenLedgerError, match="not what was written"):
            ledger.verify()
    path.unlink()
    with pytest.raises(BrokenLedgerError, match="is gone. Bring it back"):
        look_at(ledger, drawn(30, seed=1, names="y"))


def test_lines_taken_out_or_moved_break_the_chain(ledger: Ledger) -> None:
    filled(ledger)
    lines = ledger.path.read_text().splitlines(keepends=True)
    for kept in (lines[1:], [*lines[:2], *lines[3:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        ledger.path.write_text("".join(kept))
        with pytest.raises(BrokenLedgerError, match="the chain breaks here"):
            ledger.head()


def test_a_ledger_cut_short_is_found_by_an_attested_head(ledger: Ledger) -> None:
    head = filled(ledger).head()
    lines = ledger.path.read_text().splitlines(keepends=True)
    ledger.path.write_text("".join(lines[:3]))
    assert len(ledger.entries()) == 3  # nothing in the file itself shows it
    attested = Ledger(ledger.path, (head,))
    with pytest.raises(BrokenLedgerError, match="has 3 lines and is not the ledger .* at line 5"):
        look_at(attested, drawn(30, names="x"), "c")
    ledger.path.write_text("".join(lines))
    assert look_at(attested, drawn(30, names="x"), "c").number == 3


def test_a_ledger_of_another_key_or_none_is_refused(ledger: Ledger) -> None:
    key = Path(f"{filled(ledger).path}.key")
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_bytes()
    key.write_bytes(kept[::-1])
    with pytest.raises(BrokenLedgerError, match="not written with the key that lies beside it"):
        ledger.entries()
    key.unlink()
    with pytest.raises(BrokenLedgerError, match="its key .* is gone"):
        look_at(ledger, drawn(30, names="x"), "c")
    assert ledger.head().length == 5  # the chain needs no key
    key.write_bytes(kept)
    ledger.path.unlink()
    with pytest.raises(BrokenLedgerError, match="show that there was one"):
        look_at(ledger, drawn(30, names="x"), "c")


def test_a_number_that_is_not_finite_is_not_written(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="must be finite"):
        look_at(ledger, drawn(30, names="x"), alpha=float("nan"))
    look = look_at(ledger, drawn(30, names="x"))
    with pytest.raises(LedgerError, match="not finite"):
        complete(ledger, look, outcome="pass", e_values={"tpr": float("inf")})
    assert len(ledger.entries()) == 2


def test_two_processes_at_once_get_numbers_of_their_own(ledger: Ledger) -> None:
    running = [writer(ledger, name, 15) for name in "ab"]
    numbers = [int(n) for process in running for n in process.communicate()[0].split()]
    assert sorted(numbers) == list(range(1, 31))
    assert ledger.verify().length == 31


def test_a_process_killed_while_it_writes_loses_nothing_that_was_finished(ledger: Ledger) -> None:
    for n in range(5):
        process = writer(ledger, "abcde"[n], 10_000)
        assert process.stdout is not None
        booked = [process.stdout.readline() for _ in range(4)]
        time.sleep(0.013 * n)
        process.send_signal(signal.SIGKILL)
        booked += process.stdout.read().split()
        process.wait()
        process.stdout.close()
        ledger.verify()
        numbers = [e.number for e in ledger.entries() if isinstance(e, Booked)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) - int(booked[-1]) in (0, 1)
    assert look_at(ledger, drawn(30, names="x"), "f").number == len(numbers) + 1
