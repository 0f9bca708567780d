"""Small data sets, each in the layout of a plug-in; each function returns the plug-in's options."""

import csv
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Options = dict[str, Any]


def jpeg(seed: int, side: int = 8) -> bytes:
    """Return an image file of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows of equal keys."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def people(count: int = 120) -> list[dict[str, Any]]:
    """Return rows of a table: two pictures a person, ages 0 to 89."""
    return [
        {
            "image": f"pictures/{row:04d}.jpg",
            "label": ("sad", "glad")[row % 2],
            "gender": row // 2 % 2,
            "age": row * 7 % 90,
            "person": f"p{row // 2}",
        }
        for row in range(count)
    ]


def table(root: Path, rows: list[dict[str, Any]] | None = None) -> Options:
    """A CSV file and its pictures."""
    rows = people() if rows is None else rows
    for at, row in enumerate(rows):
        path = root / row["image"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(at))
    write_csv(root / "data.csv", rows)
    return {"root": str(root), "groups": {"sex": {"column": "gender"}}, "identity": "person"}


def folder(root: Path, count: int = 120) -> Options:
    """Pictures whose names have age and sex; train and test are given."""
    for row in range(count):
        place = root / ("test" if row % 4 == 3 else "train") / ("sad", "glad")[row // 4 % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{row * 7 % 90}_{row // 2 % 2}_{row:04d}.jpg").write_bytes(jpeg(row))
    return {
        "root": str(root),
        "pattern": "{split}/{label}/{age}_{sex}_{rest}.jpg",
        "groups": ["sex"],
        "validation": 0.3,
    }


def fitzpatrick17k(root: Path, labels: list[dict[str, Any]] | None = None) -> Options:
    """The owners' list with five pictures of each type and condition, and their pictures."""
    conditions = ("benign", "malignant", "non-neoplastic")
    labels = labels or [
        {"md5hash": f"{17 * (5 * t + n) + k:032x}", "fitzpatrick_scale": t,
         "three_partition_label": word}
        for t in (-1, 1, 2, 3, 4, 5, 6)
        for k, word in enumerate(conditions)
        for n in range(5)
    ]  # fmt: skip
    (root / "images").mkdir(parents=True)
    write_csv(root / "fitzpatrick17k.csv", labels)
    for at, row in enumerate(labels):
        (root / "images" / f"{row['md5hash']}.jpg").write_bytes(jpeg(at))
    return {"root": str(root)}


def celeba(root: Path, cells: dict[str, list[tuple[int, int, int]]] | None = None) -> Options:
    """CelebA's files; cells are (blond, male, pictures) by split, each picture its own person."""
    cells = cells or dict.fromkeys("012", [(b, m, 3) for b in (0, 1) for m in (0, 1)])
    flat = [(s, b, m) for s, of in cells.items() for b, m, count in of for _ in range(count)]
    (root / "img_align_celeba").mkdir(parents=True)
    for at in range(len(flat)):
        (root / "img_align_celeba" / f"{at:06d}.jpg").write_bytes(jpeg(at))
    lines = [f"{at:06d}.jpg {2 * b - 1} {2 * m - 1}" for at, (_, b, m) in enumerate(flat)]
    (root / "list_attr_celeba.txt").write_text(
        "\n".join([str(len(flat)), "Blond_Hair Male", *lines])
    )
    for name, words in {
        "identity_CelebA.txt": [str(at) for at in range(len(flat))],
        "list_eval_partition.txt": [s for s, *_ in flat],
    }.items():
        text = "\n".join(f"{at:06d}.jpg {word}" for at, word in enumerate(words))
        (root / name).write_text(text)
    return {"root": str(root)}


def cifar10_pictures(each: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Return six batches of pictures of ten classes; the last, test, has a copy of number 4."""
    images = np.random.default_rng(0).integers(0, 256, (6 * each, 32, 32, 3), np.uint8)
    images[-1] = images[4]
    return images, np.arange(6 * each) % 10


def cifar10(root: Path, each: int = 10, protocol: int = 2) -> Options:
    """CIFAR-10's pickled batches."""
    images, labels = cifar10_pictures(each)
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    for at, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        part = slice(at * each, at * each + each)
        content = {"data": planes[part], "labels": labels[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))
    return {"root": str(root)}


def portraits(root: Path) -> Options:
    """Nothing lies in files."""
    return {"train": 200, "validation": 100, "test_cell": 5, "rare_share": 0.05}
