"""Mistakes in params.yaml are found at once, all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from faircompress.config import params

PARAMS = Path(__file__).parent.parent / "params.yaml"


def mistakes(*overrides: str) -> str:
    with pytest.raises(params.BadParams) as error:
        params.load(PARAMS, overrides)
    return str(error.value)


def test_the_params_of_the_project_are_fine() -> None:
    assert params.load(PARAMS).prune.speedup > 1


def test_all_mistakes_are_named_at_once() -> None:
    said = mistakes("train.epochs=-1", "prune.speedup=0.5", "gate.rules=[]")
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "train.epochs", "prune.speedup", "gate.rules",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("train.epoch=3", "train.epoch: unknown key. Did you mean 'epochs'?"),
        ("data.name=celba", "data.name: 'celba' is not known. Did you mean 'celeba'?"),
        ("train.model=resnet81", "no model 'resnet81'. Did you mean 'resnet18'?"),
        ("prune.finetune.performance_weighted.gama=1", "gama: unknown key. Did you mean 'gamma'?"),
    ],
)
def test_the_word_that_was_meant_is_suggested(override: str, meant: str) -> None:
    assert meant in mistakes(override)


def test_an_old_key_is_named_with_the_new_one_beside_other_mistakes() -> None:
    assert mistakes("gate.threshold=validation", "train.epochs=-1").splitlines() == [
        "gate.threshold: is now export.threshold, since the operating point is folded into the "
        "files. Write export.threshold: validation, or leave it out for the default.",
        "train.epochs: Input should be greater than or equal to 0 (found -1).",
    ]


@pytest.mark.parametrize("threshold", ["baseline", "validation", "0.3"])
def test_a_threshold_is_a_number_or_where_to_find_one(threshold: str) -> None:
    assert str(params.load(PARAMS, [f"export.threshold={threshold}"]).export.threshold) == threshold
    assert "export.threshold" in mistakes("export.threshold=1.5")


def test_options_of_a_plugin_are_bound_by_its_own_signature() -> None:
    said = mistakes("prune.finetune.performance_weighted.min_weight=1.5")
    assert "less than or equal to 1" in said


def test_a_list_where_a_number_belongs_is_named() -> None:
    assert "data.resize" in mistakes("data.resize=[48]")


def test_a_speed_up_to_be_found_is_what_the_search_is_for() -> None:
    with pytest.raises(params.BadParams, match="auto is found by a search: faircompress run -S"):
        params.load(PARAMS, ["prune.speedup=auto"])


@pytest.mark.parametrize(
    "given", ["limit: 1.0e-300", "limit: 0.1, confidence: 0.9999999999999999", "limit: 1.0e-10"]
)
def test_what_is_too_near_to_0_or_1_to_be_counted_is_refused(given: str) -> None:
    said = mistakes(f"gate.rules=[{{metric: auroc, rule: change, because: t, {given}}}]")
    assert "is nearer to 0 or 1 than 1e-09; no number of rows shows it" in said


def test_the_same_rule_twice_is_refused() -> None:
    rule = "{metric: auroc, rule: change, limit: 0.1}"
    assert "two rules change on auroc" in mistakes(f"gate.rules=[{rule}, {rule}]")


@pytest.mark.parametrize("override", ["train.epochs", "=3", "train.epochs.more=3"])
def test_an_override_that_is_none_is_refused(override: str) -> None:
    assert override in mistakes(override)


def test_every_torchvision_classifier_is_known() -> None:
    assert {"resnet18", "vgg16", "efficientnet_v2_s", "convnext_tiny"} <= set(params.model_names())
    assert "fcn_resnet50" not in params.model_names()


def test_params_are_checked_without_torch_prefect_or_mlflow() -> None:
    code = (
        "import sys; from pathlib import Path; from faircompress.config import params;"
        f"params.load(Path({str(PARAMS)!r}));"
        "print([m for m in ('torch', 'prefect', 'mlflow', 'pandas') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
