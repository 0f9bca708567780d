"""Is what we compute what the thesis's released code computes, on the same tensors?

`python bench/released_code.py PATH` takes the path of a checkout of
https://github.com/robbiemeyer/pw_loss_pruning, prints a Markdown table and fails if a comparison
fails. `--speed --data ROOT` also measures how long each takes on CIFAR-10 (docs/released-code.md).
"""

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import released_checkout
import torch
from released_checkout import Enough, as_released, run
from scipy.stats import spearmanr
from torch import Generator, Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from faircompress.compression.channels import Budget, ChannelWidths, read_widths
from faircompress.compression.criteria.autobot import autobot, counter, overspending
from faircompress.compression.criteria.taylor import taylor
from faircompress.networks.layers import scored
from faircompress.networks.network import build
from faircompress.training.batch_loader import Batch
from faircompress.training.loss_function import LossFunction
from faircompress.training.objectives.performance_weighted import performance_weighted

PICTURE = torch.zeros(1, 3, 32, 32)
ITERATIONS = 8
SETTINGS = [*product((0.0, 0.3, 0.5, 1.0), (0.0, 0.5, 1.0, 5.0))]  # theta, gamma


@dataclass(frozen=True)
class Row:
    """One comparison; ``ok`` is None where a difference is chosen, and only shown."""

    what: str
    found: str
    needed: str
    ok: bool | None


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, help="of robbiemeyer/pw_loss_pruning")
    parser.add_argument("--speed", action="store_true", help="measure how long both take, too")
    parser.add_argument("--data", default="data/cifar10", help="CIFAR-10, for --speed")
    parser.add_argument("--iterations", type=int, default=200, help="of AutoBot, in both codes")
    parser.add_argument("--cuts", type=int, help="time only so many cuts of their Taylor")
    parser.add_argument("--tune", type=int, default=2, help="epochs of tuning before AUROC")
    asked = parser.parse_args()
    released = released_checkout.load(asked.checkout)
    rows = [*losses(released), *taylor_scores(released), *autobot_scores(released)]
    print("| comparison | found | needed | |\n|---|---|---|---|")
    for row in rows:
        verdict = {True: "equal", False: "DIFFERS", None: "chosen"}[row.ok]
        print(f"| {row.what} | {row.found} | {row.needed} | {verdict} |", flush=True)
    if asked.speed:
        import released_speed

        how = {name: getattr(asked, name) for name in ("iterations", "cuts", "tune")}
        released_speed.measure(released, asked.data, **how)
    sys.exit(any(row.ok is False for row in rows))


def losses(released: SimpleNamespace) -> Iterator[Row]:
    """Compare weights, corrected targets and loss, with several classes and with one logit."""
    torch.manual_seed(0)
    logits, labels = torch.randn(4096, 10), torch.randint(10, (4096,))
    dense = (3 * torch.randn(4096, 10)).softmax(1)
    found = {"weights": 0.0, "targets": 0.0, "loss": 0.0}
    for min_weight, gamma in SETTINGS:
        weights = released.utils.sw_weights(min_weight, gamma)(labels, dense)
        targets = released.utils.fix_labels(dense, labels)
        theirs = (functional.cross_entropy(logits, targets, reduction="none") * weights).mean()
        ours = partial(performance_weighted, min_weight=min_weight, gamma=gamma)
        differences = {
            "weights": (weights - _weights(ours, labels, dense)).abs().max(),
            "targets": (targets - _targets(labels, dense)).abs().max(),
            "loss": (theirs - ours(logits, labels, dense)).abs(),
        }
        found = {k: max(found[k], v.item()) for k, v in differences.items()}
    settings = f"{len(SETTINGS)} settings of theta and gamma, 4,096 samples"
    for what, difference in found.items():
        yield _close(f"PW {what}, {settings}", difference, 1e-6)
    yield _close(f"PW loss, one logit against our two classes, {settings}", _one_logit(released))


def _weights(ours: Callable[..., Tensor], labels: Tensor, dense: Tensor) -> Tensor:
    """Read our weights off: with all logits equal each sample costs weight x log(classes)."""
    flat = torch.zeros_like(dense, dtype=torch.double)
    rows = range(len(labels))
    costs = [ours(flat[i : i + 1], labels[i : i + 1], dense[i : i + 1].double()) for i in rows]
    return torch.stack(costs) / torch.tensor(float(dense.shape[1]), dtype=torch.double).log()


