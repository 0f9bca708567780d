"""Exported files whose operating point is one half, since a constant in them makes it so.

Whoever deploys a file need not know at which threshold it was judged: it is in the file. The
constant is added to the logits just before the softmax, in float32, also in files of fewer bits.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faircompress.data.predictions import Predictions, taken
from faircompress.evaluation.operating_point import (
    HALF,
    Choice,
    OperatingPoint,
    choose,
    selection_rate,
    split_validation,
)
from faircompress.export.ports import OUTPUT
from faircompress.export.to_onnx import finished
from faircompress.support.errors import InputError
from faircompress.support.files import write_bytes

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

NAME = "operating_point"  # of the constant, its node, and its entry in the metadata
NOISE = 0.01  # share of rows that a GPU's other order of summing may move over the threshold


def fold(content: bytes, point: OperatingPoint) -> bytes:
    """Return a file that decides at one half where it decided at its operating point.

    Args:
        content: Bytes of an ONNX file of two classes that ends in a softmax.
        point: Where it decides; told in the metadata.

    Raises:
        ValueError: If the file does not end in a softmax, or has a constant already.
    """
    import onnx

    model = onnx.load_from_string(content)
    said = {prop.key: prop.value for prop in model.metadata_props}
    if NAME in said:
        raise InputError(f"the file has an operating point already: {said[NAME]}. Export it anew.")
    softmax = last_softmax(model.graph)
    constant = np.array([0.0, point.constant], np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(constant, NAME))
    moved = f"{softmax.input[0]}_{NAME}"
    add = onnx.helper.make_node("Add", [softmax.input[0], NAME], [moved], name=NAME)
    model.graph.node.insert(list(model.graph.node).index(softmax), add)
    softmax.input[0] = moved
    return finished(model, {**said, NAME: json.dumps(asdict(point), sort_keys=True)})


def last_softmax(graph: "GraphProto") -> "NodeProto":
    """Return the node that gives the probabilities.

    Raises:
        ValueError: If another kind of node does.
    """
    (node,) = [node for node in graph.node if OUTPUT in node.output]
    if node.op_type != "Softmax":
        raise InputError(f"the file ends in {node.op_type}; needed is a softmax over the logits")
    return node


def operating_points(
    choice: Choice, told: Mapping[str, Predictions], *, baseline: str
) -> dict[str, OperatingPoint]:
    """Return where each file of two classes decides.

    With ``baseline`` the baseline itself decides at one half. A number holds for all files; with
    ``validation`` each is the most accurate that it can be.

    Args:
        choice: Of params.
        told: Each file's predictions of the validation rows.
        baseline: Name of the file to which the others are compared.

    Raises:
        ValueError: If there is nobody to choose a threshold on.
    """
    reference = told[baseline]
    decide = deciding_rows(reference)
    nobody = not split_validation(reference.ids, reference.identities)[1].any()
    if nobody and choice in ("baseline", "validation"):
        people = len(set(reference.ids if reference.identities is None else reference.identities))
        raise InputError(
            f"{len(reference.ids)} validation rows of {people} people leave none to choose a "
            "threshold on: half of the people may do so. Add people, or set export.threshold: 0.5."
        )
    return {
        name: choose(
            HALF if name == baseline and choice == "baseline" else choice,
            baseline=reference.probabilities[decide],
            candidate=found.probabilities[decide],
            labels=reference.labels[decide],
            weights=reference.weights[decide],
        )
        for name, found in told.items()
    }


def deciding_rows(validation: Predictions) -> NDArray[np.bool_]:
    """Return the validation rows on which rates are counted, a mask.

    All, where nobody may choose a threshold, so that a number that is given has its rates too.
    """
    tune, decide = split_validation(validation.ids, validation.identities)
    return decide if decide.any() else tune


def unfitted(validation: Predictions) -> Predictions:
    """Return what is said of the people who fitted no last layer: those who choose a threshold."""
    return taken(validation, deciding_rows(validation))


def refuse_threshold(choice: Choice, classes: int) -> None:
    """Refuse a threshold where the most probable of several classes is decided for.

    Raises:
        ValueError: Unless nothing is asked for that has no meaning there.
    """
    if choice not in ("baseline", HALF):
        raise InputError(
            f"export.threshold is {choice}, but there are {classes} classes: a threshold decides "
            "between two. Set it to baseline, which then means the most probable class."
        )


def fold_files(folder: Path, points: Mapping[str, OperatingPoint]) -> None:
    """Put their constants into the files that do not decide at one half already."""
    for name, point in points.items():
        if point.chosen_by != "half":
            path = folder / f"{name}.onnx"
            write_bytes(path, fold(path.read_bytes(), point))


def changed_decisions(
    name: str, point: OperatingPoint, before: Predictions, after: Predictions
) -> int:
    """Return how many rows a file decides otherwise since the constant is in it.

    None on a processor. On a GPU two sessions may sum in another order, so a row beside the
    threshold may change sides; the file is judged as it is, with the constant.

    Args:
        name: Of the file.
        point: Where it decided.
        before: Its predictions of the validation rows without the constant.
        after: With it.

    Raises:
        ValueError: If more of the rows that chose the threshold changed than noise explains.
    """
    decide = deciding_rows(before)
    wanted = point.selects(before.probabilities)
    other = np.flatnonzero(decide & (wanted != (after.probabilities[:, 1] >= HALF)))
    if len(other) > max(1, NOISE * decide.sum()):
        raise InputError(
            f"{name}: with the constant {point.constant:.6g} in the file {len(other)} of "
            f"{decide.sum()} rows are decided otherwise than at threshold {point.threshold:.6g}, "
            f"such as {str(before.ids[other[0]])!r}. Does the device compute the same twice? Set "
            "export.threshold: 0.5 to go on without."
        )
    return len(other)


def described(
    name: str,
    point: OperatingPoint,
    before: Predictions,
    validation: Predictions,
    test: Predictions,
) -> dict[str, Any]:
    """Return a file's operating point, and what it comes to in the file as it was written.

    Args:
        name: Of the file.
        point: Where it decides.
        before: Its predictions of the validation rows without the constant.
        validation: With it.
        test: Its predictions of the test rows, with it.
    """
    decide = deciding_rows(validation)
    rates = {
        key: selection_rate(found.probabilities[rows, 1] >= HALF, found.weights[rows])
        for key, found, rows in (
            ("rate_on_decide", validation, decide),
            ("rate_on_test", test, np.ones(len(test.ids), bool)),
        )
    }
    changed = changed_decisions(name, point, before, validation)
    return {**asdict(point), **rates, "changed_decisions": changed}
