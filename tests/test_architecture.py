"""The house stays as it was drawn."""

import functools
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
import yaml

from faircompress.support.errors import InputError

ROOT = Path(__file__).parent.parent
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


# Imports run downward. The command line starts the flows of a project, which call the rooms below.
ROOMS = (
    "cli", "flows", "orchestration", "stages", "auditing", "rehearsal", "registry", "study",
    "search", "second_opinion", "monitoring", "report", "ledger", "export", "evaluation",
    "statistics",
    "compression", "training", "networks", "validation", "data", "config", "support",
)  # fmt: skip


@functools.cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "faircompress", "flows", include_external_packages=True, exclude_type_checking_imports=True
    )


@pytest.mark.parametrize("stage", [s for s in STAGES if not STAGES[s].get("always_changed")])
def test_a_stage_depends_on_its_own_code_key_and_on_no_file_of_code(stage: str) -> None:
    assert {"artifacts/code.json": [stage]} in STAGES[stage]["params"]
    assert [dep for dep in STAGES[stage].get("deps", ()) if not dep.startswith("artifacts/")] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_file_gives_the_function_of_its_name(stage: str) -> None:
    source = (ROOT / "src/faircompress/stages" / f"{stage}.py").read_text()
    assert re.search(rf"^def {stage}\(params: Params, artifacts: Path\)", source, re.MULTILINE)


def test_no_file_is_longer_than_300_lines() -> None:
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("flows/*.py"), *ROOT.glob("tests/*.py")]
    assert [f.name for f in files if len(f.read_text().splitlines()) > 300] == []


def importers(package: str) -> set[str]:
    known = graph().modules
    return set(graph().find_modules_that_directly_import(package)) if package in known else set()


def room_of(module: str) -> str:
    package, _, rest = module.partition(".")
    return package if package == "flows" else rest.partition(".")[0]


def test_imports_run_downward_through_the_rooms() -> None:
    upward = [
        f"{module} imports {other}"
        for module in graph().modules
        for other in graph().find_modules_directly_imported_by(module)
        if (one := room_of(module)) in ROOMS
        and (two := room_of(other)) in ROOMS
        and ROOMS.index(two) < ROOMS.index(one)
    ]
    assert upward == []


def test_every_module_is_in_a_room() -> None:
    package = ROOT / "src/faircompress"
    assert {p.name for p in package.glob("*.py")} == {"__init__.py", "__main__.py"}
    folders = {p.parent.name for p in package.glob("*/__init__.py")}
    assert folders == set(ROOMS) - {"flows"}


def test_only_the_registry_knows_mlflow() -> None:
    assert {room_of(module) for module in importers("mlflow")} == {"registry"}


@pytest.mark.parametrize("package", ["prefect", "dvc"])
def test_only_flows_and_who_starts_or_serves_them_know_prefect_and_dvc(package: str) -> None:
    assert {room_of(module) for module in importers(package)} <= {"cli", "flows", "orchestration"}


def test_the_evaluation_sees_neither_torch_nor_models_nor_pictures() -> None:
    heavy = {"torch", "torchvision", "lightning_fabric", "onnx", "onnxruntime", "PIL"}
    evaluation = graph().find_upstream_modules("faircompress.evaluation.evaluate")
    assert heavy & {m.split(".")[0] for m in evaluation} == set()


def test_no_stage_imports_another() -> None:
    stages = {f"faircompress.stages.{stage}" for stage in STAGES}
    assert all(not graph().find_upstream_modules(s) & (stages - {s}) for s in stages)


def test_the_command_line_answers_without_importing_anything_heavy() -> None:
    code = (
        "import sys, faircompress.cli.main;"
        "print([m for m in ('torch', 'prefect', 'mlflow', 'pandas', 'numpy') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_nothing_is_unpickled_but_plain_tensors() -> None:
    sources = {f: f.read_text() for f in ROOT.glob("src/**/*.py")}
    loads = [
        (f.name, line) for f, text in sources.items() for line in text.splitlines()
        if "torch.load(" in line and "weights_only=True" not in line
    ]  # fmt: skip
    assert loads == []
    assert [f.name for f, text in sources.items() if "pickle.load" in text] == []


def test_what_is_raised_belongs_to_the_one_tree_of_errors() -> None:
    plain = re.compile(r"raise (ValueError|RuntimeError|Exception|NotImplementedError)\b")
    sources = {f: f.read_text() for f in [*ROOT.glob("src/**/*.py"), *ROOT.glob("flows/*.py")]}
    assert [f.name for f, text in sources.items() if plain.search(text)] == []


def test_a_bug_shows_its_traceback_and_a_mistake_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from faircompress.cli import main

    for error, traced in ((ValueError("of a library"), True), (InputError("of a user"), False)):
        monkeypatch.setattr(main, "app", functools.partial(_raise, error))
        with pytest.raises(SystemExit) as end:
            main.main()
        said = capsys.readouterr().err
        assert end.value.code == 3
        assert ("Traceback" in said, "This is a bug" in said) == (traced, traced)


def _raise(error: Exception, **_: object) -> None:
    raise error
