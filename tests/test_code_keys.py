"""A stage's key changes with the code that its results depend on, and with nothing else."""

import ast
import json
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import grimp
import pytest

from faircompress.config import code_keys, params, plugins
from faircompress.config.code_keys import (
    NOT_COMPUTING,
    CodeChanged,
    Package,
    chosen_plugins,
    key_of,
    raise_if_changed,
    stage_keys,
)
from faircompress.config.code_sources import Source
from faircompress.stages.code import code

ROOT = Path(__file__).parent.parent
STAGES = ("validate", "train", "prune", "export", "gate")


def chosen(*overrides: str) -> params.Params:
    return params.load(ROOT / "params.yaml", overrides)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the package; a test that changes it puts it right."""
    folder = tmp_path_factory.mktemp("code") / "faircompress"
    shutil.copytree(plugins.ROOT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def keys(package: Path, *overrides: str) -> dict[str, str]:
    read = Package(package, package.parent / "memory.json")
    return {s: read.key(f"stages.{s}", chosen_plugins(chosen(*overrides))) for s in STAGES}


@cache
def before_changes(package: Path, *overrides: str) -> dict[str, str]:
    """Return the keys of a package that every test puts right."""
    return keys(package, *overrides)


def changed(package: Path, file: str, *overrides: str) -> set[str]:
    """Add to a file; return the stages whose key changes by it."""
    before, path = before_changes(package, *overrides), package / file
    text = path.read_text()
    path.write_text(text + "\nADDED = 1\n")
    after = keys(package, *overrides)
    path.write_text(text)
    return {stage for stage in STAGES if before[stage] != after[stage]}


def reworded(text: str) -> str:
    """Put a comment on top and other words into every docstring."""
    lines, kinds = text.split("\n"), (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, kinds) and ast.get_docstring(node) is not None:
            row = node.body[0].lineno - 1
            lines[row] = lines[row].replace('"""', '"""In other words: ', 1)
    return "\n".join(["# a comment", "", *lines])


def test_other_docstrings_and_comments_in_every_module_change_no_key(
    copy: Path, tmp_path: Path
) -> None:
    other = tmp_path / "faircompress"
    shutil.copytree(copy, other)
    for path in other.rglob("*.py"):
        path.write_text(reworded(path.read_text()))
    assert "In other words" in (other / "stages/train.py").read_text()
    assert keys(other) == keys(copy)


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("compression/cut.py", ["prune"]),
        ("compression/compress.py", ["prune"]),
        ("compression/channels.py", ["prune", "export"]),  # export counts multiply-adds with it
        ("networks/layers.py", ["train", "prune", "export"]),
        ("training/fit.py", ["train", "prune"]),
        ("training/learning_curves.py", ["train", "prune"]),
        ("networks/network.py", ["train", "prune", "export"]),
        ("export/to_onnx.py", ["export"]),
        ("__init__.py", ["export", "gate"]),  # the version stands in the file and on the page
        ("evaluation/costs.py", ["gate"]),
        ("statistics/betting.py", ["gate"]),
        ("report/html.py", ["gate"]),
        ("templates/report.html.j2", ["gate"]),
        ("templates/findings.html", ["validate"]),
        ("templates/study.html.j2", []),
        ("validation/check_suite.py", ["validate"]),
        ("support/figures.py", []),
        ("rehearsal/trial.py", []),
        ("config/params.py", []),
        ("cli/main.py", []),
        ("study/plots.py", []),
    ],
)
def test_a_changed_file_changes_the_keys_of_those_who_compute_with_it(
    copy: Path, file: str, stages: Sequence[str]
) -> None:
    assert changed(copy, file) == set(stages)


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("compression/criteria/autobot.py", ["prune"]),
        ("compression/criteria/taylor.py", []),
        ("networks/models/resnet56.py", ["train", "prune", "export"]),
        ("networks/models/resnet20.py", ["train", "prune", "export"]),  # resnet56 is made of it
        ("networks/models/small.py", []),
        ("training/objectives/cross_entropy.py", ["train", "prune"]),
        ("training/objectives/distillation.py", ["prune"]),
        ("training/objectives/performance_weighted.py", []),
        ("training/heads/dfr.py", ["prune"]),
        ("training/heads/dpe.py", []),
        ("data/sources/portraits.py", ["validate"]),
        ("data/sources/celeba.py", []),
        ("statistics/metrics/accuracy.py", ["gate"]),  # all metrics are reported
        ("evaluation/rules/minimum.py", ["gate"]),
        ("evaluation/rules/gap.py", []),
    ],
)
def test_of_plug_ins_only_those_count_that_the_params_choose(
    copy: Path, file: str, stages: Sequence[str]
) -> None:
    choices = (
        "prune.criterion.name=autobot", "train.model=resnet56",
        "prune.scoring.name=cross_entropy", "prune.finetune.name=distillation",
        "prune.head.name=dfr",
        "gate.rules=[{rule: minimum, metric: auroc, limit: 0.5, because: a test}]",
    )  # fmt: skip
    assert changed(copy, file, *choices) == set(stages)


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_imports_is_in_its_key_or_computes_nothing(stage: str) -> None:
    graph = grimp.build_graph("faircompress", exclude_type_checking_imports=True)
    for module in NOT_COMPUTING:
        graph.remove_module(f"faircompress.{module}")
    imported = graph.find_upstream_modules(f"faircompress.stages.{stage}")
    names = {module.partition(".")[2] for module in imported}
    known = chosen_plugins(chosen("prune.target={file_mb: 1}"))  # what a plain cut has no use for
    assert names <= Package(plugins.ROOT).reached(f"stages.{stage}", known)


def test_imports_are_found_wherever_they_stand() -> None:
    text = """
