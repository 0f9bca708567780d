"""dense model -> artifacts/prune: a smaller model, tuned with the objective of the params."""

from pathlib import Path
from typing import Any

from faircompress.compression.compress import by_layer, chosen, compress
from faircompress.config.code_keys import key_of
from faircompress.config.params import Params
from faircompress.data.dataset import load_facts, load_split
from faircompress.networks import network
from faircompress.support.checkpoints import Curve, checkpoint
from faircompress.support.figures import draw_curves, draw_layers
from faircompress.support.files import new_folder, sha256, write_json
from faircompress.support.progress import show_line
from faircompress.training.fit import fabric_for, fit
from faircompress.training.learning_curves import follow


def prune(params: Params, artifacts: Path) -> dict[str, Any]:
    """Cut the dense model down, then teach what is left; return how much was cut."""
    how = params.prune
    facts = load_facts(artifacts / "validate")
    split, validation = (load_split(artifacts / "validate", s) for s in ("train", "validation"))
    dense = network.load(artifacts / "train" / "model.pt")
    fabric = fabric_for(params.compute)
    sources = facts.fit_sha256, sha256(artifacts / "train" / "model.pt")
    given = (key_of("stages.prune", params), how.model_dump(), *sources)

    with checkpoint(artifacts, "prune", *given) as kept:
        if not (kept / "cut.pt").exists():
            smaller, achieved = compress(dense, split, how, fabric.device)
            if not achieved.within:
                show_line(
                    f"speed-up {achieved.speedup:.3f} instead of {how.speedup:g}: the smallest "
                    f"step left is {achieved.granularity:.1%} of the target"
                )
            network.save(smaller, kept / "cut.pt")
        pruned = network.load(kept / "cut.pt")
        curve = Curve(kept / "curve.json")
        fit(
            pruned,
            split,
            chosen(how.finetune, "objectives"),
            how,
            fabric,
            seed=how.seed,
            what="fine-tuning",
            dense=dense.net,
            checkpoint=kept / "weights.pt",
            after_epoch=follow(pruned, validation, facts, curve, fabric),
        )
        if not fabric.is_global_zero:
            raise SystemExit(0)
        layers = by_layer(dense.net.cpu(), pruned.net, dense.blank(facts.size))
        with new_folder(artifacts / "prune") as folder:
            network.save(pruned, folder / "model.pt")
            write_json(folder / "layers.json", layers)
            draw_layers(layers, folder / "layers.png")
            write_json(folder / "curve.json", curve.epochs)
            draw_curves(curve.epochs, folder / "curve.png", "Fine-tuning the pruned model")
    macs = {side: sum(layer[f"{side}_macs"] for layer in layers) for side in ("dense", "pruned")}
    return {
        "model_sha256": sha256(artifacts / "prune" / "model.pt"),
        "parameters": sum(p.numel() for p in pruned.net.parameters()),
        "macs": macs["pruned"],
        "speedup": macs["dense"] / macs["pruned"],
        "validation": curve.last(),
    }
