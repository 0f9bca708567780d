"""Networks of all kinds of layers: what is cut says what the dense network says without it."""

import copy
import random

import pytest
import torch
from drawn_networks import CLASSES, SIDE, Drawn
from torch import Tensor, nn

from faircompress.compression import cut as pruning
from faircompress.compression.channels import Budget, ChannelWidths, read_widths, take_out
from faircompress.compression.masked import masked
from faircompress.compression.soundness import sound, trials_of
from faircompress.networks.layers import filters, scored
from faircompress.support.errors import InputError

PICTURE = torch.zeros(1, 3, SIDE, SIDE)


def widths_of(net: nn.Module) -> ChannelWidths | None:
    try:
        widths = read_widths(net, PICTURE)
        return sound(trials_of(net, PICTURE, widths.macs()), widths)
    except InputError:  # refused as a whole, in words
        return None


@pytest.mark.parametrize("seed", range(40))
@torch.no_grad()
def test_what_is_cut_of_any_network_is_missed_by_nothing(seed: int) -> None:
    net = Drawn(seed).eval()
    widths = widths_of(net)
    if widths is None:
        return
    dense, pictures = copy.deepcopy(net).double(), torch.randn(3, 3, SIDE, SIDE).double()
    rng = random.Random(seed)
    for _ in range(2):
        gone = {g.root: rng.sample(range(g.size), rng.randint(0, g.size - 1))
                for g in widths.groups}  # fmt: skip
        cut = copy.deepcopy(dense)
        take_out(cut, widths.groups, gone)
        wanted = masked(dense, pictures, widths.groups, gone)(pictures)
        assert cut(pictures).shape == (3, CLASSES), net.words()
        assert (cut(pictures) - wanted).abs().max() <= 1e-9 * wanted.abs().max(), net.words()


class Made(nn.Module):
    """Twelve maps, something done with them, twelve maps more, and a head."""

    def __init__(self, middle: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.middle = nn.Conv2d(3, 12, 3, padding=1), middle
        self.two, self.head = nn.Conv2d(12, 12, 3, padding=1), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.two(self.middle(self.one(x))).relu().mean((2, 3)))


class Hidden(nn.Module):
    """Rolled channels that a scale of zero hides, as residual blocks are hidden at the start."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * x.roll(1, 1)


@pytest.mark.parametrize(
    "middle",
    [nn.InstanceNorm2d(12, affine=True), nn.PReLU(12), nn.PReLU(), nn.BatchNorm2d(12, affine=False),
     nn.BatchNorm2d(12, track_running_stats=False), nn.Dropout2d(), nn.Hardswish()],
    ids=lambda middle: type(middle).__name__,
)  # fmt: skip
def test_layers_that_look_at_one_channel_at_a_time_are_cut(middle: nn.Module) -> None:
    widths = widths_of(Made(middle))
    assert widths is not None and widths.fixed == {}
    pruned, _ = pruning.cut(Made(middle), by_size, PICTURE, speedup=3)
    assert pruned.one.out_channels < 12


@pytest.mark.parametrize(
    ("middle", "why"),
    [(nn.Softmax(1), "others are mixed up"), (nn.ConvTranspose2d(12, 12, 1, groups=2), "2 groups"),
     (nn.LocalResponseNorm(3), "others are mixed up"), (Hidden(), "others are mixed up"),
     (nn.ChannelShuffle(3), "")],
    ids=lambda given: type(given).__name__,
)  # fmt: skip
def test_layers_that_look_at_several_keep_theirs_and_it_is_said_why(
    middle: nn.Module, why: str
) -> None:
    widths = widths_of(Made(middle))
    assert widths is not None
    assert "one" in widths.fixed
    assert why in widths.fixed["one"]


def test_a_norm_over_channels_is_that_of_the_channels_that_stay() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(12)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    widths = widths_of(Made(Last()))
    assert widths is not None and widths.fixed == {}


def by_size(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    return {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}