from typing import TYPE_CHECKING
import own.a.b as c
from own import d
if TYPE_CHECKING:
    from own import e
def late():
    from ..f import g
    from . import h
"""
    found = Source.of(text, "own.room").imports
    assert found == ("own.a.b", "own.d", "own.f.g", "own.room.h", "typing.TYPE_CHECKING")


def test_values_types_and_names_count() -> None:
    texts = ("a: int = 1", "a: int = 2", "a: int = 1.0", "a: float = 1", "b: int = 1", "a = '1'")
    assert len({Source.of(text, "own").sha256 for text in texts}) == len(texts)


def test_another_minor_version_of_torch_counts_and_a_patch_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for number in ("2.14.0", "2.14.1", "2.15.0"):
        monkeypatch.setattr(code_keys, "version", lambda name, number=number: number)
        found.append(stage_keys(chosen()))
    assert found[0] == found[1]
    assert all(found[0][stage] != found[2][stage] for stage in STAGES if stage != "gate")


@pytest.mark.parametrize("text", ["", "[]", '{"reader": [], "sources": {}}'])
def test_a_damaged_memory_costs_time_and_nothing_else(tmp_path: Path, text: str) -> None:
    package, memory = tmp_path / "own", tmp_path / "memory.json"
    package.mkdir()
    (package / "pruning.py").write_text("from own.scores import score\n")
    (package / "scores.py").write_text("score = 1\n")
    first = Package(package, memory).key("pruning", {})
    good = json.loads(memory.read_text())
    memory.write_text(text)
    assert Package(package, memory).key("pruning", {}) == first
    assert json.loads(memory.read_text()) == good  # it is whole again


def test_a_file_that_is_no_python_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pruning.py").write_text("a = 1\nb = \n")
    with pytest.raises(ValueError, match=r"pruning\.py, line 2, is no Python"):
        Package(tmp_path, tmp_path / "memory.json").key("pruning", {})


def test_a_stage_refuses_to_run_other_code_than_it_is_recorded_with(tmp_path: Path) -> None:
    raise_if_changed("train", chosen(), tmp_path)  # nothing is recorded yet
    written = code(chosen(), tmp_path)
    (tmp_path / "code.json").write_text(json.dumps(written))
    raise_if_changed("prune", chosen(), tmp_path)
    assert written["prune"] == key_of("stages.prune", chosen())
    with pytest.raises(CodeChanged, match="code of stage prune, .* Run again"):
        raise_if_changed("prune", chosen("prune.criterion.name=autobot"), tmp_path)
