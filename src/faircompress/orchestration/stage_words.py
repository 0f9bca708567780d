"""What a stage came to, in a few numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faircompress.config.precisions import PRECISIONS, Precision, stem
from faircompress.support.files import read_json

Numbers = Mapping[str, Any]


def stage_words(stage: str, artifacts: Path) -> str:
    """Return the numbers by which a finished stage is known; empty if it has none.

    Args:
        stage: Its name.
        artifacts: Folder of results.
    """
    describe, file = WORDS.get(stage), artifacts / f"{stage}.json"
    return describe(read_json(file), artifacts) if describe and file.exists() else ""


def epoch_words(numbers: Numbers) -> str:
    """Return loss and accuracy on the validation split, as training tells them by epoch."""
    named = {"loss": numbers.get("loss"), "accuracy": numbers.get("accuracy/all")}
    return ", ".join(f"{name} {value:.3f}" for name, value in named.items() if value is not None)


def kilobytes(size: float) -> str:
    """Return a size as people say it."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def milliseconds(time: float) -> str:
    """Return a time without digits that say nothing."""
    return f"{time:.2g}" if time < 10 else f"{time:.0f}"


def gain_words(artifacts: Path) -> str:
    """Return what the evaluated file saves: multiply-adds, bytes, ms; empty: it is not known."""
    exported, gate = artifacts / "export.json", artifacts / "gate.json"
    if not exported.exists() or not gate.exists():
        return ""
    found, file = read_json(exported), stem(read_json(gate)["evaluated"])
    if f"{file}_bytes" not in found:
        return ""
    words = [
        f"{found['speedup_macs']:.2f}x fewer multiply-adds",
        f"{kilobytes(found['dense_bytes'])} -> {kilobytes(found[f'{file}_bytes'])}",
    ]
    for batch in sorted(int(k.rpartition("_")[2]) for k in found if k.startswith("dense_ms_")):
        dense, ours = found[f"dense_ms_batch_{batch}"], found[f"{file}_ms_batch_{batch}"]
        slower = ", slower" if ours > dense else ""
        words.append(f"{milliseconds(dense)} -> {milliseconds(ours)} ms (batch {batch}{slower})")
    return ", ".join(words)


def costs(exported: Numbers, precision: Precision) -> dict[str, float]:
    """Return what a file costs, and what the dense one does.

    Args:
        exported: As ``artifacts/export.json``.
        precision: Of the file.

    Returns:
        ``bytes``, ``dense_bytes``, ``speedup_macs``, and by batch such as ``ms_batch_1``,
        ``dense_ms_batch_1`` and ``speedup_batch_1``.
    """
    file = stem(precision)
    found = {"bytes": exported[f"{file}_bytes"], "dense_bytes": exported["dense_bytes"]}
    found["speedup_macs"] = exported["speedup_macs"]
    for key, value in exported.items():
        if key.startswith((f"{file}_ms_", f"{file}_speedup_")):
            found[key.removeprefix(f"{file}_")] = value
        elif key.startswith("dense_ms_"):
            found[key] = value
    return found


def _validate(found: Numbers, _: Path) -> str:
    rows = sum(found[f"rows_{split}"] for split in ("train", "validation", "test"))
    aside = f", {found['dropped']:,} set aside" if found["dropped"] else ""
    return f"{rows:,} pictures{aside}, smallest subgroup {found['smallest_cell']:,}"


def _train(found: Numbers, _: Path) -> str:
    return f"accuracy {found['validation']['accuracy/all']:.3f}, {found['parameters']:,} parameters"


def _prune(found: Numbers, artifacts: Path) -> str:
    dense = read_json(artifacts / "train.json")["parameters"]
    return (
        f"accuracy {found['validation']['accuracy/all']:.3f}, {found['speedup']:.2f}x fewer "
        f"multiply-adds, {dense:,} -> {found['parameters']:,} parameters"
    )


def _export(found: Numbers, _: Path) -> str:
    sizes = f"{kilobytes(found['dense_bytes'])} -> {kilobytes(found['pruned_bytes'])}"
    batches = sorted(int(key.rpartition("_")[2]) for key in found if key.startswith("dense_ms_"))
    times = [
        f"{milliseconds(found[f'dense_ms_batch_{n}'])} -> "
        f"{milliseconds(found[f'pruned_ms_batch_{n}'])} ms (batch {n})"
        for n in batches[:1]
    ]
    return ", ".join([f"parity {found['max_difference']:.0e}", sizes, *times])


def _gate(found: Numbers, _: Path) -> str:
    outcomes = found["precisions"]
    return ", ".join(f"{name} {outcomes[name]}" for name in PRECISIONS if name in outcomes)


WORDS = {
    "validate": _validate, "train": _train, "prune": _prune, "export": _export, "gate": _gate,
}  # fmt: skip
