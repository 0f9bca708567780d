"""Schematic portraits drawn from a seed: a small CelebA whose every share is known.

The label is hair colour, the groups are hair length and skin tone. Only how often a cell occurs
differs between cells; what speaks for the label does not. The colour of the crown is drawn from
the label alone, the crown has the same shape under long and short hair, and the strands that make
hair long hang below the ears in a colour that does not know the label.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from faircompress.bounds import Correlation, Count, Seed, Share
from faircompress.datasets import RawData

Floats = NDArray[np.float32]

SIZE = 48  # pixels, both ways
BLOCK = 128  # pictures drawn at a time; small enough to stay in the processor's cache
LABELS = ("not blond", "blond")
HAIR = ("long", "short")
TONES = {"light": (1, 3), "medium": (4, 6), "dark": (7, 10)}  # steps of a ten-step scale
SKIN_SHARES = (0.45, 0.30, 0.25)  # light, medium, dark, in every label and hair length
SHORT_SHARE = 0.4  # of all people
PICTURES_SHARES = (0.7, 0.2, 0.1)  # people with one, two and three pictures
BLONDNESS = (0.24, 0.76)  # mean of each label on the scale from dark brown (0) to pale blond (1)
SPREAD = 0.14  # standard deviation of blondness between people of one label

DARK_HAIR, MIDDLE_HAIR, BLOND_HAIR = (0.20, 0.13, 0.08), (0.52, 0.37, 0.22), (0.92, 0.78, 0.48)
LIGHT_SKIN, MIDDLE_SKIN, DARK_SKIN = (0.97, 0.84, 0.74), (0.76, 0.55, 0.40), (0.30, 0.19, 0.14)


def portraits(
    *,
    seed: Seed = 1,
    train: Count = 8000,
    validation: Count = 2000,
    test_cell: Count = 400,
    rare_share: Share = 0.01,
    correlation: Correlation = 0.5,
) -> RawData:
    """x."""
    shares = cell_shares(rare_share, correlation)
    even = np.full(shares.shape, 1 / shares.size)
    splits = {
        "train": _people("train", _whole(shares * train), np.random.default_rng([seed, 0])),
        "validation": _people("validation", _whole(shares * validation), np.random.default_rng([seed, 1])),
        "test": _people("test", np.full(shares.shape, test_cell), np.random.default_rng([seed, 2])),
    }
    people = pd.concat(splits.values(), ignore_index=True)
    weight = np.where(people.split == "test", (shares / even)[people.label, people.short, people.skin_at], 1.0)
    rows = pd.DataFrame({
        "id": people.id, "split": people.split, "label": people.label, "identity": people.identity,
        "weight": weight, "hair": np.array(HAIR)[people.short], "skin": np.array(list(TONES))[people.skin_at],
    })
    return RawData(rows, LABELS, ("hair", "skin"), _reader(people, seed))


def cell_shares(rare_share: float, correlation: float) -> NDArray[np.float64]:
    q, r, spread = SHORT_SHARE, rare_share, correlation**2 * SHORT_SHARE * (1 - SHORT_SHARE)
    a, b = q * q + spread, 2 * q * r + spread
    blond = (b + math.copysign(math.sqrt(max(0.0, b * b - 4 * a * r * r)), correlation)) / (2 * a)
    table = np.array([[1 - q - blond + r, q - r], [blond - r, r]])
    if table.min() < -1e-12:
        raise ValueError("impossible")
    return table.clip(0)[:, :, None] * np.array(SKIN_SHARES)


def _whole(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round counts to whole numbers of the same sum, the largest remainders upwards."""
    whole = np.floor(counts + 1e-9).astype(int)
    short = round(counts.sum()) - whole.sum()
    whole.flat[np.argsort((whole - counts).ravel(), kind="stable")[:short]] += 1
    return whole


