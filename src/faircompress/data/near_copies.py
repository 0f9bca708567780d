"""Pictures that are copies of each other without being equal: re-encoded, resized, mirrored.

Each picture is shrunk to 16 x 16 grey levels and described by its cosine transform, which forgets
brightness and contrast; a mirrored picture has the same numbers, those of odd columns with the
other sign. Copies agree in the whole, and also in what is left without the coarse shapes and
without all that pictures of these data have in common, such as a black frame. Two pictures of one
kind, such as ships at sea, agree in the whole alone. ``bench/near_copies.py`` counts what is told
wrongly and what is missed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from faircompress.data.pictures import Pixels

Floats = NDArray[np.float32]
SIDE = 16  # of a thumbnail
COARSE = 4  # rows and columns of the transform that hold the whole, without the detail
SEARCHED = 6  # rows and columns of the transform by which pairs are looked for
KEYS = ((1, 0), (2, 0), (0, 2))  # a place of the transform each, the same for mirrored pictures
ALIKE = 0.97  # correlation of the whole of two copies, at least
ALIKE_IN_DETAIL = 0.8  # and of what is left
SAMPLE = 1000  # pictures of which is learnt what all have in common
COMMON = 32  # directions that this takes at most, and
UNLIKE_EACH = 8  # pictures unlike each other for each of them
UNLIKE = 0.9  # correlation above which two of them are one
MOTIF = 0.25  # share of pairs that are alike, above which all show one thing, as parts on a belt
MIN_CONTRAST = 3.0  # standard deviation of grey levels below which a thumbnail shows too little
BLOCK = 1000  # pictures compared with all near them at once, at most, and
PAIRS = 2e7  # pairs: each takes some 20 bytes
MOST = 50  # look-alikes that are looked into of a picture; a chain of them is one family still
FLIP = np.where(np.arange(SIDE) % 2, -1, 1).astype(np.float32)  # what mirroring does to columns


def thumbnail(pixels: Pixels) -> Pixels:
    """Return what is compared of a picture, grey levels ``(16, 16)``."""
    small = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small)


def families(thumbnails: Sequence[Pixels]) -> NDArray[np.int64]:
    """Number the families of pictures that are copies of each other; -1: of none.

    Args:
        thumbnails: Of pictures that are all unlike pixel by pixel, as ``thumbnail`` returns them.

    Returns:
        ``(pictures,)``.
    """
    numbers = np.full(len(thumbnails), -1)
    if not len(thumbnails):
        return numbers
    transforms, shown = _transforms(np.stack(thumbnails))
    if len(shown) < 2:
        return numbers
    details = _details(transforms)
    links = [_copies(transforms, details, pairs) for pairs in _candidates(transforms, details)]
    pairs = np.concatenate([*links, np.empty((0, 2), np.int64)])
    if not len(pairs):
        return numbers
    ends = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(shown),) * 2)
    of_each = connected_components(ends, directed=False)[1]
    related = np.unique(pairs)
    numbers[shown[related]] = np.unique(of_each[related], return_inverse=True)[1]
    return numbers


def _transforms(thumbnails: Pixels) -> tuple[Floats, NDArray[np.int64]]:
    """Return the transforms of those that show something, and which these are."""
    found = dctn(thumbnails.astype(np.float32), axes=(1, 2), norm="ortho")
    found[:, 0, 0] = 0  # brightness
    norms = np.sqrt((found**2).sum(axis=(1, 2)))
    shown = np.flatnonzero(norms >= MIN_CONTRAST * SIDE)
    return found[shown] / norms[shown, None, None], shown


def _candidates(transforms: Floats, details: Floats) -> Iterator[NDArray[np.int64]]:
    """Give all pairs that may be copies, by some of the numbers alone, each pair once.

    Unit vectors that correlate by ``ALIKE`` lie within ``reach``, in any of their coordinates,
    too. So pictures are sorted into boxes, and each is compared with those around it; in a crowd,
    by its detail as well.
    """
    reach = np.sqrt(2 * (1 - ALIKE))
    keys = np.stack([transforms[:, row, column] for row, column in KEYS], axis=1)
    boxes = np.floor(keys / reach).astype(np.int64)
    order = np.lexsort(boxes.T)
    keys, boxes, low = keys[order], boxes[order], transforms[order, :SEARCHED, :SEARCHED]
    even, odd = (low[:, :, part::2].reshape(len(low), -1) for part in (0, 1))
    half = (low**2).sum(axis=(1, 2)) / 2
    step = int(np.clip(PAIRS // len(low), 1, BLOCK))
    starts = np.flatnonzero(np.r_[True, (boxes[1:] != boxes[:-1]).any(axis=1)])
    for start, end in zip(starts, np.r_[starts[1:], len(low)], strict=True):
        for first in range(start, end, step):
            rows = slice(first, min(first + step, end))
            lowest, highest = keys[rows].min(axis=0) - reach, keys[rows].max(axis=0) + reach
            around = ((keys[first:] >= lowest) & (keys[first:] <= highest)).all(axis=1)
            others = first + np.flatnonzero(around)
            both = even[rows] @ even[others].T + np.abs(odd[rows] @ odd[others].T)
            close = both > half[rows, None] + half[others] - (1 - ALIKE)
            close &= others > np.arange(rows.start, rows.stop)[:, None]
            crowded = np.flatnonzero(close.sum(axis=1) > MOST)
            like = _correlations(details[order[first + crowded]], details[order[others]])
            close[crowded] &= like > ALIKE_IN_DETAIL
            close[crowded] &= close[crowded].cumsum(axis=1) <= MOST
            at, other = np.nonzero(close)
            yield order[np.stack([first + at, others[other]], axis=1)]


def _details(transforms: Floats) -> Floats:
    """Return transforms without coarse shapes, and without what the data have in common."""
    fine = transforms.copy()
    fine[:, :COARSE, :COARSE] = 0
    sample = np.unique(np.linspace(0, len(fine) - 1, SAMPLE).astype(int))
    like = _correlations(transforms[sample], transforms[sample]) > ALIKE
    like &= _correlations(_unit(fine[sample]), _unit(fine[sample])) > UNLIKE
    one_motif = like.mean() > MOTIF
    unlike = fine[sample if one_motif else sample[_first_of_each(like)]]
    both = np.concatenate([unlike, unlike * FLIP]).reshape(-1, SIDE**2)
    directions = np.linalg.eigh(both.T @ both)[1]  # by size, the largest last
    common = directions[:, SIDE**2 - min(COMMON, len(unlike) // UNLIKE_EACH) :]
    flat = fine.reshape(len(fine), -1)
    return _unit((flat - flat @ common @ common.T).reshape(fine.shape))


def _correlations(some: Floats, others: Floats) -> Floats:
    """Return how pictures of unit length correlate with others, one of them mirrored or not."""
    parts = [[each[:, :, part::2].reshape(len(each), SIDE**2 // 2) for each in (some, others)]
             for part in (0, 1)]  # fmt: skip
    even, odd = (left @ right.T for left, right in parts)
    both: Floats = even + np.abs(odd)
    return both


def _unit(transforms: Floats) -> Floats:
    sizes = np.sqrt((transforms**2).sum(axis=(1, 2)))
    unit: Floats = transforms / np.maximum(sizes, np.finfo(np.float32).tiny)[:, None, None]
    return unit


def _first_of_each(like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which pictures are like none before them: a large family is no common trait."""
    kept = np.ones(len(like), bool)
    for at in range(len(like)):
        kept[at] = not (like[at, :at] & kept[:at]).any()
    return kept


def _copies(transforms: Floats, details: Floats, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs that are copies, by all numbers, one of them mirrored or not."""
    found: list[Any] = [pairs[:0]]
    for part in np.array_split(pairs, len(pairs) // 10_000 + 1):
        left, right = part.T
        for flip in (np.float32(1), FLIP):
            whole = (transforms[left] * transforms[right] * flip).sum(axis=(1, 2))
            detail = (details[left] * details[right] * flip).sum(axis=(1, 2))
            found.append(part[(whole > ALIKE) & (detail > ALIKE_IN_DETAIL)])
    return np.concatenate(found)
