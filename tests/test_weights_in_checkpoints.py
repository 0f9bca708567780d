"""Which tensors of a checkpoint are a network's: those that fit, if no others do."""

import argparse
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from giving import Giving
from torch import Tensor, nn

from faircompress.networks.weights import load_weights

State = dict[str, Tensor]


def changed(state: State, by: float = 1.0) -> State:
    return {name: tensor + by for name, tensor in state.items()}


def under(prefix: str, state: State) -> State:
    return {f"{prefix}.{name}": tensor for name, tensor in state.items()}


def read(content: Any, path: Path, net: nn.Module | None = None) -> nn.Module:
    torch.save(content, path)
    net = net or Giving()
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    load_weights(net, path, fresh_head=False)
    return net


HELD: dict[str, Callable[[State], Any]] = {
    "by any name": lambda s: {"model_state": s, "epoch": 3},
    "of an average alone": lambda s: {"ema": under("module", s), "decay": 0.9},
    "deep": lambda s: {"checkpoint": {"best": {"state_dict": s}}},
    "the same twice": lambda s: {"model": s, "best": dict(s)},
    "of Lightning with a loss": lambda s: {
        "state_dict": {**under("model", s), "criterion.weight": torch.ones(2)},
        "hyper_parameters": argparse.Namespace(lr=0.1), "best": np.float64(0.9), "at": Path("x"),
    },
    "of a compiled part": lambda s: {
        name.replace("maps.", "maps._orig_mod."): t for name, t in s.items()
    },
    "with an optimiser": lambda s: {
        "model": s, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}},
    },
    "averaged": lambda s: {"n_averaged": torch.tensor(3), **under("module", s)},
    "sparse": lambda s: {name: t.to_sparse() for name, t in s.items()},
    "half": lambda s: {name: t.half() for name, t in s.items()},
}  # fmt: skip


@pytest.mark.parametrize("held", HELD)
def test_weights_are_found_wherever_a_checkpoint_holds_them(held: str, tmp_path: Path) -> None:
    wanted = Giving().maps.weight
    found = read(HELD[held](Giving().state_dict()), tmp_path / "w.pt")
    assert torch.allclose(found.get_parameter("maps.weight"), wanted, atol=1e-3)


@pytest.mark.parametrize(
    ("keys", "held"),
    [
        ("'model', 'model_ema'", lambda s: {"model": s, "model_ema": changed(s)}),
        ("'state_dict.ema', 'state_dict.net'",
         lambda s: {"state_dict": {**under("net", s), **under("ema", changed(s))}}),
        ("'ema_model', 'online_model'",
         lambda s: {**under("online_model", s), **under("ema_model", changed(s)),
                    "initted": torch.tensor(True)}),
    ],
)  # fmt: skip
def test_of_several_that_fit_none_is_chosen_and_the_line_that_chooses_works(
    keys: str, held: Callable[[State], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"that fit, {keys}, and they differ") as caught:
        read(held(Giving().state_dict()), Path("w.pt"))
    line = re.search(r"torch\.save\(.*\)", str(caught.value))
    assert line is not None
    exec(line[0], {"torch": torch})
    net = Giving()
    assert load_weights(net, Path("weights.pt"), fresh_head=False) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: (100 * t).to(torch.int8), "is int8 there and float32 here"),
        (lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), "is qint8 there"),
        (lambda t: torch.complex(t, t), "is complex64 there"),
        (lambda t: t.to("meta"), "has no values"),
        (lambda t: t * torch.nan, "numbers that are not finite"),
    ],
)
def test_tensors_that_would_be_other_numbers_are_refused(
    change: Callable[[Tensor], Tensor], why: str, tmp_path: Path
) -> None:
    state = Giving().state_dict()
    with pytest.raises(ValueError, match=f"maps.weight .*{why}"):
        read({**state, "maps.weight": change(state["maps.weight"])}, tmp_path / "w.pt")


def test_what_stands_around_a_network_may_not_be_left_out(tmp_path: Path) -> None:
    state = {**under("model", Giving().state_dict()), "normalise.mean": torch.ones(1, 3, 1, 1)}
    with pytest.raises(ValueError, match=r"has 1 that are not known, normalise\.mean"):
        read(state, tmp_path / "w.pt")


class Tied(nn.Module):
    """One weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.fc = (nn.Linear(2, 2, bias=False) for _ in range(3))
        self.two.weight = self.one.weight


def test_one_tensor_of_two_names_needs_one_and_takes_no_two(tmp_path: Path) -> None:
    one, other = torch.ones(2, 2), torch.zeros(2, 2)
    net = read({"one.weight": one, "fc.weight": one}, tmp_path / "w.pt", Tied())
    assert torch.equal(net.get_parameter("two.weight"), one)
    with pytest.raises(ValueError, match=r"gives one\.weight and two\.weight different values"):
        read({"one.weight": one, "two.weight": other, "fc.weight": one}, tmp_path / "w.pt", Tied())


def test_a_table_of_positions_of_another_size_stays_as_it_is(tmp_path: Path) -> None:
    net, state = Giving(), Giving().state_dict()
    net.register_buffer("position_ids", torch.arange(4))
    read({**state, "position_ids": torch.arange(9)}, tmp_path / "w.pt", net)
    assert net.get_buffer("position_ids").tolist() == [0, 1, 2, 3]


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("weights.pt", b"")
    return buffer.getvalue()


def _saved() -> bytes:
    buffer = io.BytesIO()
    torch.save(Giving().state_dict(), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("w.pt", _saved()[:-100], "its end is missing: copy it again"),
        ("w.pt", b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        ("w.zip", _zipped(), r"a zip file that torch.save did not write \(weights.pt\)"),
        ("model.safetensors.index.json", b'{"weight_map": {}}', "the list of several files"),
        ("w.gz", b"\x1f\x8b0000000", "packed by gzip"),
        ("w.txt", b"0.5 0.5", "neither safetensors nor written by torch.save"),
    ],
)
def test_what_holds_no_weights_is_named(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=why):
        load_weights(Giving(), tmp_path / name, fresh_head=True)


def test_of_a_folder_a_file_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ValueError, match=r"is a folder; name the file .* model\.safetensors"):
        load_weights(Giving(), tmp_path, fresh_head=True)
