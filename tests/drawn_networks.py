"""Small networks drawn at random from the kinds of layers that people write."""

import random
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE, CLASSES = 16, 3


class Step(nn.Module):
    """Some layers, and what is done with them; ``after`` is how many channels it gives."""

    def __init__(self, channels: int, rng: random.Random) -> None:
        super().__init__()
        self.channels, self.after = channels, channels
        self.make(rng)

    def make(self, rng: random.Random) -> None: ...


class ConvBn(Step):
    def make(self, rng: random.Random) -> None:
        self.after = rng.choice([8, 12, 16])
        self.conv = nn.Conv2d(self.channels, self.after, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(self.after)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).relu()


class Plain(ConvBn):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.conv(x))  # which of nothing makes a half


class Residual(Step):
    def make(self, rng: random.Random) -> None:
        self.one = nn.Conv2d(self.channels, 10, 3, padding=1)
        self.two = nn.Conv2d(10, self.channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(self.channels)
        nn.init.zeros_(self.norm.weight)  # as many start, which hides the branch

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.norm(self.two(self.one(x).relu()))).relu()


class Joined(Step):
    def make(self, rng: random.Random) -> None:
        self.conv, self.after = nn.Conv2d(self.channels, 6, 3, padding=1), self.channels + 6

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(x).relu()], 1)