def _targets(labels: Tensor, dense: Tensor) -> Tensor:
    """Read our targets off: with all logits equal the gradient is 1/classes - target."""
    flat = torch.zeros_like(dense, requires_grad=True)
    loss = performance_weighted(flat, labels, dense, min_weight=1.0)
    (gradient,) = torch.autograd.grad(loss, flat)
    return 1 / dense.shape[1] - gradient * len(labels)


def _one_logit(released: SimpleNamespace) -> float:
    logit, said, labels = torch.randn(4096, 1), torch.randn(4096, 1), torch.randint(2, (4096,))
    two = partial(functional.pad, pad=(1, 0))  # a first logit of 0
    worst = 0.0
    for min_weight, gamma in SETTINGS:
        truth, dense = labels.view(-1, 1).float(), said.sigmoid()
        weights = released.utils.sw_weights(min_weight, gamma)(truth, dense)
        targets = released.utils.fix_labels(dense, truth)
        each = functional.binary_cross_entropy_with_logits(logit, targets, reduction="none")
        theirs = (each.squeeze() * weights).mean()
        ours = performance_weighted(
            two(logit), labels, two(said).softmax(1), min_weight=min_weight, gamma=gamma
        )
        worst = max(worst, (theirs - ours).abs().item())
    return worst


def taylor_scores(released: SimpleNamespace) -> Iterator[Row]:
    """Compare the scores of the first cut: after five of their steps, on the batch they took."""
    dense, data = _network(), _data(512)
    forms: dict[str, tuple[dict[str, Any], Any]] = {
        "PW": ({"label_style": "fixed"}, partial(performance_weighted, min_weight=0.5)),
        "hard labels": (
            {"label_style": "original", "min_weight": 1.0},
            partial(performance_weighted, min_weight=1.0, corrected_targets=False),
        ),
    }
    for form, (options, objective) in forms.items():
        net = copy.deepcopy(dense)
        seen: list[Any] = []
        model = as_released(released, net)

        def watch(
            data: Any, convs: Any, scores: Any, model: Any = model, seen: list[Any] = seen
        ) -> None:
            seen.extend([data, scores.split([len(c.include_flags) for c in convs])])
            raise Enough

        torch.manual_seed(1)
        run(released_checkout.taylor(released, data, **options), model, 0.5, watch)
        _copy_state(model, net)
        goal = LossFunction(objective, dense)
        ours = taylor(net, [_batch(seen[0])], goal, rng=Generator(), steps=1, lr=0.0)
        yield from _same_ranking(f"Taylor, {form}, first cut", [*ours.values()], seen[1])


def autobot_scores(released: SimpleNamespace) -> Iterator[Row]:
    """Compare bottlenecks iteration by iteration, with their count of multiply-adds and ours.

    In double precision: Adam's quotient blows up roundings at every step.
    """
    torch.set_default_dtype(torch.double)
    dense = _network()
    batches, sigmas, losses, gs = _watched(released, dense)
    physical = read_widths(dense, PICTURE.double())
    chained = _chained(physical)
    budget, said = Budget(chained, chained.macs() / 2), []

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        probs = dense(batch.images).softmax(1)
        said.append(performance_weighted(net(batch.images), batch.labels, probs, min_weight=0.5))
        return said[-1]

    search = partial(autobot, rng=Generator(), iterations=ITERATIONS, lr=0.7, beta=5.3)
    ours = search(copy.deepcopy(dense), batches, loss, budget=budget)
    macs_of = counter(chained)
    mine = [overspending(macs_of(torch.stack([s.sum() for s in each])), budget) for each in sigmas]
    name = f"{ITERATIONS} iterations"
    yield _close(f"AutoBot, bottleneck loss, {name}", _farthest(said, losses))
    yield _close(f"AutoBot, g at their bottlenecks, {name}", _farthest(mine, gs))
    totals = [a + 5.3 * b for a, b in zip(losses, gs, strict=True)]
    best = min(range(int(0.6 * ITERATIONS), ITERATIONS), key=totals.__getitem__)
    name = f"AutoBot, {name}, MACs as they count them"
    yield from _same_ranking(name, [*ours.values()], sigmas[best])
    ours = search(copy.deepcopy(dense), batches, loss, budget=Budget(physical, physical.macs() / 2))
    alike = _alike([*ours.values()], sigmas[best])
    found = f"Spearman {min(alike):.3f} to {max(alike):.3f}, mean {sum(alike) / len(alike):.3f}"
    name = f"AutoBot, {ITERATIONS} iterations, physical MACs: ranking by convolution"
    yield Row(name, found, "-", None)
    torch.set_default_dtype(torch.float)


