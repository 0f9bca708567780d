"""A real project, run once for all tests that look at what a run leaves behind."""

import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import preloaded
import pytest
import yaml
from verifying import look
from verifying import pytest_terminal_summary as pytest_terminal_summary
from verifying import verdicts_agree as verdicts_agree

from faircompress.__main__ import RARELY
from faircompress.config.overrides import overridden
from faircompress.support import environment
from faircompress.support.databases import of_prefect, ready
from faircompress.support.locks import waiting

environment.configure()
gc.set_threshold(*RARELY)  # as commands have it
# each of a thousand processes would compile the package anew, in 0.2 s
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if places := os.environ.get("PYTHONPATH"):  # commands run in other folders
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, places.split(os.pathsep)))
pytest_plugins = ["processor_time"]
ROOT, PYTHON = Path(__file__).parent.parent, sys.executable
TINY = (
    "data.portraits.train=640", "data.portraits.validation=320", "data.portraits.test_cell=80",
    "data.portraits.rare_share=0.05", "checks.min_subgroup=2", "train.epochs=4", "train.batch=64",
    "prune.speedup=3", "prune.rounds=2", "prune.criterion.taylor.steps=2", "prune.epochs=2",
    "prune.round_to=1", "prune.batch=64", "prune.scoring_batch=64", "export.latency_repeats=3",
    "export.precisions=[fp32]", "prune.lr=0.003",
    "prune.scoring.performance_weighted={min_weight: 0.3, gamma: 1.0}",
    "prune.finetune.performance_weighted={min_weight: 0.3, gamma: 1.0}",
)  # fmt: skip
# Files that take longest begin first, so that two workers end together. The first does not need
# `finished`, which the second worker makes meanwhile.
FIRST = (
    "study_flow", "chain", "retrain", "tampering", "promote", "forgery", "precisions", "resume",
    "scheduled", "status", "servers", "registry", "monitor_flow", "mlflow_ui", "own_network",
    "services", "interrupts", "chain_looks", "history", "code_reruns", "search_flow",
    "chain_topping_up", "silent_run", "worse_than_champion", "models", "verify_agrees",
    "audit_attacks", "second_opinion_e_values", "power", "readme", "rehearsal", "skill", "targets",
    "audit_spelling",
)  # fmt: skip
WIDE = {"rule": "change", "metric": "auroc", "limit": 0.3, "because": "a test"}
WHILE = """
import subprocess, sys, time, psutil
server = subprocess.Popen(sys.argv[2:])
while psutil.pid_exists(int(sys.argv[1])):
    time.sleep(1)
server.terminate()
server.wait()
"""  # runs a command as long as a process lives
LENIENT = "gate.rules=[{rule: change, metric: auroc, limit: 0.3, because: a test}]"


