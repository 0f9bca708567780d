"""The thesis's experiments by name."""

from pathlib import Path

import pytest
import yaml

from faircompress.config.params import BadParams, Params, load
from faircompress.config.presets import overrides, preset

ROOT = Path(__file__).parent.parent
PRESETS = ROOT / "presets.yaml"
KNOWN = yaml.safe_load(PRESETS.read_text("utf-8"))
ROWS = [  # of the thesis: model, fine-tuning lr, epochs, batch, least speed-up
    ("celeba-1", "resnet18", 1e-4, 30, 256, 16),
    ("celeba-2", "vgg16", 5e-4, 10, 64, 16),
    ("cifar10-1", "resnet56", 1e-3, 200, 256, 1.33),
    ("cifar10-2", "efficientnet_v2_s", 1e-5, 10, 128, 1.33),
    ("fitzpatrick17k-1", "resnet34", 1e-4, 30, 64, 2),
    ("fitzpatrick17k-2", "efficientnet_v2_m", 1e-5, 50, 32, 1.33),
]


def read(*names: str) -> Params:
    return load(ROOT / "params.yaml", preset(PRESETS, names))


@pytest.mark.parametrize("name", KNOWN)
def test_every_preset_is_made_of_params_that_exist(name: str) -> None:
    read(name)


@pytest.mark.parametrize(("name", "model", "lr", "epochs", "batch", "speedup"), ROWS)
def test_a_row_of_the_thesis_is_a_preset(
    name: str, model: str, lr: float, epochs: int, batch: int, speedup: float
) -> None:
    for found in (read(name), read(f"{name}-autobot")):
        assert found.train.model == model
        assert (found.prune.lr, found.prune.epochs, found.prune.batch) == (lr, epochs, batch)
        assert found.prune.speedup == speedup
        assert found.prune.scoring.name == found.prune.finetune.name == "performance_weighted"


@pytest.mark.parametrize("row", [row[0] for row in ROWS])
def test_every_row_has_a_twin_with_its_method_on_a_small_network(row: str) -> None:
    for name in (row, f"{row}-autobot"):
        full, small = read(name), read(f"{name}-small")
        assert small.train.model == "small"
        assert small.train.weights is None
        assert small.prune.criterion == full.prune.criterion
        assert small.prune.finetune == full.prune.finetune
        assert small.data.name == full.data.name


def test_a_later_preset_wins_and_a_fragment_makes_the_plain_form() -> None:
    plain = read("celeba-1", "plain")
    assert plain.prune.finetune.name == "cross_entropy"
    assert plain.prune.scoring.name == "cross_entropy"
    assert plain.train.model == "resnet18"


def test_nested_keys_become_overrides() -> None:
    assert overrides({"a": {"b": 1, "c": None}, "d": [1]}) == ["a.b=1", "a.c=null", "d=[1]"]


def test_an_unknown_preset_is_named_with_the_one_meant() -> None:
    with pytest.raises(BadParams, match="Did you mean 'celeba-1'"):
        preset(PRESETS, ["celeba_1"])


def test_a_preset_that_extends_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "presets.yaml").write_text("a: {extends: [b]}\nb: {extends: [a]}\n")
    with pytest.raises(BadParams, match="extends itself, by way of a -> b"):
        preset(tmp_path / "presets.yaml", ["a"])