def _watched(released: SimpleNamespace, dense: nn.Module) -> list[Any]:
    """Let their AutoBot run; return its batches, sigmas, data losses and g, by iteration."""
    trace = []

    def watch(data: Any, convs: Any, loss: Tensor, g: Tensor) -> None:
        sigmas = [conv.bottleneck.detach().sigmoid() for conv in convs]
        trace.append((_batch(data), sigmas, loss.detach(), g.detach()))
        if len(trace) == ITERATIONS:
            raise Enough

    torch.manual_seed(2)
    data = _data(32 * ITERATIONS)
    pruner = released_checkout.autobot(released, data, num_iters=ITERATIONS, batch_size=32)
    run(pruner, as_released(released, dense), 0.5, watch)
    return [*zip(*trace, strict=True)]


def _farthest(ours: list[Tensor], theirs: list[Tensor]) -> float:
    return max((a - b).abs().item() for a, b in zip(ours, theirs, strict=True))


def _chained(widths: ChannelWidths) -> ChannelWidths:
    """Return the widths as their code sees them: each convolution reads the one defined before."""
    convs = {name: layer for name, layer in widths.layers.items() if name != "head"}
    order, any_group = [*scored(_network())], widths.groups[0]
    layers, before = {}, 3
    for name in order:
        layers[name] = replace(convs[name], inputs=before)
        before = convs[name].outputs
    groups = [
        replace(
            any_group,
            root=name,
            size=layers[name].outputs,
            writers=(name,),
            outputs={name: 1},
            inputs={after: 1} if after else {},
        )
        for name, after in zip(order, [*order[1:], None], strict=True)
    ]
    return replace(widths, layers=layers, groups=groups)


def _network() -> nn.Module:
    """Return a ResNet-20 whose batch statistics are those of some pictures."""
    torch.manual_seed(3)
    net = build("resnet20", 10)
    with torch.no_grad():
        for _ in range(20):
            net.train()(torch.randn(64, 3, 32, 32))
    return net.eval()


def _data(rows: int) -> TensorDataset:
    torch.manual_seed(4)
    return TensorDataset(torch.randn(rows, 3, 32, 32), torch.randint(10, (rows,)))


def _batch(data: Any) -> Batch:
    return Batch(data[0], data[1], torch.zeros_like(data[1]), 1)


def _copy_state(model: nn.Module, net: nn.Module) -> None:
    """Copy the weights and batch statistics of their network into ours."""
    for kind in (nn.Conv2d, nn.BatchNorm2d, nn.Linear):
        ours, theirs = ([m for m in n.modules() if isinstance(m, kind)] for n in (net, model))
        for mine, other in zip(ours, theirs, strict=True):
            mine.load_state_dict(other.state_dict())


def _close(what: str, difference: float, limit: float = 1e-6) -> Row:
    found, needed = f"largest difference {difference:.1e}", f"at most {limit:.0e}"
    return Row(what, found, needed, difference <= limit)


def _same_ranking(
    what: str, ours: list[Tensor], theirs: list[Tensor], limit: float = 1e-5
) -> Iterator[Row]:
    """Compare scores, as a share of the layer's largest, and ranks, convolution by convolution."""
    pairs = [*zip(ours, theirs, strict=True)]
    apart = [((a - b).abs().max() / b.abs().max()).item() for a, b in pairs]
    yield _close(f"{what}: scores, share of the layer's largest", max(apart), limit)
    same = sum(torch.equal(a.argsort(), b.argsort()) for a, b in pairs)
    alike = min(_alike(ours, theirs))
    yield Row(
        f"{what}: ranking by convolution",
        f"order identical in {same} of {len(ours)}, lowest Spearman {alike:.6f}",
        "Spearman at least 0.999",
        alike >= 0.999,
    )


def _alike(ours: list[Tensor], theirs: list[Tensor]) -> list[float]:
    return [float(spearmanr(a, b).statistic) for a, b in zip(ours, theirs, strict=True)]


if __name__ == "__main__":
    main()
