"""dataset -> artifacts/train: the dense model."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from faircompress.config.brought_names import project_path
from faircompress.config.code_keys import key_of
from faircompress.config.params import Params, Train
from faircompress.data.dataset import Facts, load_facts, load_split
from faircompress.networks import network as networks
from faircompress.networks.network import IMAGENET, Network, probabilities
from faircompress.networks.weights import load_weights
from faircompress.rehearsal.trial import rehearse
from faircompress.support.checkpoints import Curve, checkpoint
from faircompress.support.figures import draw_curves
from faircompress.support.files import new_folder, sha256, write_json
from faircompress.support.progress import show_line
from faircompress.training.fit import fabric_for, fit
from faircompress.training.learning_curves import follow, rates
from faircompress.training.objectives.cross_entropy import cross_entropy


def train(params: Params, artifacts: Path) -> dict[str, Any]:
    """Train the dense model on hard labels; return how big and how good it is on validation."""
    how = params.train
    facts = load_facts(artifacts / "validate")
    rehearse(params, facts.size, len(facts.classes))
    split, validation = (load_split(artifacts / "validate", s) for s in ("train", "validation"))
    fabric = fabric_for(params.compute)
    network = untrained(how, facts)
    given = (key_of("stages.train", params), how.model_dump(), facts.fit_sha256)

    with checkpoint(artifacts, "train", *given) as kept:
        curve = Curve(kept / "curve.json")
        fit(
            network,
            split,
            cross_entropy,
            how,
            fabric,
            seed=how.seed,
            what="training",
            checkpoint=kept / "weights.pt",
            after_epoch=follow(network, validation, facts, curve, fabric),
        )
        if how.epochs == 0:
            probs = probabilities(network, validation.images, fabric.device, what="validation")
            curve.add(0, rates(probs, validation, facts))
        if not fabric.is_global_zero:
            raise SystemExit(0)
        with new_folder(artifacts / "train") as folder:
            networks.save(network, folder / "model.pt")
            write_json(folder / "curve.json", curve.epochs)
            draw_curves(curve.epochs, folder / "curve.png", "Dense training")
    return {
        "model_sha256": sha256(artifacts / "train" / "model.pt"),
        "parameters": sum(p.numel() for p in network.net.parameters()),
        "validation": curve.last(),
    }


def untrained(how: Train, facts: Facts) -> Network:
    """Build the network that is to learn this data set."""
    torch.manual_seed(how.seed)
    net = networks.build(how.model, len(facts.classes), how.weights)
    mean, std = _normalisation(how, facts, net)
    if how.from_:
        fresh = load_weights(net, project_path(how.from_), fresh_head=how.epochs > 0)
        if fresh:
            show_line(
                f"{', '.join(fresh)} are of other classes in {how.from_}, and start at random"
            )
    return Network(net, how.model, len(facts.classes), mean, std)


def _normalisation(
    how: Train, facts: Facts, net: nn.Module
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the standard deviation that pictures are normalised by."""
    if how.mean is not None and how.std is not None:
        return tuple(how.mean), tuple(how.std)
    if not how.weights:
        return facts.mean, facts.std
    own: dict[str, tuple[float, ...]] = getattr(net, "pretrained_cfg", {})  # timm's
    return tuple(own.get("mean", IMAGENET[0])), tuple(own.get("std", IMAGENET[1]))
