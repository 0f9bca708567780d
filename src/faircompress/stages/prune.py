"""dense model -> artifacts/prune: a smaller model, tuned with the objective of the params."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faircompress.compression.compress import by_layer, chosen, compress
from faircompress.compression.cut import Cut
from faircompress.compression.limits import Limit
from faircompress.config.code_keys import key_of
from faircompress.config.params import Params, Prune
from faircompress.config.widths import widths_kept
from faircompress.data.dataset import Facts, Split, load_facts, load_split
from faircompress.evaluation.operating_point import split_validation
from faircompress.export.cut_limit import limit_of
from faircompress.export.kept_width import kept_width
from faircompress.export.liked_width import liked_width
from faircompress.export.trial_cut import corrected
from faircompress.networks import network
from faircompress.networks.copies import copied
from faircompress.support.checkpoints import Curve, checkpoint
from faircompress.support.curve_table import curve_table
from faircompress.support.errors import InputError
from faircompress.support.figures import draw_curves, draw_layers
from faircompress.support.files import new_folder, read_json, sha256, write_json
from faircompress.support.progress import show_line
from faircompress.support.tables import write_csv
from faircompress.training.fit import fabric_for, fit
from faircompress.training.hinting import hints_for
from faircompress.training.learning_curves import follow, rates
from faircompress.training.refitting import people_of, refitted, refuse_no_layer

if TYPE_CHECKING:
    import torch


def prune(params: Params, artifacts: Path) -> dict[str, Any]:
    """Cut the dense model down, then teach what is left; return how much was cut."""
    how = params.prune
    facts = load_facts(artifacts / "validate")
    split, validation = (load_split(artifacts / "validate", s) for s in ("train", "validation"))
    dense = network.load(artifacts / "train" / "model.pt")
    fabric = fabric_for(params.compute)
    sources = facts.fit_sha256, sha256(artifacts / "train" / "model.pt")
    device = params.compute.device
    liked = kept_width(artifacts, how.round_to, device)
    choices = (how.model_dump(), params.train.model_dump())  # folds are trained as the dense model
    given = (key_of("stages.prune", params), *choices, liked, *sources)
    objectives = [chosen(section, "objectives") for section in (how.scoring, how.finetune)]

    with checkpoint(artifacts, "prune", *given) as kept:
        if how.head.name != "keep" and not (kept / "cut.pt").exists():
            _rehearse(dense, validation, how, facts, fabric.device)
        hints = hints_for(objectives, params, dense, (split, validation), facts, fabric, kept)
        if not (kept / "cut.pt").exists():
            limit = _limit(how, dense, facts, device, liked)
            smaller, achieved = compress(
                dense, split, how, fabric.device, hints=hints, liked=liked, limit=limit
            )
            _tell(achieved, how)
            write_json(kept / "target.json", _predicted(achieved, how))
            network.save(smaller, kept / "cut.pt")
        pruned = network.load(kept / "cut.pt")
        curve = Curve(kept / "curve.json")
        fit(
            pruned,
            split,
            objectives[1],
            how,
            fabric,
            seed=how.seed,
            what="fine-tuning",
            dense=dense.net,
            hints=hints,
            checkpoint=kept / "weights.pt",
            after_epoch=follow(pruned, validation, facts, curve, fabric),
        )
        if not fabric.is_global_zero:
            raise SystemExit(0)
        measured = curve.last()
        if how.head.name != "keep":
            pruned, measured = with_head(pruned, validation, how, facts, fabric.device)
        layers = by_layer(dense.net.cpu(), pruned.net, dense.blank(facts.size))
        with new_folder(artifacts / "prune") as folder:
            network.save(pruned, folder / "model.pt")
            write_json(folder / "layers.json", layers)
            target = read_json(kept / "target.json")
            write_json(folder / "target.json", target)
            draw_layers(layers, folder / "layers.png")
            write_json(folder / "curve.json", curve.epochs)
            write_csv(folder / "curve.csv", curve_table(curve.epochs))
            draw_curves(curve.epochs, folder / "curve.png", "Fine-tuning the pruned model")
    macs = {side: sum(layer[f"{side}_macs"] for layer in layers) for side in ("dense", "pruned")}
    return {
        "model_sha256": sha256(artifacts / "prune" / "model.pt"),
        "parameters": sum(p.numel() for p in pruned.net.parameters()),
        "macs": macs["pruned"],
        "speedup": macs["dense"] / macs["pruned"],
        "round_to": liked,
        **target,
        "validation": measured,
    }


def _rehearse(
    dense: network.Network,
    validation: Split,
    how: Prune,
    facts: Facts,
    device: "torch.device",
) -> None:
    """Fit the head to the dense network: what it would refuse, it refuses before the work."""
    refuse_no_layer(dense.net, dense.blank(facts.size), how.head.name)
    _refitted(replace(dense, net=copied(dense.net)), validation, how, facts, device)


def with_head(
    pruned: network.Network,
    validation: Split,
    how: Prune,
    facts: Facts,
    device: "torch.device",
) -> tuple[network.Network, dict[str, float]]:
    """Return the network with its new last layer, and its rates on people who did not fit it.

    Args:
        pruned: Tuned, on the CPU, in evaluation mode; changed in place.
        validation: All of the split; half of the people fit.
        how: Which head, and the seed.
        facts: Of the data set.
        device: Where the network looks at the pictures.
    """
    pruned = _refitted(pruned, validation, how, facts, device)
    others = validation.part(np.flatnonzero(~_fitting(validation)))
    said = network.probabilities(pruned, others.images, device, what="validation")
    return pruned, rates(said, others, facts)


def _refitted(
    given: network.Network,
    validation: Split,
    how: Prune,
    facts: Facts,
    device: "torch.device",
) -> network.Network:
    rows = np.flatnonzero(_fitting(validation))
    if not 0 < len(rows) < len(validation):
        raise InputError(
            f"prune.head.name {how.head.name} is fitted on half of the validation people, and the "
            f"other half looks at it; of {len(validation)} rows {len(rows)} are theirs. Add "
            "people, or choose keep"
        )
    people, columns = people_of(validation)[rows], facts.groups
    return refitted(given, validation.part(rows), people, columns, how, device)


def _fitting(validation: Split) -> np.ndarray:
    """Tell which validation rows may fit: the others choose the operating point."""
    ids = validation.rows["id"].to_numpy().astype(str)
    return split_validation(ids, people_of(validation))[0]


def _limit(
    how: Prune, dense: network.Network, facts: Facts, device: str, liked: int
) -> Limit | None:
    """Return what the file may take, where that was asked for."""
    if how.target is None:
        return None
    limit = limit_of(how.target, dense, facts, device, block=liked_width(device))
    if how.target.latency_ms is None:
        return limit
    widths = widths_kept(how.round_to, liked)
    floor, rounds = how.min_channels, how.rounds
    return corrected(limit, dense, facts, device, floor=floor, rounds=rounds, **widths)


def _tell(achieved: Cut, how: Prune) -> None:
    """Say how far it was cut where that was not known, or not met."""
    if achieved.cost is not None and how.target is not None:
        show_line(
            f"{how.target} asked: predicted {achieved.cost:.4g} {how.target.unit} with "
            f"{achieved.speedup:.2f}x fewer multiply-adds"
        )
    elif not achieved.within:
        show_line(
            f"speed-up {achieved.speedup:.3f} instead of {how.speedup:g}: the smallest "
            f"step left is {achieved.granularity:.1%} of the target"
        )


def _predicted(achieved: Cut, how: Prune) -> dict[str, float]:
    """Return what was asked and predicted where not multiply-adds decide, such as ms."""
    if achieved.cost is None or how.target is None:
        return {}
    unit = how.target.unit.lower()
    return {f"target_{unit}": how.target.asked, f"predicted_{unit}": achieved.cost}
