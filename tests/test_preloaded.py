"""Commands that tests run preloaded begin, behave and end as those that are started afresh."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import preloaded
import pytest

OURS = ("-m", "faircompress")
CODE = "import sys, __main__; print(sys.argv, sys.path[0], vars(__main__)['sys'] is sys)"
STARTS = """
import subprocess, sys
for words in (["-m", "dvc", "--version"], ["-c", "import sys; print('torch' in sys.modules)"]):
    subprocess.run([sys.executable, *words], check=True)
"""


def command(programs: Path | None, *words: str, **env: str) -> tuple[tuple[str, ...], dict]:
    given = {**os.environ, "OMP_NUM_THREADS": "1", **env}
    return preloaded.served((sys.executable, *words), programs, given), given


def ended(programs: Path | None, folder: Path, *words: str, **env: str) -> tuple[int, str, str]:
    first = () if words[0] in ("-m", "-c") else OURS
    asked, given = command(programs, *first, *words, **env)
    done = subprocess.run(asked, cwd=folder, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--version",), ("list", "objectives"), ("stage", "none"), ("nonsense",),
        ("-c", CODE, "one", "-m"), ("-c", "sys"), ("-m", "dvc", "--version"), ("-m", "dvc", "root"),
    ],
    ids=str,
)  # fmt: skip
def test_code_and_words_are_those_of_a_fresh_process(
    programs: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert ended(programs, tmp_path, *words) == ended(None, tmp_path, *words)


def test_what_a_command_starts_with_its_interpreter_is_preloaded_if_it_is_ours_or_dvc(
    programs: Path, tmp_path: Path
) -> None:
    spent = programs / "spent.tsv"
    before = len(spent.read_text().splitlines())
    code, said, _ = ended(programs, tmp_path, "-c", STARTS)
    version, other = said.splitlines()
    assert (code, version[:1].isdigit(), other) == (0, True, "False")
    assert len(spent.read_text().splitlines()) == before + 2  # the code, and DVC


def test_it_works_in_the_folder_and_environment_of_who_asks(programs: Path, tmp_path: Path) -> None:
    assert ended(programs, tmp_path, "init", "mine")[0] == 0
    assert (tmp_path / "mine" / "params.yaml").exists()
    assert "Traceback" in ended(programs, tmp_path, "stage", "none", FAIRCOMPRESS_DEBUG="1")[2]


def test_faircompress_is_that_of_pythonpath(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "faircompress").mkdir()
    (tmp_path / "faircompress" / "__init__.py").touch()
    (tmp_path / "faircompress" / "__main__.py").write_text("print('another')")
    given = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    assert ended(programs, Path(), "--version", PYTHONPATH=given)[1] == "another\n"


def test_what_libraries_may_read_when_they_are_imported_is_read_afresh(
    programs: Path, tmp_path: Path
) -> None:
    log = programs / "server.log"
    before = log.read_text()
    code, said, _ = ended(programs, tmp_path, "--version", MPLBACKEND="agg")
    assert (code, said[:13]) == (0, "faircompress ")
    assert log.read_text().removeprefix(before) == "afresh, for MPLBACKEND\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_is_stopped_stops_it(programs: Path, tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "params.yaml")
    asked, env = command(programs, *OURS, "stage", "gate")
    started = subprocess.Popen(asked, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    pipe = when_read(tmp_path / "params.yaml")  # now the command reads, and waits for more
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    if number == signal.SIGTERM:
        assert (started.returncode, said[:12]) == (143, "Interrupted.")
    else:
        assert started.returncode == -number
    with pytest.raises(BrokenPipeError):  # nobody reads any more
        for _ in range(600):
            os.write(pipe, b"#")
            time.sleep(0.1)
    os.close(pipe)


def when_read(path: Path) -> int:
    """Open a pipe as soon as somebody wants to read from it."""
    for _ in range(600):
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(path)
