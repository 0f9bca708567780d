"""Networks that keep what they computed, or compute tables of positions, as LeViT and XCiT do."""

import copy
import types

import torch
from torch import Tensor, nn

from faircompress.compression.channel_groups import channel_groups
from faircompress.compression.cut import cut
from faircompress.export.layer_shapes import layers_of_net
from faircompress.export.settled import Settled, settled
from faircompress.networks.fitness import refuse_unfit
from faircompress.networks.layers import forget
from faircompress.rehearsal.steps import by_size

PICTURE = torch.zeros(1, 3, 8, 8)


class Remembering(nn.Module):
    """In evaluation mode it keeps a table that it computes of a weight, until it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.slope = nn.Parameter(torch.ones(1))
        self.head = nn.Linear(8, 2)
        self.kept: dict[str, Tensor] = {}

    def train(self, mode: bool = True) -> "Remembering":
        if mode:
            self.kept = {}
        return super().train(mode)

    def forward(self, pictures: Tensor) -> Tensor:
        table = self.kept.get("table")
        if table is None:
            table = torch.linspace(0, 1, 8) * self.slope
            self.kept = {} if self.training else {"table": table}
        return self.head((self.first(pictures).relu() * table).mean((2, 3)))


def test_a_network_that_keeps_a_table_until_it_trains_is_cut() -> None:
    net = Remembering()
    refuse_unfit(net, torch.randn(2, 3, 8, 8))
    assert net.kept == {}
    smaller, _ = cut(net, by_size, PICTURE, speedup=2)
    assert net.kept == {} and 0 < smaller.first.out_channels < 8
    with torch.enable_grad():
        net.eval()(PICTURE)
    assert net.kept["table"].requires_grad  # what cannot be copied
    assert copy.deepcopy(forget(net)).training is False


class Positions(nn.Module):
    """Tells each place by a convolution of its coordinates, and asks the weight for its type."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Conv2d(2, 4, 1)

    def forward(self, height: int, width: int) -> Tensor:
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        return self.place(torch.stack([rows, columns])[None].to(self.place.weight.dtype))


class Placed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.positions = nn.Conv2d(3, 4, 3, padding=1), Positions()
        self.head = nn.Linear(4, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.first(pictures)
        return self.head((maps + self.positions(*maps.shape[2:])).relu().mean((2, 3)))


def test_a_layer_that_no_picture_reaches_may_be_asked_for_its_weight() -> None:
    net = Placed().eval()
    fixed = settled(net, (8, 8))
    pictures = torch.randn(3, 3, 8, 8)
    assert isinstance(fixed.positions.place, Settled)
    assert torch.allclose(fixed(pictures), net(pictures))
    assert not any("place.weight" in name for name in fixed.state_dict())


class Attentive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        places = self.first(pictures).flatten(2).transpose(1, 2)
        return self.head(self.attention(places, places, places)[0].mean(1))


def test_a_layer_inside_attention_stays_for_the_reason_that_holds() -> None:
    _, fixed = channel_groups(Attentive().eval(), PICTURE)
    assert fixed["attention.out_proj"] == (
        "attention computes with the weights of layers inside it, as attention does"
    )


def test_a_convolution_along_channels_is_a_layer_of_its_file() -> None:
    assert layers_of_net(nn.Sequential(nn.Conv1d(1, 1, 5))) == {("convolution", (1, 1, 5)): 1}


def sharp(self: nn.MultiheadAttention, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, None]:
    """Attend in one head, with scores three times as sharp."""
    asked, held, given = nn.functional.linear(q, self.in_proj_weight).chunk(3, dim=2)
    found = (3 * asked @ held.transpose(1, 2)).softmax(2) @ given
    return nn.functional.linear(found, self.out_proj.weight), None


class Patched(nn.Module):
    """Attention of torch, whose forward is another's in this one instance."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.attention = nn.MultiheadAttention(8, 1, batch_first=True)
        self.attention.forward = types.MethodType(sharp, self.attention)
        self.head = nn.Linear(8, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        tokens = self.second(self.first(pictures).relu()).flatten(2).transpose(1, 2)
        return self.head(self.attention(tokens, tokens, tokens)[0].mean(1))


def test_a_forward_that_an_instance_was_given_stays_with_it() -> None:
    net = Patched().eval()
    smaller, _ = cut(net, by_size, PICTURE, speedup=1.5)
    for one in (net, smaller):
        assert one.attention.forward.__func__ is sharp and one.attention.forward.__self__ is (
            one.attention
        )
    pictures = torch.randn(2, 3, 8, 8)
    del smaller.attention.forward
    plain = smaller(pictures)
    smaller.attention.forward = types.MethodType(sharp, smaller.attention)
    assert not torch.allclose(smaller(pictures), plain)
