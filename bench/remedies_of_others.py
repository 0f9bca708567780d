"""SAM, DFR and DPE on one batch: what the code of others makes of it, and what ours does.

    OMP_NUM_THREADS=1 python bench/remedies_of_others.py SAM DFR DPE

SAM, DFR and DPE are checkouts of github.com/davda54/sam, PolinaKirichenko/deep_feature_reweighting
and minhto2802/dpe4subpop. Nothing of them is in this repository. Functions of DFR are taken out of
the script that would run on import. Of SAM and DPE the weights after one step are compared; of DFR
the share of each group decided rightly by the mean of 20 regressions, which differ in the samples
drawn and in that the authors penalise the intercept too. Seconds; needs pandas and scikit-learn.
"""

import argparse
import ast
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional

from faircompress.training.heads import Known
from faircompress.training.heads.dfr import dfr
from faircompress.training.heads.dpe import prototype_loss
from faircompress.training.sharpness import worst_nearby

RADIUS, LR, C = 0.05, 0.1, 0.3


def main() -> None:
    """Compare, and print the largest differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("sam", "dfr", "dpe"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    print(f"SAM  weights after a step differ by at most {sam_apart(asked.sam):.1e}")
    for number, apart in dpe_apart(asked.dpe).items():
        print(f"DPE  prototypes after a step, {number} sets before, by at most {apart:.1e}")
    ours, theirs = dfr_shares(asked.dfr)
    print(f"DFR  shares decided rightly by group: ours {ours}, theirs {theirs}")


def imported(folder: Path, module: str) -> Any:
    """Import a module of a checkout."""
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(module)
    finally:
        sys.path.pop(0)


def sam_apart(folder: Path) -> float:
    """Return how far the weights of two networks are apart after a step on one batch."""
    torch.manual_seed(0)
    pictures, labels = torch.randn(32, 8), torch.randint(3, (32,))
    start = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
    nets = [nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))
            for _ in range(2)]  # fmt: skip
    for net in nets:
        net.load_state_dict(start.state_dict())

    def loss(net: nn.Module) -> Tensor:
        return functional.cross_entropy(net(pictures), labels)

    theirs = imported(folder, "sam").SAM(
        nets[0].parameters(), torch.optim.SGD, rho=RADIUS, lr=LR, momentum=0.9
    )
    torch.autograd.backward(loss(nets[0]))
    theirs.first_step(zero_grad=True)
    torch.autograd.backward(loss(nets[0]))
    theirs.second_step(zero_grad=True)

    optimizer = torch.optim.SGD(nets[1].parameters(), LR, momentum=0.9)
    torch.autograd.backward(loss(nets[1]))
    with worst_nearby(nets[1], RADIUS):
        torch.autograd.backward(loss(nets[1]))
    optimizer.step()
    pairs = zip(nets[0].parameters(), nets[1].parameters(), strict=True)
    return max((one - other).abs().max().item() for one, other in pairs)


def dpe_apart(folder: Path) -> dict[int, float]:
    """Return how far prototypes are apart after a step, by how many sets were there before."""
    for absent in ("netcal", "netcal.metrics"):  # rates calibration, which is not asked for
        sys.modules.setdefault(absent, ModuleType(absent))
    core = imported(folder / "src", "dpe.core")
    core._evaluate = lambda *_, **__: {"min_group": {"accuracy": 1.0}}  # takes the last epoch
    found = {}
    for count in (0, 1, 4):
        torch.manual_seed(count)
        features = functional.normalize(torch.randn(64, 32))
        labels = torch.randint(2, (64,))
        before = [0.2 * torch.randn(2, 32) for _ in range(count)]
        last = core.IsoMaxPlusLossFirstPart(32, 2)
        model = nn.Sequential(nn.Identity(), last)
        prototypes = last.prototypes.detach().clone().requires_grad_()
        scale = torch.ones(1, requires_grad=True)
        theirs = core._train_prototypes(
            [(None, None, labels, None, features)], None, model,
            prototype_ensemble=[[one[:, None], torch.ones(1)] for one in before],
            epochs=1, cov_reg=5e4, lr=1e-3, device="cpu", entropic=30,
        )[0]  # fmt: skip
        loss = prototype_loss(
            features, labels, prototypes, scale, before,
            sharpness=30, shrink=10, diversity=5e4 / 31,
        )  # fmt: skip
        optimizer = torch.optim.SGD([prototypes, scale], 1e-3, momentum=0.9)
        torch.autograd.backward(loss)
        optimizer.step()
        found[count] = float((prototypes.detach() - theirs[:, 0]).abs().max())
    return found


def dfr_shares(folder: Path) -> tuple[list[float], list[float]]:
    """Return the share of each group x label cell decided rightly, by ours and by theirs."""
    text = (folder / "dfr_evaluate_spurious.py").read_text("utf-8")
    (wanted,) = (
        node for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == "dfr_on_validation_eval"
    )  # fmt: skip
    words: dict[str, Any] = {
        "np": np, "StandardScaler": StandardScaler, "LogisticRegression": LogisticRegression,
        "REG": "l1", "print": lambda *_: None,
    }  # fmt: skip
    exec(compile(ast.Module([wanted], []), "dfr", "exec"), words)  # the authors' own function
    rng = np.random.default_rng(0)
    splits = {
        name: drawn(rows, rng) for name, rows in (("train", 2000), ("val", 2000), ("test", 20_000))
    }
    embeddings, labels, cells = (
        {name: split[i] for name, split in splits.items()} for i in range(3)
    )
    np.random.seed(0)
    theirs = words["dfr_on_validation_eval"](
        C, 1.0, 1.0, embeddings, labels, cells, num_retrains=20, balance_val=True, add_train=False
    )[0]
    features, truth, of = splits["val"]
    told = Known(features, truth, {"group": of // 2}, np.arange(len(truth)), 2)
    layer = dfr(told, seed=0, c=C)
    with torch.no_grad():
        decided = layer(torch.from_numpy(embeddings["test"]).float()).argmax(1).numpy()
    right = decided == labels["test"]
    ours = [float(right[cells["test"] == cell].mean()) for cell in range(4)]
    return [round(share, 3) for share in ours], [round(float(share), 3) for share in theirs]


def drawn(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, labels and cells of people whose group goes with their label."""
    labels = rng.integers(0, 2, rows)
    group = np.where(rng.random(rows) < 0.95, labels, 1 - labels)
    features = rng.normal(size=(rows, 20))
    features[:, 0] += 4 * group
    features[:, 1:6] += labels[:, None]
    return features, labels, group * 2 + labels


if __name__ == "__main__":
    main()
