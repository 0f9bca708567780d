"""Layers of kinds of their own: what they do with channels is seen by trying them."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faircompress.compression import cut
from faircompress.compression.channels import ChannelWidths, read_widths
from faircompress.compression.soundness import sound, trials_of
from faircompress.rehearsal.steps import by_size

PICTURES = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Decaying(nn.Conv2d):
    """Hears later channels less, by a factor that is computed from how many there are."""

    def forward(self, x: Tensor) -> Tensor:
        fading = torch.linspace(1, 0.1, self.weight.shape[1]).to(self.weight)
        return F.conv2d(x, self.weight * fading.view(1, -1, 1, 1), self.bias)


class Rolled(nn.GroupNorm):
    """Gives each channel the place of the next."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).roll(1, 1)


class Net(nn.Module):
    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.middle = nn.Conv2d(3, 16, 3), middle
        self.last, self.head = nn.Conv2d(16, 16, 1), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.last(self.middle(self.first(x))).relu().mean((2, 3)))


def sound_widths(net: nn.Module) -> ChannelWidths:
    widths = read_widths(net, PICTURES[:1])
    return sound(trials_of(net, PICTURES[:1], widths.macs()), widths)


@pytest.mark.parametrize("middle", [Decaying(16, 16, 1), Rolled(1, 16)])
def test_a_layer_that_does_not_treat_its_channels_alike_keeps_them(middle: nn.Module) -> None:
    net = Net(middle).eval()
    widths = sound_widths(net)
    assert widths.fixed["first"] == (
        f"middle, a {type(middle).__name__}, does not treat all its channels alike"
    )
    assert "last" not in widths.fixed


class NormAndSign(nn.LayerNorm):
    """A layer norm over the channels of maps with its activation, as timm writes them."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias)
        return F.silu(x.permute(0, 3, 1, 2))


def test_a_norm_with_its_activation_looks_at_the_channels_that_are_left() -> None:
    net = Net(NormAndSign(16)).eval()
    with torch.no_grad():
        net.middle.weight.uniform_(0.5, 2), net.middle.bias.uniform_(-1, 1)
    small, _ = cut.cut(net, by_size, PICTURES[:1], speedup=2, pictures=PICTURES)
    kept = [int((net.first.weight == row).all((1, 2, 3)).nonzero()) for row in small.first.weight]
    assert 0 < len(kept) < 16
    maps = net.first(PICTURES)[:, kept]
    mean, spread = maps.mean(1, keepdim=True), maps.var(1, keepdim=True, unbiased=False)
    scale, shift = (p[kept].view(1, -1, 1, 1) for p in (net.middle.weight, net.middle.bias))
    wanted = F.silu((maps - mean) / (spread + 1e-5).sqrt() * scale + shift)
    assert torch.allclose(small.middle(small.first(PICTURES)), wanted, atol=1e-5)


class InHalves(Net):
    """Applies the two halves of a layer's filters one by one, as octave convolutions do."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(16, 16, 1))
        self.more = nn.Conv2d(16, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        x, filters = self.more(self.first(x)), self.middle.weight
        halves = [F.conv2d(x, part) for part in (filters[:8], filters[8:])]
        return self.head(self.last(torch.cat(halves, 1)).relu().mean((2, 3)))


def test_parts_that_cannot_be_followed_do_not_stop_the_rest_from_being_cut() -> None:
    net = InHalves().eval()
    fixed = sound_widths(net).fixed
    assert "middle" in fixed and not {"first", "last"} & {*fixed}


class Evolved(nn.Module):
    """Divides channels by the spread of eight together, as EvoNorm does."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.ones(16))

    def forward(self, x: Tensor) -> Tensor:
        parts = x.reshape(len(x), 2, 8, *x.shape[2:])
        spread = parts.var((2, 3, 4), keepdim=True).add(1e-5).sqrt().expand(parts.shape)
        return (x * self.slope.view(1, -1, 1, 1).sigmoid()) / spread.reshape(x.shape)


def test_channels_that_are_repeated_are_told_and_end_in_no_raw_error() -> None:
    net = Net(Evolved()).eval()
    widths = sound_widths(net)
    assert "first" in widths.fixed and "last" not in widths.fixed
