"""Weights from files of others: read without running code, or refused with the way out."""

from pathlib import Path

import pytest
import torch
from giving import PICTURES, Giving
from torch import nn

from faircompress.networks.weight_files import read_state_dicts
from faircompress.networks.weights import load_weights


def weights_in(path: Path, *, kind: str) -> Path:
    from safetensors.torch import save_file

    net = Giving()
    state = net.state_dict()
    match kind:
        case "safetensors":
            save_file(state, path)
        case "checkpoint":
            torch.save(
                {"epoch": 3, "state_dict": {f"module.{n}": t for n, t in state.items()}}, path
            )
        case "torchscript":
            torch.jit.trace(net.eval(), PICTURES).save(str(path))
        case "export":
            torch.export.save(torch.export.export(net.eval(), (PICTURES,)), path)
        case "pickled":
            torch.save(net, path)
        case "onnx":
            path.write_bytes(b"\x08\x0a\x12\x07pytorch" * 20)
        case "other":
            torch.save(Giving(3).state_dict(), path)
        case "empty":
            torch.save({"epoch": 3}, path)
        case _:
            torch.save(state, path)
    return path


@pytest.mark.parametrize("kind", ["plain", "checkpoint", "safetensors"])
def test_weights_are_read_from_state_dicts_checkpoints_and_safetensors(
    kind: str, tmp_path: Path
) -> None:
    net = Giving()
    nn.init.zeros_(net.maps.weight)
    assert load_weights(net, weights_in(tmp_path / "w.pt", kind=kind), fresh_head=False) == []
    assert torch.equal(net.maps.weight, Giving().maps.weight)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("torchscript", r"is TorchScript, .*torch.jit.load"), ("onnx", "neither safetensors nor"),
     ("export", r"is a program of torch.export, .*torch.export.load"),
     ("pickled", "whose code is never run here.* torch.save"), ("empty", "holds no state dict"),
     ("missing", "there is no such file")],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_with_the_way_out(
    kind: str, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.pt2"
    if kind != "missing":
        weights_in(path, kind=kind)
    with pytest.raises((ValueError, FileNotFoundError), match=why):
        read_state_dicts(path)


def test_a_head_of_other_classes_starts_anew_only_where_it_can_learn(tmp_path: Path) -> None:
    path = weights_in(tmp_path / "w.pt", kind="other")
    net = Giving()
    assert load_weights(net, path, fresh_head=True) == ["give.bias", "give.weight"]
    assert torch.equal(net.maps.weight, Giving(3).maps.weight)
    with pytest.raises(ValueError, match=r"give.bias is \[3\] there and \[2\] here"):
        load_weights(net, path, fresh_head=False)


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    path = weights_in(tmp_path / "w.pt", kind="plain")
    with pytest.raises(ValueError, match=r"it lacks 22 of 27 .* has 4 that are not known"):
        load_weights(
            nn.Sequential(*[nn.BatchNorm2d(4)] * 5, nn.Linear(2, 2)), path, fresh_head=True
        )
