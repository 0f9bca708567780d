"""The house stays as it was drawn."""

import functools
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
import yaml

ROOT = Path(__file__).parent.parent
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# They decide, carry or show, but compute nothing that a stage's results depend on.
CARRIERS = {
    "faircompress.bad_params", "faircompress.bounds", "faircompress.checkpoints",
    "faircompress.evaluation.rule_config", "faircompress.figures",
    "faircompress.files", "faircompress.params", "faircompress.plugins", "faircompress.precisions",
    "faircompress.progress", "faircompress.rehearsal", "faircompress.renamed_keys",
    "faircompress.yaml_text",
}  # fmt: skip
FOLDERS = (
    "datasets", "models", "criteria", "objectives", "metrics", "statistics", "evaluation", "report",
)  # fmt: skip
PLUGGED = {  # chosen by name; what they import counts for the stage
    "validate": ("datasets",), "train": ("models",), "prune": ("models", "criteria", "objectives"),
    "export": ("models",), "gate": ("metrics", "evaluation/rules"),
}  # fmt: skip


@functools.cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "faircompress", "flows", include_external_packages=True, exclude_type_checking_imports=True
    )


def computing_modules(stage: str) -> set[str]:
    """Return the modules of ours that a stage imports, at any depth, which compute something."""
    folders = [f"faircompress.{f.replace('/', '.')}" for f in PLUGGED.get(stage, ())]
    plugged = {module for folder in folders for module in graph().find_children(folder)}
    start = {f"faircompress.stages.{stage}", *plugged}
    found = start.union(*(graph().find_upstream_modules(module) for module in start)) - plugged
    ours = {m for m in found if m.startswith("faircompress.")}
    packages = {f"faircompress.{folder}" for folder in (*FOLDERS, "stages")}
    return ours - CARRIERS - packages


def covered(module: str, deps: list[str]) -> bool:
    path = "src/" + module.replace(".", "/")
    return any(path == dep.removesuffix(".py") or path.startswith(dep + "/") for dep in deps)


@pytest.mark.parametrize("stage", [s for s in STAGES if not STAGES[s].get("always_changed")])
def test_a_stage_depends_on_every_module_it_computes_with(stage: str) -> None:
    deps = STAGES[stage].get("deps", [])
    assert [m for m in sorted(computing_modules(stage)) if not covered(m, deps)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_no_module_it_does_not_use(stage: str) -> None:
    found = [d for d in STAGES[stage].get("deps", []) if d.startswith("src/") and "$" not in d]
    assert [d for d in found if not (ROOT / d).exists()] == []
    deps = [d for d in found if "/templates/" not in d]
    used = computing_modules(stage)
    unused = [
        dep for dep in deps
        if not any(covered(m, [dep]) for m in used) and Path(dep).name not in PLUGGED[stage]
    ]  # fmt: skip
    assert unused == []


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


def test_only_tracking_and_its_client_know_mlflow() -> None:
    assert importers("mlflow") == {"faircompress.tracking", "faircompress.mlflow_client"}


@pytest.mark.parametrize("package", ["prefect", "dvc"])
def test_only_flows_knows_prefect_and_dvc(package: str) -> None:
    assert {m.split(".")[0] for m in importers(package)} <= {"flows"}


def test_the_evaluation_sees_neither_torch_nor_models_nor_pictures() -> None:
    heavy = {"torch", "torchvision", "lightning", "onnx", "onnxruntime", "PIL"}
    evaluation = graph().find_upstream_modules("faircompress.evaluation.evaluate")
    assert heavy & {m.split(".")[0] for m in evaluation} == set()


def test_no_stage_imports_another() -> None:
    stages = {f"faircompress.stages.{stage}" for stage in STAGES}
    assert all(not graph().find_upstream_modules(s) & (stages - {s}) for s in stages)


def test_nothing_below_imports_stages_or_flows() -> None:
    upper = {m for m in graph().modules if m.startswith(("faircompress.stages.", "flows"))}
    lower = {
        m for m in graph().modules
        if m.startswith("faircompress.") and not m.startswith("faircompress.stages")
        and m != "faircompress.cli"
    }  # fmt: skip
    assert {
        m: u for m in lower if (u := graph().find_modules_directly_imported_by(m) & upper)
    } == {}


def test_the_command_line_answers_without_importing_anything_heavy() -> None:
    code = (
        "import sys, faircompress.cli;"
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
