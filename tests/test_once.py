"""An option that takes one value takes it once."""

import pytest
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.support.errors import InputError


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["audit", "t.csv", "--label", "a", "--label", "a"], "--label"),
        (["audit", "t.csv", "--confidence", "0.9", "--confidence=0.99"], "--confidence"),
        (["run", "--project", "a", "-S", "prune.speedup=2", "--project", "b"], "--project"),
    ],
)
def test_a_second_value_is_refused_and_not_taken_for_the_first(
    command: list[str], option: str
) -> None:
    with pytest.raises(InputError, match=f"{option} is given 2 times, and takes one value"):
        CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.mark.parametrize("option", ["--cluster", "--ledger", "--rule", "--classes", "--reviewer"])
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_option_is_refused_and_not_taken_for_none(option: str, blank: str) -> None:
    with pytest.raises(InputError, match=f"{option} is empty, as where a variable of the shell"):
        CliRunner().invoke(app, ["audit", "t.csv", option, blank], catch_exceptions=False)


def test_options_of_several_values_and_flags_may_come_again() -> None:
    told = CliRunner().invoke(app, ["list", "--help", "--help"], catch_exceptions=False)
    assert told.exit_code == 0
    asked = [
        "audit",
        "absent.csv",
        "--label",
        "y",
        "--rule",
        "flips 0.1",
        "--rule",
        "change auroc 1",
    ]
    with pytest.raises(InputError, match="give --baseline"):
        CliRunner().invoke(app, asked, catch_exceptions=False)
