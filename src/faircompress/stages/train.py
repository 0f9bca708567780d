"""dataset -> artifacts/train: the dense model."""

from pathlib import Path
from typing import Any

import torch

from faircompress.config.code_keys import key_of
from faircompress.config.params import Params, Train
from faircompress.data.dataset import Facts, load_facts, load_split
from faircompress.networks import network as networks
from faircompress.networks.network import IMAGENET, Network
from faircompress.rehearsal.trial import rehearse
from faircompress.support.checkpoints import Curve, checkpoint
from faircompress.support.figures import draw_curves
from faircompress.support.files import new_folder, sha256, write_json
from faircompress.training.fit import fabric_for, fit
from faircompress.training.learning_curves import follow
from faircompress.training.objectives.cross_entropy import cross_entropy


def train(params: Params, artifacts: Path) -> dict[str, Any]:
    """Train the dense model on hard labels; return how big and how good it is on validation."""
    how = params.train
    facts = load_facts(artifacts / "validate")
    rehearse(params, facts.size, len(facts.classes))
    split, validation = (load_split(artifacts / "validate", s) for s in ("train", "validation"))
    fabric = fabric_for(params.compute)
    network = untrained(how, facts)
    given = (key_of("stages.train", params), how.model_dump(), facts.sha256)

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
    mean, std = IMAGENET if how.weights else (facts.mean, facts.std)
    return Network(net, how.model, len(facts.classes), mean, std)
