"""Sets of prototypes as a last layer: what is minimised, what it says, and its files."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from test_heads import known, pictures, small

from faircompress.export.quantize import to_fp16, to_int8
from faircompress.export.to_onnx import to_onnx
from faircompress.networks import network as networks
from faircompress.networks.layers import head
from faircompress.networks.prototypes import Prototypes
from faircompress.training.heads.dpe import as_layer, dpe, prototype_loss
from faircompress.training.refitting import with_layer


def loss_by_hand(
    features: np.ndarray, labels: np.ndarray, prototypes: np.ndarray, scale: float,
    before: Sequence[np.ndarray],
) -> float:  # fmt: skip
    """Return the loss of the paper, term by term, in plain numpy."""
    total = 0.0
    for x, label in zip(features, labels, strict=True):
        apart = [
            abs(scale) * np.sqrt(((x - p / np.sqrt((p**2).sum())) ** 2).sum()) for p in prototypes
        ]
        shares = np.exp(-30 * np.array(apart))
        total -= np.log(shares[label] / shares.sum()) / len(features)
    total += 10 * np.mean([(p**2).sum() for p in prototypes])
    likeness = 0.0
    for place, prototype in enumerate(prototypes):
        likeness += sum(prototype @ other[place] for other in before) / (len(before) + 1)
    return total + 500 * abs(likeness / len(prototypes))


@pytest.mark.parametrize("sets", [0, 1, 3])
def test_the_prototypes_loss_and_gradient_are_those_of_plain_numpy(sets: int) -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(12, 5))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    labels, prototypes = rng.integers(0, 3, 12), rng.normal(size=(3, 5))
    before, scale = [rng.normal(size=(3, 5)) for _ in range(sets)], -0.2
    ours = torch.from_numpy(prototypes).requires_grad_()
    scales = torch.tensor([scale], dtype=torch.float64, requires_grad=True)
    loss = prototype_loss(
        torch.from_numpy(features), torch.from_numpy(labels), ours, scales,
        [torch.from_numpy(one) for one in before], sharpness=30, shrink=10, diversity=500,
    )  # fmt: skip
    loss.backward()
    assert loss.item() == pytest.approx(loss_by_hand(features, labels, prototypes, scale, before))
    assert ours.grad is not None and scales.grad is not None
    step = 1e-6
    for place in np.ndindex(prototypes.shape):
        moved = prototypes.copy()
        moved[place] += step
        up = loss_by_hand(features, labels, moved, scale, before)
        moved[place] -= 2 * step
        slope = (up - loss_by_hand(features, labels, moved, scale, before)) / (2 * step)
        assert ours.grad[place].item() == pytest.approx(slope, abs=1e-4)


def test_prototypes_say_the_mean_of_what_their_sets_say() -> None:
    rng = np.random.default_rng(0)
    sets = [
        (torch.from_numpy(rng.normal(size=(3, 5))).float(), torch.tensor([s])) for s in (1.5, -0.7)
    ]
    features = rng.normal(size=(4, 5)).astype(np.float32)
    centred = features - features.mean(1, keepdims=True)
    x = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    shares = []
    for prototypes, scale in sets:
        p = prototypes.numpy() / np.linalg.norm(prototypes.numpy(), axis=1, keepdims=True)
        near = np.exp(-abs(float(scale)) * np.linalg.norm(x[:, None] - p[None], axis=2))
        shares.append(near / near.sum(1, keepdims=True))
    with torch.no_grad():
        said = as_layer(sets)(torch.from_numpy(features)).softmax(1).numpy()
    assert np.allclose(said, np.mean(shares, axis=0), atol=1e-6)


@pytest.mark.parametrize("balance", ["classes", "cells"])
def test_sets_of_prototypes_tell_the_classes_and_are_unlike_each_other(balance: str) -> None:
    told = known(300)
    layer = dpe(told, seed=1, sets=3, balance=balance, columns=["hair"])  # type: ignore[arg-type]
    assert isinstance(layer, Prototypes) and layer.weight.shape == (6, 6)
    with torch.no_grad():
        right = layer(torch.from_numpy(told.features).float()).argmax(1).numpy() == told.labels
    assert right.mean() > 0.65
    alone = dpe(told, seed=1, sets=3, balance=balance, columns=["hair"], diversity=0.0)  # type: ignore[arg-type]

    def likeness(found: Prototypes) -> float:
        sets = found.weight.detach().view(3, 2, 6)
        return float((sets[0] * sets[1]).sum(1).mean().abs())

    assert likeness(layer) < likeness(alone)


def test_a_network_with_prototypes_is_saved_loaded_and_exported_as_one_network(
    tmp_path: Path,
) -> None:
    torch.manual_seed(1)
    network, split = small(), pictures(40)
    sets = [(torch.randn(2, 64), torch.tensor([scale])) for scale in (1.0, -2.0, 4.0)]
    network = with_layer(network, as_layer(sets))
    networks.save(network, tmp_path / "model.pt")
    again = networks.load(tmp_path / "model.pt")
    said = networks.probabilities(network, split.images)
    assert again.prototypes == "7" and isinstance(head(again.net), Prototypes)
    assert np.array_equal(networks.probabilities(again, split.images), said)
    whole = to_onnx(again, (32, 32), opset=20, words={})
    files = {"fp32": whole, "fp16": to_fp16(whole),
             "int8": to_int8(whole, split.images, weight_bits=8)}  # fmt: skip
    apart = {name: np.abs(answer(file, split.images) - said).max() for name, file in files.items()}
    assert apart["fp32"] < 1e-5
    assert apart["fp16"] < 0.02 and apart["int8"] < 0.2


def answer(file: bytes, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(io.BytesIO(file).getvalue())
    found: np.ndarray = session.run(None, {"images": images})[0]
    return found
