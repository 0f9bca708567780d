"""Networks by name, and the weights they start from."""

import pytest
import torch

from faircompress.config import plugins
from faircompress.networks import network as networks


@pytest.mark.parametrize("name", plugins.names("models"))
def test_every_network_of_ours_takes_any_size_and_gives_its_classes(name: str) -> None:
    net = plugins.find("models", name)(5).eval()
    assert [net(torch.zeros(2, 3, side, side)).shape for side in (32, 56)] == [(2, 5), (2, 5)]


def test_imagenet_weights_that_cannot_be_had_are_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(ValueError, match=r"could not be downloaded .* or set train.weights: null"):
        networks.build("resnet18", 2, "imagenet")


def test_a_network_of_ours_has_no_imagenet_weights() -> None:
    with pytest.raises(ValueError, match="resnet20 has no imagenet weights"):
        networks.build("resnet20", 2, "imagenet")


def test_pictures_are_normalised_by_channel() -> None:
    network = networks.Network(torch.nn.Identity(), "small", 2, (0.5, 0.0, 1.0), (0.5, 1.0, 2.0))
    white = torch.full((1, 1, 1, 3), 255, dtype=torch.uint8)
    assert network.normalised(white).flatten().tolist() == pytest.approx([1.0, 1.0, 0.0])


def test_probabilities_leave_the_network_as_it_was() -> None:
    net = networks.build("resnet20", 3).train()
    network = networks.Network(net, "resnet20", 3, (0.5,) * 3, (0.2,) * 3)
    said = networks.probabilities(network, torch.zeros(5, 32, 32, 3, dtype=torch.uint8).numpy())
    assert said.shape == (5, 3)
    assert said.sum(1) == pytest.approx([1.0] * 5, abs=1e-6)
    assert net.training
