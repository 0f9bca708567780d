"""Schematic portraits drawn from a seed: a small CelebA of which every share is known.

The label is hair colour; the groups are hair length and skin tone. As among CelebA's blond men,
one cell is rare: blond with short hair. Only how often a cell occurs differs between cells; what
speaks for the label does not. The crown's colour is drawn from the label alone, the crown has one
shape under long and short hair, and the strands that make hair long hang below it, in a colour
that does not know the label. Colours overlap between labels, and the light is not always white,
so that nobody can be right about everybody.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from faircompress.config.bounds import Correlation, Count, OpenShare, Seed, Whole
from faircompress.data.caps import MaxWeight
from faircompress.data.sources import RawData
from faircompress.support.errors import InputError

Floats = NDArray[Any]  # float32
Values = dict[str, Floats]  # column -> its value for each picture, (pictures, 1, 1, 1)
Layer = tuple[Floats, Floats]  # opacity (pictures, 1, height, width), colour (pictures, 3, ...)

LABELS, HAIR = ("not blond", "blond"), ("long", "short")
TONES = {"light": (1, 3), "medium": (4, 6), "dark": (7, 10)}  # steps of a ten-step scale
SKIN_SHARES = (0.45, 0.30, 0.25)  # light, medium, dark; the same under each label and hair
SHORT_SHARE = 0.5  # of all people
PICTURES = (0.7, 0.2, 0.1)  # share of people with one, two and three pictures; test: all have one

BLONDNESS = (0.24, 0.76)  # mean by label, on the scale from dark brown (0) to pale blond (1)
SPREAD = 0.13  # standard deviation of blondness between people of one label
STRANDS = 0.15  # mean blondness of strands, whatever the label
GAIN, CAST, NOISE = 0.2, 0.12, 0.08  # standard deviations: of log light, of its tint, of a pixel

SIZE = 48  # pixels, both ways; pictures span -1 to 1
BLOCK = 64  # pictures drawn together
HAIRS = ((0.20, 0.13, 0.08), (0.52, 0.37, 0.22), (0.92, 0.78, 0.48))  # at 0, 0.5 and 1
SKINS = ((0.97, 0.84, 0.74), (0.76, 0.55, 0.40), (0.30, 0.19, 0.14))
IRISES = ((0.12, 0.07, 0.04), (0.20, 0.25, 0.20), (0.20, 0.30, 0.45))


def portraits(
    *,
    seed: Seed = 1,
    train: Count = 8000,
    validation: Count = 2000,
    test_cell: Count = 400,
    test_added: Whole = 0,
    rare_share: OpenShare = 0.01,
    correlation: Correlation = 0.7,
) -> RawData:
    """Draw people of 48x48 pixels, blond or not, with long or short hair, of three skin groups.

    With ``correlation=0`` and ``rare_share=0.175`` hair length tells nothing about the label:
    the negative control, in which no group should be harmed more than another.

    Args:
        seed: Of everything; splits do not depend on each other's size.
        train: Pictures of the train split, in natural shares.
        validation: Pictures of the validation split, in natural shares.
        test_cell: Pictures of each label x hair x skin cell of the test split, each of another
            person. Their weights give natural shares back and have mean 1.
        test_added: As many more of each of these cells, all of people who were not there before.
        rare_share: Share of all pictures that are blond with short hair.
        correlation: Between being blond and having long hair (phi coefficient).

    Returns:
        Rows, and pictures drawn when they are read. Nobody is in two splits.

    Raises:
        ValueError: If no population has this share and this correlation.
    """
    shares = cell_shares(rare_share, correlation)
    counts = {
        "train": _whole(shares * train),
        "validation": _whole(shares * validation),
        "test": np.full(shares.shape, test_cell),
        "test-added": np.full(shares.shape, test_added),
    }
    parts = [(name, n, default_rng([seed, i])) for i, (name, n) in enumerate(counts.items())]
    views = pd.concat([_views(*part) for part in parts if part[1].any()], ignore_index=True)
    cell = tuple(views[name] for name in ("label", "short", "tone_group"))
    weights = shares * shares.size
    rows = views[["id", "split", "label", "identity"]].assign(
        weight=np.where(views["split"] == "test", weights[cell], 1.0),
        hair=np.array(HAIR, object)[views["short"]],
        skin=np.array(list(TONES), object)[views["tone_group"]],
    )
    return RawData(
        rows,
        LABELS,
        ("hair", "skin"),
        _reader(views),
        max_weight=tuple(
            MaxWeight(float(weight), {"label": LABELS[y], "hair": HAIR[h], "skin": list(TONES)[t]})
            for (y, h, t), weight in np.ndenumerate(weights)
        ),
        fixed_counts=("label", "hair", "skin"),
    )


def cell_shares(rare_share: float, correlation: float) -> NDArray[np.float64]:
    """Return the share of each label x hair x skin cell, ``(2, 2, 3)``, in the order of names.

    The share b of blond people is where ``b * s - rare_share``, with s the share of short hair,
    is the covariance ``correlation * sqrt(b * (1 - b) * s * (1 - s))``: a quadratic equation.
    """
    s, r, spread = SHORT_SHARE, rare_share, correlation**2 * SHORT_SHARE * (1 - SHORT_SHARE)
    a, half = s * s + spread, s * r + spread / 2
    root = math.sqrt(max(half * half - a * r * r, 0.0))
    blond = (half + math.copysign(root, correlation)) / a
    table = np.array([[1 - s - blond + r, s - r], [blond - r, r]])
    if table.min() <= 0:
        raise InputError(
            f"rare_share {r:g} with correlation {correlation:g} leaves {table.min():.3g} of all "
            f"to some label and hair length, as {s:g} of all people have short hair; every cell "
            "needs some. Bring correlation nearer to 0, or rare_share nearer to 0.175."
        )
    return table[:, :, None] * np.array(SKIN_SHARES)


def _whole(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round counts to whole numbers of the same sum, the largest remainders upwards."""
    whole = np.floor(counts + 1e-9).astype(np.int64)
    lacking = round(counts.sum()) - whole.sum()
    whole.flat[np.argsort((whole - counts).ravel(), kind="stable")[:lacking]] += 1
    return whole


