"""A command that has ended tidies up and leaves; what it imported is not taken apart."""

import subprocess
import sys

import pytest

CODE = """
import atexit, sys, threading, time
import faircompress.__main__ as program
import faircompress.cli.main as cli

def late():
    time.sleep(0.3)
    print("a thread")

def command():
    atexit.register(print, "a library")
    threading.Thread(target=late).start()
    print("the command", end=", ")
    {end}

cli.main = command
program.main()
"""


def ended(end: str) -> tuple[int, list[str], bool]:
    """Return code and words of a command, and whether Python took its modules apart."""
    command = [sys.executable, "-v", "-c", CODE.format(end=end)]  # so it tells what it does
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), "# cleanup[" in done.stderr


@pytest.mark.parametrize(
    ("end", "code", "taken_apart"),
    [
        ("sys.exit(2)", 2, False), ("sys.exit()", 0, False),
        ("sys.exit('words')", 1, True), ("raise ValueError", 1, True),
    ],
)  # fmt: skip
def test_threads_end_and_libraries_tidy_up_and_the_code_is_that_of_the_command(
    end: str, code: int, taken_apart: bool
) -> None:
    assert ended(end) == (code, ["the command, a thread", "a library"], taken_apart)


def test_nothing_was_registered_before_that_would_be_left_out() -> None:
    code = "import atexit, faircompress.__main__; print(atexit._ncallbacks())"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path}; {code}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0\n"