def _people(split: str, counts: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    sizes, cells = [], []
    for cell, count in enumerate(counts.ravel()):
        of = rng.choice([1, 2, 3], size=count, p=PICTURES_SHARES)
        ends = np.minimum(np.cumsum(of), count)
        of = np.diff(ends, prepend=0)
        of = of[of > 0]
        sizes.append(of)
        cells.append(np.full(len(of), cell))
    size, cell = np.concatenate(sizes), np.concatenate(cells)
    n = len(size)
    label, short, skin_at = np.unravel_index(cell, counts.shape)
    low, high = np.array(list(TONES.values())).T
    u = lambda a, b: rng.uniform(a, b, n)
    person = pd.DataFrame({
        "identity": [f"{split}-person-{k:05d}" for k in range(n)],
        "label": label, "short": short, "skin_at": skin_at,
        "tone": rng.integers(low[skin_at], high[skin_at] + 1),
        "blondness": rng.normal(np.array(BLONDNESS)[label], SPREAD),
        "strand": rng.normal(STRAND, 0.05, n),
        "width": u(0.37, 0.46), "height": u(0.50, 0.60), "fringe": u(0.0, 0.14), "eyes": u(0.15, 0.2),
        "mouth": u(0.09, 0.17), "length": u(0.75, 1.1), "iris": u(0, 1),
    })
    rows = person.loc[np.repeat(np.arange(n), size)]
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    n = len(rows)
    rows.insert(0, "id", [f"{split}-{i:05d}" for i in range(n)])
    rows.insert(1, "split", split)
    pose = {
        "x": u(-0.10, 0.10), "y": u(-0.08, 0.08), "roll": rng.normal(0, 0.10, n), "yaw": u(-0.09, 0.09),
        "scale": u(0.88, 1.10), "smile": u(-0.05, 0.10),
        "gain": np.exp(rng.normal(0, GAIN, n)), "warm": rng.normal(0, CAST, n), "green": rng.normal(0, CAST/2, n),
        "side": rng.normal(0, 0.15, n), "wave": u(0, 6.3),
        **{f"wall{c}": u(0.25, 0.9) for c in "rgb"}, **{f"cloth{c}": u(0.1, 0.8) for c in "rgb"},
    }
    return rows.assign(**pose)

GAIN, CAST, NOISE, STRAND, WIDE, CROWN = 0.15, 0.05, 0.04, 0.15, 0.24, 0.28

def _reader(people: pd.DataFrame, seed: int):
    @lru_cache(maxsize=2)
    def block(b: int):
        part = people.iloc[b * BLOCK : (b + 1) * BLOCK]
        return _draw(part, np.random.default_rng([seed, 3, b]))

    def read(row: int):
        return block(row // BLOCK)[row % BLOCK]
    return read


def _draw(people: pd.DataFrame, rng: np.random.Generator):
    of = {c: people[c].to_numpy(np.float32)[:, None, None, None] for c in people.columns if people[c].dtype.kind in "fi"}
    grid = (np.arange(SIZE, dtype=np.float32) + 0.5) * 2 / SIZE - 1
    y, x = np.meshgrid(grid, grid, indexing="ij")
    cos, sin = np.cos(of["roll"]), np.sin(of["roll"])
    dx, dy = (x - of["x"]) / of["scale"], (y - of["y"] + 0.1) / of["scale"]
    u, v = cos * dx + sin * dy, cos * dy - sin * dx
    n = len(people)
    skin = _scale((of["tone"] - 1) / 9, LIGHT_SKIN, MIDDLE_SKIN, DARK_SKIN)
    crown = _scale(of["blondness"], DARK_HAIR, MIDDLE_HAIR, BLOND_HAIR)
    strand = _scale(of["strand"], DARK_HAIR, MIDDLE_HAIR, BLOND_HAIR)
    cloth = np.concatenate([of["clothr"], of["clothg"], of["clothb"]], 1)
    wall = np.concatenate([of["wallr"], of["wallg"], of["wallb"]], 1)
    w, h = of["width"], of["height"]
    long = 1 - of["short"]
    f = u - of["yaw"]  # features turn with the head
    canvas = wall * (1 - 0.22 * (y + 1) / 2 - 0.1 * (x * x + y * y))
    texture = 1 + 0.10 * np.sin(34 * u + 5 * v + of["wave"])

    def paint(alpha, colour):
        nonlocal canvas
        canvas += alpha * (colour - canvas)

    below = _edge(v - 0.02)
    paint(long * below * _oval(u, v - 0.15, w + WIDE, of["length"] - 0.1), strand * texture * 0.8)
    paint(_box(u, v - 0.7, 0.17, 0.4), skin * 0.8)
    paint(_oval(u, v - 1.42, 0.95, 0.70), cloth)
    paint(_oval(u, v - 0.72, 0.21, 0.17), skin * 0.86)
    for s in (-1, 1):
        paint(_oval(u - s * w, v - 0.06, 0.07, 0.11), skin * 0.9)
    face = _oval(u, v, w, h)
    paint(face, skin * (1.02 - 0.12 * (u / w) ** 2))
    for s in (-1, 1):
        paint(long * below * _oval(u - s * (w + 0.05), v - 0.30, WIDE - 0.03, of["length"] - 0.35), strand * texture)
        e = f - s * of["eyes"]
        paint(_oval(e, v - 0.02, 0.085, 0.055), np.float32([0.96, 0.96, 0.95])[:, None, None])
        paint(_oval(e, v - 0.02, 0.042, 0.05), _scale(of["iris"], (0.12, 0.07, 0.04), (0.2, 0.25, 0.2), (0.2, 0.3, 0.45)))
        paint(_oval(e, v + 0.10, 0.10, 0.022), skin * 0.45)
        paint(0.25 * _oval(f - s * 0.22, v - 0.2, 0.09, 0.07), skin * np.float32([1.05, 0.72, 0.72])[:, None, None])
    paint(0.6 * _oval(f, v - 0.17, 0.045, 0.03), skin * 0.72)
    bend = of["smile"] * (f / 0.15) ** 2
    paint(_oval(f, v - 0.33 + bend, of["mouth"], 0.035), skin * np.float32([0.85, 0.5, 0.5])[:, None, None])
    cap = _oval(u, v + 0.10, w + 0.08, h + 0.02)
    front = _oval(u, v - CROWN - 0.0 * of["fringe"], w + 0.0, 0.60 + 0.0 - of["fringe"])
    paint(cap * (1 - front) * _edge(0.02 - v), crown * texture)

    light = of["gain"] * (1 + of["side"] * x)
    cast = np.concatenate([1 + of["warm"], 1 + of["green"], 1 - of["warm"]], 1)
    canvas *= light * cast
    canvas += rng.standard_normal(canvas.shape, dtype=np.float32) * NOISE
    return (canvas.transpose(0, 2, 3, 1).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _edge(d):
    return np.clip(0.5 + d * (SIZE / 2), 0, 1)


def _oval(x, y, a, b):
    r = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    return _edge((1 - r) * np.minimum(a, b))


def _box(x, y, a, b):
    return _edge(np.minimum(a - np.abs(x), b - np.abs(y)))


def _scale(t, low, middle, high):
    low, middle, high = (np.float32(c)[:, None, None] for c in (low, middle, high))
    return np.where(t < 0.5, low + (middle - low) * (2 * t), middle + (high - middle) * (2 * t - 1)).clip(0.02, 1)