def _views(split: str, counts: NDArray[np.int64], rng: Generator) -> pd.DataFrame:
    """Return all that is seen on each picture of a split, one row a picture, shuffled."""
    pictures = (1.0,) if split.startswith("test") else PICTURES
    sizes = [_pictures_each(int(count), pictures, rng) for count in counts.flat]
    cell = np.repeat(np.arange(counts.size), [len(of_cell) for of_cell in sizes])
    people = _people(split, cell, counts.shape, rng)
    views = people.loc[np.repeat(people.index, np.concatenate(sizes))]
    views = views.iloc[rng.permutation(len(views))].reset_index(drop=True)
    number = len(views)
    ids = [f"{split}-{row:06d}" for row in range(number)]
    colours = {
        f"{thing}{c}": rng.uniform(0.15, 0.9, number) for thing in ("wall", "cloth") for c in "rgb"
    }
    return views.assign(
        id=ids,
        split=split.partition("-")[0],
        x=rng.uniform(-0.10, 0.10, number),
        y=rng.uniform(-0.10, 0.06, number),
        roll=rng.normal(0, 0.10, number),
        yaw=rng.uniform(-0.09, 0.09, number),
        scale=rng.uniform(0.88, 1.10, number),
        smile=rng.uniform(-0.02, 0.10, number),
        wave=rng.uniform(0, 2 * np.pi, number),
        gain=np.exp(rng.normal(0, GAIN, number)),
        warm=rng.normal(0, CAST, number),
        green=rng.normal(0, CAST / 2, number),
        side=rng.normal(0, 0.15, number),
        grain=rng.integers(2**63, size=number),
        **colours,
    )


def _pictures_each(count: int, shares: Sequence[float], rng: Generator) -> NDArray[np.int64]:
    """Return how many pictures each person of a cell has, ``count`` together.

    Args:
        count: Pictures of the cell.
        shares: Of people with one, two, ... pictures.
        rng: Source of all luck.
    """
    ends = np.cumsum(1 + rng.choice(len(shares), size=count, p=shares)).clip(max=count)
    each = np.diff(ends, prepend=0)
    return each[each > 0]


def _people(
    split: str, cell: NDArray[np.int64], shape: tuple[int, ...], rng: Generator
) -> pd.DataFrame:
    """Return what stays the same on all pictures of a person, one row a person."""
    number, (label, short, tone_group) = len(cell), np.unravel_index(cell, shape)
    low, high = np.array(list(TONES.values())).T
    return pd.DataFrame(
        {
            "identity": [f"{split}-person-{person:06d}" for person in range(number)],
            "label": label,
            "short": short,
            "tone_group": tone_group,
            "tone": rng.integers(low[tone_group], high[tone_group] + 1),
            "blondness": rng.normal(np.array(BLONDNESS)[label], SPREAD),
            "strands": rng.normal(STRANDS, 0.05, number),
            "width": rng.uniform(0.37, 0.46, number),
            "height": rng.uniform(0.50, 0.60, number),
            "fringe": rng.uniform(0.0, 0.14, number),
            "length": rng.uniform(0.75, 1.1, number),
            "eyes": rng.uniform(0.15, 0.2, number),
            "iris": rng.uniform(0, 1, number),
            "mouth": rng.uniform(0.09, 0.17, number),
        }
    )


