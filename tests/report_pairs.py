"""Pairs of predictions to report on, and the numbers beside them."""

import functools
from html.parser import HTMLParser

import numpy as np

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict

VOID = {"meta", "img", "br", "input"}


RULES = [
    {"metric": "true_positive_rate", "rule": "change", "limit": 0.10},
    {"metric": "true_positive_rate", "rule": "disparity_change", "limit": 0.20},
    {"metric": "accuracy", "rule": "minimum", "limit": 0.80},
    {"metric": "false_positive_rate", "rule": "change", "limit": 0.10},
]


GATE = Gate(threshold=0.5, power=0.8, intersections=False, rules=RULES)


LATENCY = {
    "provider": "CPUExecutionProvider", "processor": "Some Processor", "threads": 2,
    "onnxruntime": "1.23", "times": [
        {"batch": 64, "pairs": 30, "dense": {"median": 90.0}, "pruned": {"median": 9.0},
         "speedup": 10.0, "low": 9.5, "high": 10.5},
    ],
}  # fmt: skip


LAYERS = [
    {"layer": "stem", "dense_channels": 16, "pruned_channels": 4, "dense_macs": 8000,
     "pruned_macs": 500, "dense_parameters": 400, "pruned_parameters": 100},
]  # fmt: skip


PARITY = {"pruned-test": {"max_difference": 2e-7, "row": "test-0", "flips": 0, "near_ties": 0}}


def predicted(
    labels: np.ndarray, sure: np.ndarray, model: str, split: str, **more: object
) -> Predictions:
    """A file that gives ``sure`` to the true class and shares the rest out evenly."""
    names = more.pop("classes", ("dark", "blond"))
    p = np.repeat(((1 - sure) / (len(names) - 1))[:, None], len(names), axis=1)
    p[np.arange(len(labels)), labels] = sure
    return Predictions(
        ids=np.array([f"{split}-{i}" for i in range(len(labels))]), labels=labels, probabilities=p,
        identities=None, weights=np.ones(len(labels)), classes=names, model=model, data="d" * 64,
        **more,
    )  # fmt: skip


def hair_pair(lost: int, split: str = "test") -> tuple[Predictions, Predictions]:
    """200 rows in each cell; pruning loses the first ``lost`` blond short-haired ones."""
    labels = np.tile([0, 1], 400)
    groups = {"hair": np.repeat(["long", "short"], 400)}
    dense, pruned = np.full(800, 0.9), np.full(800, 0.9)
    harmed = np.flatnonzero((labels == 1) & (groups["hair"] == "short"))[:lost]
    pruned[harmed] = 0.4 - 0.3 * np.arange(lost) / max(lost, 1)  # the last falls furthest
    return (
        predicted(labels, dense, "a" * 64, split, groups=groups),
        predicted(labels, pruned, "b" * 64, split, groups=groups),
    )


def class_pair(split: str = "test") -> tuple[Predictions, Predictions]:
    """Ten classes of 60 rows; pruning loses 40 of class c3."""
    classes = tuple(f"c{k}" for k in range(10))
    labels = np.repeat(np.arange(10), 60)
    pruned = np.full(600, 0.9)
    pruned[180:220] = 0.05
    more = {"groups": {"label": np.array(classes)[labels]}, "classes": classes}
    return (
        predicted(labels, np.full(600, 0.9), "a" * 64, split, **more),
        predicted(labels, pruned, "b" * 64, split, **more),
    )


class Balance(HTMLParser):
    """Collects tags that are closed wrongly or never."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")


PAIRS = {
    "pass": functools.partial(hair_pair, 0),
    "inconclusive": functools.partial(hair_pair, 20),
    "fail": functools.partial(hair_pair, 100),
    "ten": class_pair,
}


@functools.cache
def evaluated(which: str) -> Verdict:
    pair = PAIRS[which]
    gate = GATE if which != "ten" else GATE.model_copy(update={"rules": GATE.rules[:2]})
    return evaluate(*pair(), gate, validation=pair("validation"), captions=CHAIN, crosschecks=True)