@dataclass
class Project:
    """A copy of this project with tiny params, and a way to run commands in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    programs: ClassVar[Path | None] = None  # of the server of preloaded commands, where it is used

    def call(self, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder."""
        env = {**os.environ, "OMP_NUM_THREADS": "1", **self.env}
        command = preloaded.served(command, self.programs, env)
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        for gate in (
            self.folder / "artifacts/gate",
            *self.folder.glob("variants/*/artifacts/gate"),
        ):
            look(gate)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def run(self, *given: str) -> subprocess.CompletedProcess[str]:
        """Run the chain."""
        return self.call(sys.executable, "-m", "faircompress", "run", *given)

    def stage(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run one stage on the files of the folder."""
        return self.call(sys.executable, "-m", "faircompress", "stage", name)

    def set(self, **sections: dict[str, object]) -> None:
        """Change params.yaml."""
        path = self.folder / "params.yaml"
        raw = yaml.safe_load(path.read_text())
        for name, changes in sections.items():
            raw[name] |= changes
        path.write_text(yaml.safe_dump(raw, sort_keys=False))


def new_project(folder: Path) -> Project:
    """Copy what a project holds beside the installed package, and make it small."""

    for name in (
        "params.yaml",
        "presets.yaml",
        "dvc.yaml",
        ".dvcignore",
        ".gitignore",
        ".dvc/config",
        ".dvc/.gitignore",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=skip, dirs_exist_ok=True)
    raw = overridden(folder / "params.yaml", TINY)
    (folder / "params.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
    project = Project(folder)
    project.call("git", "init", "-q", check=True)
    commit(project, "start")
    return project


def with_own_code(project: Project, folder: Path) -> Path:
    """Let a project run a copy of the package that a test may change; return its folder."""
    package = folder / "faircompress"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "faircompress", package, ignore=skip)
    project.env["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    project.env["PYTHONDONTWRITEBYTECODE"] = "1"  # two changes of one second may be of one size
    return package


def commit(project: Project, words: str) -> None:
    """Commit everything that git does not ignore."""
    project.call("git", "add", "-A", check=True)
    who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")
    project.call("git", *who, "commit", "-q", "-m", words, check=True)


@contextmanager
def afresh() -> Iterator[None]:
    """Start commands in fresh processes, as those of users are, whatever the file."""
    were = Project.programs, sys.executable
    Project.programs, sys.executable = None, PYTHON
    yield
    Project.programs, sys.executable = were


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(module: str, *words: str, health: str, **how: Any) -> Iterator[None]:
    """Run a server until it is no longer needed; wait until its address ``health`` answers."""
    command = [sys.executable, "-m", module, *words]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **quiet, **how)
    try:
        answers(health)
        yield
    finally:
        server.terminate()
        server.wait()


def answers(health: str) -> None:
    """Wait until an address answers, two minutes at most."""
    for _ in range(240):
        try:
            urllib.request.urlopen(health, timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the files ``FIRST`` first, in their order."""
    place = {f"test_{name}": number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session")
def prefect_server(of_all_workers: Path) -> dict[str, str]:
    """Give the environment in which a real Prefect server is found.

    Whoever of the workers needs it first starts it for all; it ends with the test session.
    """
    known = of_all_workers / "prefect.json"
    with waiting(of_all_workers / "prefect.lock", "starts Prefect"):
        if not known.exists():
            port, home = free_port(), of_all_workers / "prefect"
            url = f"http://127.0.0.1:{port}/api"
            # its pages would ask another port else
            env = {"PREFECT_API_URL": url, "PREFECT_SERVER_UI_API_URL": url}
            env["PREFECT_HOME"] = str(home)
            home.mkdir()
            ready(of_prefect(home / "prefect.db"))
            words = (sys.executable, "-m", "prefect", "server", "start", "--port", str(port))
            command = [sys.executable, "-c", WHILE, str(of_session()), *words]
            subprocess.Popen(
                command, env={**os.environ, **env}, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            answers(f"{url}/health")
            known.write_text(json.dumps(env))
    return dict(json.loads(known.read_text()))


def of_session() -> int:
    """Return the process that ends when all tests have."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@pytest.fixture(scope="session")
def programs(of_all_workers: Path) -> Path:
    """Give the programs that ask the server of preloaded commands, which all workers share."""
    folder = of_all_workers / "preloaded"
    with waiting(of_all_workers / "preloaded.lock", "imports what commands import"):
        if not folder.exists():
            preloaded.start(folder, of_session())
    return folder


@pytest.fixture(autouse=True, scope="module")
def commands(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let projects of some files of tests run their commands preloaded."""
    if request.path.stem.removeprefix("test_") in preloaded.FILES:
        Project.programs = request.getfixturevalue("programs")
    yield
    Project.programs = None


@pytest.fixture(scope="module")
def preloaded_interpreter(programs: Path) -> Iterator[None]:
    """Let what tests start with their interpreter be preloaded, where it is ours or a script."""
    sys.executable = preloaded.served((PYTHON,), programs, {**os.environ})[0]
    yield
    sys.executable = PYTHON


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of one's own, with a command line that is put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["faircompress"])


@pytest.fixture(scope="session")
def of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that all workers of a test session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def finished(
    of_all_workers: Path, prefect_server: dict[str, str]
) -> tuple[Project, subprocess.CompletedProcess[str]]:
    """Give a tiny project after its first run, and what the run said. Do not change it.

    Whoever of the workers needs it first runs it for all.
    """
    folder, said = of_all_workers / "finished", of_all_workers / "finished.json"
    with waiting(of_all_workers / "finished.lock", "runs the chain"):
        if not said.exists():
            folder.mkdir()
            project = new_project(folder)
            project.set(gate={"rules": [WIDE]})
            commit(project, "lenient")
            project.env = prefect_server
            with afresh():
                done = project.run()
            said.write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]))
    project = Project(folder, prefect_server)
    return project, subprocess.CompletedProcess(*json.loads(said.read_text()))