class DepthWise(Step):
    def make(self, rng: random.Random) -> None:
        self.conv = nn.Conv2d(self.channels, self.channels, 3, padding=1, groups=self.channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Grouped(Step):
    def make(self, rng: random.Random) -> None:
        self.conv = nn.Conv2d(self.channels, self.channels, 3, padding=1, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).relu()


class OfNorm(Step):
    def make(self, rng: random.Random) -> None:
        kinds: list[Callable[[int], nn.Module]] = [
            lambda c: nn.GroupNorm(2, c), lambda c: nn.GroupNorm(1, c),
            lambda c: nn.InstanceNorm2d(c), lambda c: nn.InstanceNorm2d(c, affine=True),
            lambda c: nn.BatchNorm2d(c, track_running_stats=False),
            lambda c: nn.BatchNorm2d(c, affine=False), lambda c: nn.PReLU(c),
            lambda c: nn.PReLU(), lambda c: nn.Softmax(1), lambda c: nn.Dropout2d(),
            lambda c: nn.LocalResponseNorm(3),
        ]  # fmt: skip
        self.norm = rng.choice(kinds)(self.channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class OfLayerNorm(Step):
    def make(self, rng: random.Random) -> None:
        self.norm, self.wide = nn.LayerNorm(self.channels), nn.Linear(self.channels, 20)
        self.back = nn.Linear(20, self.channels)
        self.scale = nn.Parameter(1e-6 * torch.ones(self.channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.back(F.gelu(self.wide(self.norm(x.permute(0, 2, 3, 1))))) * self.scale
        return x + y.permute(0, 3, 1, 2)


class Transposed(Step):
    def make(self, rng: random.Random) -> None:
        self.up = nn.ConvTranspose2d(self.channels, self.channels, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(self.up(x), 2)


class Gate(Step):
    def make(self, rng: random.Random) -> None:
        self.squeeze, self.give = nn.Linear(self.channels, 5), nn.Linear(5, self.channels)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.give(self.squeeze(x.mean((2, 3))).relu()).sigmoid()[..., None, None]


class Twice(Step):
    def make(self, rng: random.Random) -> None:
        self.conv = nn.Conv2d(self.channels, self.channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x).relu())


class Bare(Step):
    def make(self, rng: random.Random) -> None:
        self.weight = nn.Parameter(torch.randn(self.channels, self.channels, 1, 1) / 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight)


class Reshuffled(Step):
    def make(self, rng: random.Random) -> None:
        self.how = rng.choice([
            "chunk", "split", "slice", "shuffle", "roll", "flip", "buffer", "view", "attend",
            "sum", "index", "stack", "pixels", "matrix", "gather", "where", "neighbours", "top",
        ])  # fmt: skip
        self.register_buffer("scale", torch.linspace(0.5, 1.5, self.channels).view(-1, 1, 1))
        self.after = self.channels // 2 * 2
        if self.how in ("slice", "index"):
            self.after = self.channels // 2
        if self.how == "pixels":
            self.after = self.channels // 4
        if self.how in ("roll", "flip", "buffer", "attend", "sum", "matrix", "gather", "where",
                        "neighbours", "top"):  # fmt: skip
            self.after = self.channels

    def forward(self, x: Tensor) -> Tensor:
        half = self.channels // 2
        x = x if self.after == self.channels or self.how == "pixels" else x[:, : 2 * half]
        b, c, h, w = x.shape
        match self.how:
            case "chunk":
                one, two = x.chunk(2, 1)
                return torch.cat([two, one.relu()], 1)
            case "split":
                one, two = x.split([half - 1, half + 1], 1)
                return torch.cat([one * 2, two], 1)
            case "slice":
                return x[:, :half] + x[:, half:]
            case "shuffle":
                return x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)
            case "roll":
                return x.roll(1, 1)
            case "flip":
                return x.flip(1)
            case "buffer":
                return x * self.scale
            case "view":
                return x.reshape(b, 2 * half, -1).view(b, 2 * half, h, w)
            case "attend":
                return x * torch.cat([x.mean(1, True), x.amax(1, True)], 1).mean(1, True).sigmoid()
            case "sum":
                return x - x.mean(1, keepdim=True)
            case "index":
                return x[:, torch.arange(half)]
            case "stack":
                return torch.stack(x.chunk(2, 1), 1).flatten(1, 2)
            case "pixels":
                return F.avg_pool2d(F.pixel_shuffle(x[:, : c // 4 * 4], 2), 2)
            case "matrix":
                flat = x.flatten(2)
                return (flat @ flat.transpose(1, 2) / 64 @ flat).view(b, c, h, w)
            case "gather":
                return x[:, torch.arange(c - 1, -1, -1)]
            case "where":
                return torch.where(x > x.mean((2, 3), True), x, 0.1 * x)
            case "neighbours":
                return (
                    x
                    * F.conv1d(x.mean((2, 3))[:, None], x.new_ones(1, 1, 3), padding=1)[
                        :, 0, :, None, None
                    ]
                )
            case _:
                return x.sort(1).values


class Head(Step):
    def make(self, rng: random.Random) -> None:
        self.how = rng.choice(["linear", "flat", "conv", "hidden", "early", "two", "cut"])
        c = self.channels
        self.give = nn.Linear(c * (4 if self.how == "flat" else 1), CLASSES)
        if self.how == "conv":
            self.give = nn.Conv2d(c, CLASSES, 1)
        if self.how == "early":  # the layer of the classes is not the last one
            self.between = nn.Linear(c, c)
        if self.how == "hidden":
            self.give = nn.Sequential(nn.Linear(c, 9), nn.ReLU(), nn.Linear(9, CLASSES))
        if self.how == "two":
            self.other = nn.Linear(c, CLASSES)
        if self.how == "cut":
            self.give, self.later = nn.Linear(c, 8), nn.Linear(c, c)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3))
        match self.how:
            case "flat":
                return self.give(F.adaptive_avg_pool2d(x, 2).flatten(1))
            case "conv":
                return self.give(x).mean((2, 3))
            case "early":
                return self.give(self.between(mean).relu())
            case "two":
                return self.give(mean) + self.other(mean.relu())
            case "cut":
                return self.give(self.later(mean).relu())[:, :CLASSES]
            case _:
                return self.give(mean)


STEPS = (ConvBn, ConvBn, ConvBn, Plain, Residual, Joined, DepthWise, Grouped, OfNorm, OfNorm,
         OfLayerNorm, Transposed, Gate, Twice, Bare, *[Reshuffled] * 3)  # fmt: skip


class Drawn(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        rng = random.Random(seed)
        self.steps = nn.ModuleList([ConvBn(3, rng)])
        for _ in range(rng.randint(1, 6)):
            self.steps.append(rng.choice(STEPS)(self.steps[-1].after, rng))
        if self.steps[-1].after < 3:
            self.steps.append(ConvBn(self.steps[-1].after, rng))
        self.head = Head(self.steps[-1].after, rng)

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return self.head(x)

    def words(self) -> str:
        parts = [*self.steps, self.head]
        return ", ".join(
            f"{type(p).__name__} {getattr(p, 'how', type(getattr(p, 'norm', None)).__name__)}"
            for p in parts
        )
