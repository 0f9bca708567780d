"""What compression saved, and whether files are their networks, as plain values for the report.

Export's files call the baseline ``dense`` and the candidate ``pruned``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faircompress.evaluation.captions import Captions
from faircompress.report.plots import Json, Scale, capital
from faircompress.support.number_text import ARROW, file_size, milliseconds, quantity, times

Numbers = Mapping[str, Any]
SIDES = ("dense", "pruned")
OF_WEIGHTS = "of convolutions and linear layers"
KINDS = {"channels": "channels", "parameters": "weights", "macs": "multiply-adds"}


def cost(
    sizes: Numbers, layers: Sequence[Numbers], latency: Numbers, captions: Captions
) -> Json | None:
    """Return the figure and table of sizes and speeds, baseline over candidate; None without any.

    Args:
        sizes: Bytes of the files ``dense`` and ``pruned``, or nothing.
        layers: As ``prune/layers.json``.
        latency: As ``export/latency.json``.
        captions: What a row is called.
    """
    macs = sums(layers, "macs")
    promise = macs[0] / macs[1] if macs else None
    found = [_time(time, promise) for time in latency.get("times", ())]
    if macs:
        weights = sums(layers, "parameters") or (1, 1)
        one_row, kind = f"for one {captions.row}", "block-baseline"
        found.insert(
            0, _saved("Multiply-adds", macs, quantity, "Fewer multiply-adds", kind, note=one_row)
        )
        found.insert(
            1,
            _saved(
                "Weights", weights, quantity, kind=kind, note="of convolutions and linear layers"
            ),
        )
    if sizes:
        pair = (sizes["dense"], sizes["pruned"])
        found.insert(2 if macs else 0, _saved("ONNX file", pair, file_size, "Smaller file"))
    if not found:
        return None
    scale = Scale(0, 1.06 * max(line["high"] or line["ratio"] for line in found))
    return {
        "where": _where(latency),
        "promise": None if promise is None else scale(promise),
        "ticks": [{"x": scale(x), "text": f"{x:g}\N{MULTIPLICATION SIGN}"} for x in scale.ticks()],
        "bars": [_bar(line, scale) for line in found],
        "table": [
            [line["name"], line["baseline"], line["candidate"], times(line["ratio"]), line["note"]]
            for line in found
        ],
    }


def cut(layers: Sequence[Numbers], captions: Captions) -> Json | None:
    """Return the figure and table of each layer of both networks; None without layers.

    Bars are channels, in percent of the widest layer.

    Args:
        layers: As ``prune/layers.json``.
        captions: What the models are called.
    """
    if not layers:
        return None
    names = captions.baseline, captions.candidate
    scale = Scale(0, max(layer["dense_channels"] for layer in layers))
    return {
        "bars": [_layer(layer, scale) for layer in layers],
        "columns": ["Layer", *(f"{capital(what)}, {n}" for what in KINDS.values() for n in names)],
        "table": [
            [layer["layer"], *(f"{layer[f'{s}_{key}']:,}" for key in KINDS for s in SIDES)]
            for layer in layers
        ],
    }


def _layer(layer: Numbers, scale: Scale) -> Json:
    pairs = {kind: [f"{layer[f'{side}_{key}']:,}" for side in SIDES] for key, kind in KINDS.items()}
    changes = (f"{kind} {' to '.join(pair)}" for kind, pair in pairs.items())
    return {
        "name": layer["layer"],
        "baseline": scale(layer["dense_channels"]),
        "candidate": scale(layer["pruned_channels"]),
        "found": f"{f' {ARROW} '.join(pairs['channels'])} channels",
        "title": f"{layer['layer']}: {', '.join(changes)}",
    }


def parity(found: Mapping[str, Numbers], captions: Captions) -> Json | None:
    """Return how far the files are from their networks; None where nobody looked."""
    if not found:
        return None
    worst = max(one["max_difference"] for one in found.values())
    flips = sum(one["flips"] for one in found.values())
    many = "no clear decision" if not flips else f"{flips:,} clear decisions"
    return {
        "sentence": f"The exported files and the networks they come from predicted every "
        f"validation and test {captions.row}: probabilities differ by at most {worst:.1e}, and "
        f"{many} flipped. The verdict is about the files.",
        "table": [
            [name.replace("-", ", ", 1), f"{one['max_difference']:.1e}", one["row"],
             f"{one['flips']:,}", f"{one['near_ties']:,}"]
            for name, one in found.items()
        ],
    }  # fmt: skip


def _saved(
    name: str,
    pair: tuple[float, float],
    write: Callable[[float], str],
    glance: str = "",
    kind: str = "block-candidate",
    note: str = "",
) -> Json:
    return {
        "name": name,
        "baseline": write(pair[0]),
        "candidate": write(pair[1]),
        "ratio": pair[0] / pair[1],
        "low": None,
        "high": None,
        "note": note,
        "glance": glance,
        "kind": kind,
    }


def _time(time: Numbers, promise: float | None) -> Json:
    dense, pruned = (time[side]["median"] for side in SIDES)
    interval = f"95 % interval {times(time['low'])} to {times(time['high'])}"
    share = "" if promise is None else f"; {time['speedup'] / promise:.2f} of the promised speed-up"
    batch = f"batch {time['batch']}"
    return {
        "name": f"Latency, {batch}",
        "baseline": milliseconds(dense), "candidate": milliseconds(pruned),
        "ratio": time["speedup"], "low": time["low"], "high": time["high"],
        "note": f"median of {time['pairs']} paired runs; {interval}{share}",
        "glance": f"Faster, {batch}", "kind": "block-candidate",
    }  # fmt: skip


def _bar(line: Json, scale: Scale) -> Json:
    ends = {end: None if line[end] is None else scale(line[end]) for end in ("low", "high")}
    size, found = f"{line['baseline']} {ARROW} {line['candidate']}", times(line["ratio"])
    title = f"{line['name']}: {size}, {found}. {line['note']}"
    kept = {key: line[key] for key in ("name", "kind", "glance")}
    return {
        **kept,
        **ends,
        "size": size,
        "found": found,
        "title": title,
        "at": scale(line["ratio"]),
    }


def sums(layers: Sequence[Numbers], what: str) -> tuple[int, int] | None:
    """Return how much of something both networks have in all layers; None where nobody counted."""
    dense, pruned = (sum(layer[f"{s}_{what}"] for layer in layers) for s in SIDES)
    return (dense, pruned) if pruned else None


def _where(latency: Numbers) -> str:
    if not latency:
        return "Latency was not measured."
    provider = str(latency["provider"]).removesuffix("ExecutionProvider")
    return (
        f"Times by ONNX Runtime {latency['onnxruntime']} on {provider}, {latency['processor']}, "
        f"{latency['threads']} threads; they hold nowhere else."
    )
