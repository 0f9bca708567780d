"""Count which near copies are told of pictures at hand, and which are missed of copies made here.

Told pairs cannot be checked by a program: with ``--sheet pairs.png`` they are drawn beside each
other, the second as it lies in its file, for whoever wants to look (pairs-0.png and so on).

    python bench/near_copies.py --pictures data/celeba/img_align_celeba --copies 2000
    python bench/near_copies.py --parquet data/cifar10/plain_text --copies 5000

What the comparison takes is told by thumbnails that are drawn, without pictures:

    OMP_NUM_THREADS=1 python bench/near_copies.py --drawn 200000
"""

import argparse
import io
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import idctn

from faircompress.data.near_copies import SIDE, families, thumbnail

SHOWN, GAP = 64, 8
LINE, LINES = 8, 12  # of families on a sheet


def encoded(picture: Image.Image, quality: int) -> Image.Image:
    """Return a picture as JPEG of a quality gives it back."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def mirrored(picture: Image.Image) -> Image.Image:
    """Return a picture turned round, encoded anew."""
    return encoded(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 80)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 50": lambda picture: encoded(picture, 50),
    "JPEG of quality 20": lambda picture: encoded(picture, 20),
    "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "mirrored, quality 80": mirrored,
    "15 % more contrast, clipped": lambda p: p.point(lambda v: min(255, int(v * 1.15 + 10))),
    "3 % cut off each side": lambda p: p.crop(
        (p.width * 0.03, p.height * 0.03, p.width * 0.97, p.height * 0.97)
    ),
}


def read(arguments: argparse.Namespace) -> Iterator[Image.Image]:
    """Give the pictures of a folder, or of the column ``img`` of Parquet files."""
    if arguments.pictures:
        for path in sorted(arguments.pictures.glob("*.jpg")):
            yield Image.open(path).convert("RGB")
    else:
        for path in sorted(arguments.parquet.glob("*.parquet")):
            for cell in pd.read_parquet(path)["img"]:
                yield Image.open(io.BytesIO(cell["bytes"])).convert("RGB")


def sheet(pictures: list[Image.Image], found: np.ndarray, path: Path) -> None:
    """Draw each family, its first three pictures, eight families in a line; 96 a file."""
    width, height = 3 * SHOWN + GAP, SHOWN + GAP
    for first in range(0, found.max() + 1, LINE * LINES):
        page = Image.new("RGB", (LINE * width, LINES * height), "white")
        for number in range(first, min(first + LINE * LINES, found.max() + 1)):
            line, column = divmod(number - first, LINE)
            for place, at in enumerate(np.flatnonzero(found == number)[:3]):
                corner = (column * width + place * SHOWN, line * height)
                page.paste(pictures[at].resize((SHOWN, SHOWN)), corner)
        page.save(path.with_stem(f"{path.stem}-{first // (LINE * LINES)}"))


def drawn(count: int, seed: int) -> list[np.ndarray]:
    """Draw thumbnails that have one average picture, with a spectrum as photos have it."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(*np.mgrid[:SIDE, :SIDE])
    size = np.maximum(frequency, 1) ** -1.5
    average = rng.normal(size=(SIDE, SIDE))
    found = []
    for _ in range(count):
        grey = idctn((rng.normal(size=(SIDE, SIDE)) + average) * size, norm="ortho")
        grey = 128 + 50 * (grey - grey.mean()) / grey.std()
        found.append(grey.clip(0, 255).astype(np.uint8))
    return found


def compared(thumbnails: list[np.ndarray]) -> np.ndarray:
    """Number the families, and print what that took."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = families(thumbnails)
    seconds = time.process_time() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    print(
        f"{len(thumbnails):,} pictures: {found.max() + 1} families of {(found >= 0).sum()} "
        f"pictures, {seconds:.1f} s of a processor and {more:.1f} GiB to compare"
    )
    return found


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--parquet", type=Path)
    parser.add_argument("--drawn", type=int)
    parser.add_argument("--copies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    if arguments.drawn:
        compared(drawn(arguments.drawn, arguments.seed))
        return
    pictures = list(read(arguments))
    thumbnails = [thumbnail(np.asarray(picture)) for picture in pictures]
    found = compared(thumbnails)
    if arguments.sheet:
        sheet(pictures, found, arguments.sheet)
    rng = np.random.default_rng(arguments.seed)
    chosen = rng.choice(len(pictures), min(arguments.copies, len(pictures)), replace=False)
    for name, copy in COPIES.items() if len(chosen) else ():
        more = [thumbnail(np.asarray(copy(pictures[at]))) for at in chosen]
        both = families([*thumbnails, *more])
        theirs, copies = both[chosen], both[len(pictures) :]
        print(f"{name}: {((theirs == copies) & (theirs >= 0)).mean():.4f} told")


if __name__ == "__main__":
    main()