def _reader(views: pd.DataFrame) -> Callable[[int], NDArray[np.uint8]]:
    """Return what draws the picture of a row, together with its neighbours."""

    @lru_cache(maxsize=16)
    def block(number: int) -> NDArray[np.uint8]:
        return draw(views.iloc[number * BLOCK : (number + 1) * BLOCK])

    return lambda row: block(row // BLOCK)[row % BLOCK]


def draw(views: pd.DataFrame) -> NDArray[np.uint8]:
    """Return the pictures that rows describe, uint8 ``(rows, 48, 48, 3)``, each from its row."""
    numbers = views.select_dtypes("number").astype(np.float32)
    of = {name: column.to_numpy()[:, None, None, None] for name, column in numbers.items()}
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) * (2 / SIZE) + (1 / SIZE - 1)
    canvas = _rgb(of, "wall") * (1 - 0.22 * (y + 1) / 2 - 0.1 * (x * x + y * y))
    for opacity, colour in _layers(of, *_head_axes(of, x, y)):
        canvas += opacity * (colour - canvas)
    tint = np.concatenate([1 + of["warm"], 1 + of["green"], 1 - of["warm"]], 1)
    canvas *= of["gain"] * (1 + of["side"] * x) * tint
    for picture, grain in zip(canvas, views["grain"], strict=True):
        picture += NOISE * default_rng(grain).standard_normal(picture.shape, np.float32)
    pixels = (canvas.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))


def _head_axes(of: Values, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return coordinates across and down the head; the nose is near 0, 0."""
    cos, sin = np.cos(of["roll"]), np.sin(of["roll"])
    x, y = (x - of["x"]) / of["scale"], (y - of["y"] + 0.1) / of["scale"]
    return cos * x + sin * y, cos * y - sin * x


def _layers(of: Values, u: Floats, v: Floats) -> Iterator[Layer]:
    """Give what is painted, from back to front."""
    skin, hair = _on_scale((of["tone"] - 1) / 9, SKINS), _on_scale(of["blondness"], HAIRS)
    strands = _on_scale(of["strands"], HAIRS)
    width, height = of["width"], of["height"]
    combed = 1 + 0.1 * np.sin(34 * u + 5 * v + of["wave"])
    hanging = (1 - of["short"]) * _inside(v - 0.065)  # clear of the crown's edge at 0.02

    yield hanging * _oval(u, v - 0.15, width + 0.24, of["length"] - 0.1), 0.8 * strands * combed
    yield _inside(np.minimum(0.17 - np.abs(u), 0.4 - np.abs(v - 0.7))), 0.80 * skin  # neck
    yield _oval(u, v - 1.42, 0.95, 0.70), _rgb(of, "cloth")
    yield _oval(u, v - 0.72, 0.21, 0.17), 0.86 * skin  # neckline
    for side in (-1, 1):
        yield _oval(u - side * width, v - 0.06, 0.07, 0.11), 0.9 * skin  # ear
    yield _oval(u, v, width, height), skin * (1.02 - 0.12 * (u / width) ** 2)
    for side in (-1, 1):
        lock = _oval(u - side * (width + 0.05), v - 0.30, 0.21, of["length"] - 0.35)
        yield hanging * lock, strands * combed
    yield from _features(of, u - of["yaw"], v, skin)
    bare = _oval(u, v - 0.24, width, 0.60 - of["fringe"])
    top = _oval(u, v + 0.10, width + 0.08, height + 0.02) * (1 - bare) * _inside(0.02 - v)
    yield top, hair * combed


def _features(of: Values, u: Floats, v: Floats, skin: Floats) -> Iterator[Layer]:
    """Give eyes, brows, cheeks, nose and mouth, which turn with the head."""
    for side in (-1, 1):
        across = u - side * of["eyes"]
        yield _oval(across, v - 0.02, 0.085, 0.055), np.full_like(skin, 0.95)
        yield _oval(across, v - 0.02, 0.042, 0.05), _on_scale(of["iris"], IRISES)
        yield _oval(across, v + 0.10, 0.10, 0.022), 0.45 * skin
        yield 0.25 * _oval(u - side * 0.22, v - 0.20, 0.09, 0.07), skin * _colour(1.05, 0.72, 0.72)
    yield 0.6 * _oval(u, v - 0.17, 0.045, 0.03), 0.72 * skin
    bent = v - 0.33 + of["smile"] * (u / 0.15) ** 2
    yield _oval(u, bent, of["mouth"], 0.035), skin * _colour(0.85, 0.5, 0.5)


def _inside(distance: Floats) -> Floats:
    """Turn the distance to an edge, > 0 inside, into opacity; the edge is one pixel wide."""
    return np.clip(0.5 + distance * (SIZE / 2), 0, 1)


def _oval(x: Floats, y: Floats, a: Floats | float, b: Floats | float) -> Floats:
    """Return the opacity of an oval of half-axes a and b."""
    return _inside((1 - np.sqrt((x / a) ** 2 + (y / b) ** 2)) * np.minimum(a, b, dtype=np.float32))


def _on_scale(place: Floats, colours: tuple[tuple[float, float, float], ...]) -> Floats:
    """Return the colours at places 0-1 of a scale; beyond its ends it goes on."""
    low, middle, high = (_colour(*colour) for colour in colours)
    first, second = low + (middle - low) * (2 * place), middle + (high - middle) * (2 * place - 1)
    return np.where(place < 0.5, first, second).clip(0.02, 1)


def _rgb(of: Values, thing: str) -> Floats:
    return np.concatenate([of[f"{thing}{channel}"] for channel in "rgb"], 1)


def _colour(red: float, green: float, blue: float) -> Floats:
    return np.array([red, green, blue], np.float32)[:, None, None]
