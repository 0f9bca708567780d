"""An audit as a user runs it, and tables to audit."""

import contextlib
import io
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from faircompress.cli import main
from faircompress.support.exit_codes import ERROR

COLUMNS = "--label y --group hair --baseline p_dense --candidate p_small"
TPR = "--metric true_positive_rate --limit 0.1"


@dataclass(frozen=True)
class Ended:
    """What came back: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def run(command: str) -> Ended:
    """Run a command line of ours in this process, in the present folder."""
    out, err, sys.argv[1:] = io.StringIO(), io.StringIO(), shlex.split(command)[1:]
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as left,
    ):
        main.main()
    return Ended(int(left.value.code or 0), out.getvalue(), err.getvalue())


def audited(command: str, out: str = "out") -> dict[str, Any]:
    """Run an audit and return its verdict."""
    ended = run(f"{command} --out {out}")
    assert ended.code != ERROR, ended.err
    verdict = json.loads((Path(out) / "verdict.json").read_text())
    assert ["pass", "fail", "inconclusive"][ended.code] == verdict["outcome"]
    return verdict


def check_in(verdict: dict[str, Any], group: str, rule: int = 0) -> dict[str, Any]:
    """Return a rule's check in a group."""
    (found,) = (f for f in verdict["rules"][rule]["checks"] if f["group"] == group)
    return found


def hair(dense: dict[str, int], small: dict[str, int], positives: int = 100) -> pd.DataFrame:
    """Give each group so many positives, of which each model finds some; 20 negatives are right."""
    rows = [
        {"y": int(k < positives), "hair": group, "p_dense": 0.9 if k < dense[group] else 0.1,
         "p_small": 0.8 if k < small[group] else 0.2}
        for group in dense for k in range(positives + 20)
    ]  # fmt: skip
    return pd.DataFrame(rows).rename_axis("picture").reset_index()
