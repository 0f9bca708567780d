"""The command line itself: lists, help, completion."""

import os
import pty
import re
import shlex
import subprocess
import sys

import pytest
import typer.main
from conftest import ROOT
from typer.testing import CliRunner

from faircompress.cli.help import EXAMPLES, PANELS
from faircompress.cli.main import COMMANDS, app
from faircompress.config import plugins
from faircompress.config.param_keys import known_keys

OURS = (sys.executable, "-m", "faircompress")
KINDS = (
    "criteria",
    "heads",
    "metrics",
    "models",
    "objectives",
    "rules",
    "sources",
    "presets",
    "studies",
)


def call(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OURS, *words], cwd=ROOT, env={**os.environ, "COLUMNS": "80", **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def on_a_terminal(*words: str) -> str:
    """Return what a command prints where standard output is a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [*OURS, *words], cwd=ROOT, env={**os.environ, "COLUMNS": "80"}, stdout=theirs
    )
    os.close(theirs)
    read = b""
    try:
        while more := os.read(ours, 65536):
            read += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert done.wait() == 0
    return read.decode().replace("\r\n", "\n")


def as_installed(*words: str, **env: str) -> str:
    """Return what the program ``faircompress`` prints, whose name its completion bears."""
    start = f"import sys; sys.argv = ['faircompress', *{words!r}]"
    code = f"{start}; from faircompress.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def completed(words: str) -> list[str]:
    """Return what bash offers after some words, the last of which is not ended."""
    number = str(len(words.split(" ")) - 1)
    asked = {"_FAIRCOMPRESS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}
    return as_installed(**asked).split()


def test_in_a_pipe_a_list_is_names_alone_and_long_adds_a_tab_and_words() -> None:
    assert call("list", "metrics").stdout.split() == list(plugins.names("metrics"))
    lines = call("list", "metrics", "--long").stdout.splitlines()
    assert "accuracy\tShare of all rows that are decided rightly." in lines
    assert call("list").stdout.split() == list(KINDS)


def test_on_a_terminal_a_list_is_columns_and_the_kinds_have_counts() -> None:
    shown = on_a_terminal("list")
    assert re.search(
        rf"(?m)^metrics  +{len(plugins.names('metrics'))} what may not get worse", shown
    )
    assert "The names of a kind: faircompress list KIND" in shown
    shown = on_a_terminal("list", "studies")
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"(?m)^portraits  +At 16x, which criterion", shown)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"presets", "studies"}))
def test_every_plug_in_says_in_a_line_what_it_is(kind: str) -> None:
    assert [name for name in plugins.names(kind) if len(plugins.summary(kind, name)) < 20] == []


def test_a_preset_says_what_it_chooses() -> None:
    lines = dict(line.split("\t") for line in call("list", "presets", "-l").stdout.splitlines())
    assert lines["celeba-1"].startswith("data celeba, model resnet18, criterion taylor")
    assert lines["celeba-1"].endswith("speed-up 16")


def test_every_command_is_in_one_panel_and_has_examples() -> None:
    named = [name for names in PANELS.values() for name in names]
    assert sorted(named) == sorted(COMMANDS) == sorted(EXAMPLES)
    assert all(EXAMPLES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_command_stand_in_its_help_and_parse(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80"}).stdout
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines.index(f" {EXAMPLES[name][0]}") == lines.index(" Examples") + 1
    assert [one for one in EXAMPLES[name] if f" {one}" not in lines] == []
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    for line in "\n".join(EXAMPLES[name]).replace("\\\n", " ").splitlines():
        parts = re.split(r"  # | && | \|\|? ", line)
        typed = shlex.split(next(part for part in parts if part.startswith("faircompress ")))
        assert typed[1] == name
        command.make_context(name, typed[2:])


def test_without_what_it_needs_a_command_shows_its_help_and_does_not_exit_as_a_pass() -> None:
    for words in ((), ("audit",), ("init",)):
        said = call(*words)
        assert (said.returncode, "Usage: " in said.stdout, said.stderr) == (3, True, "")


def test_the_tab_key_offers_kinds_presets_studies_keys_and_stages() -> None:
    assert completed("faircompress list me") == ["metrics"]
    assert completed("faircompress run --preset celeba-1-s") == ["celeba-1-small"]
    assert "portraits" in completed("faircompress study portr")
    assert completed("faircompress run -S prune.speedu") == ["prune.speedup="]
    assert completed("faircompress stage tr") == ["train"]
    assert completed("faircompress sta") == ["status", "stage"]


def test_the_keys_offered_are_those_of_params_yaml() -> None:
    keys = set(known_keys())
    assert {"name", "data.resize", "train.lr", "prune.criterion.taylor.steps", "gate.looks"} <= keys
    assert "prune" not in keys and "prune.criterion" not in keys


def test_bash_is_told_how_to_ask_for_completion() -> None:
    quiet = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "_FAIRCOMPRESS_COMPLETE=complete_bash" in as_installed(
        "--show-completion", "bash", **quiet
    )
