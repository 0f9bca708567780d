"""What may be put before the judge: predictions that belong together, and groups that are there."""

import difflib
from collections.abc import Collection, Mapping

import numpy as np

from faircompress.predictions import Predictions, check, check_pair
from faircompress.verdict import JOIN, RIVALS, Gate
from faircompress.verdict.rates import most_accurate_threshold


def admit(
    dense: Predictions, pruned: Predictions, validation: tuple[Predictions, Predictions], gate: Gate
) -> None:
    """Refuse what cannot be judged.

    Raises:
        ValueError: If predictions are unfit or do not belong together, if a threshold would be
            chosen on test rows, or if the test rows lack a group that the gate expects.
    """
    for predictions in (dense, pruned, *validation):
        check(predictions)
    check_pair(dense, pruned)
    check_pair(*validation)
    for name, test, tuned in zip(("dense", "pruned"), (dense, pruned), validation, strict=True):
        _check_same_file(name, test, tuned)
    shared = np.intersect1d(dense.ids, validation[0].ids)
    if gate.threshold == "validation" and len(shared):
        raise ValueError(
            f"{len(shared)} rows, such as {str(shared[0])!r}, are in validation and test; a "
            "threshold may not be chosen on test rows. Correct the splits."
        )
    _check_groups(gate, dense.groups)


def admit_rivals(
    gate: Gate,
    pruned: tuple[Predictions, Predictions],
    rivals: Mapping[str, Predictions | str],
    tuned: Mapping[str, Predictions],
) -> dict[str, tuple[Predictions, Predictions | None]]:
    """Return the rivals that a rule needs, each with its word on validation if that is there.

    One that cannot be asked is left out: its rules stay open.

    Args:
        gate: Rules and threshold.
        pruned: The pruned file's word on test and validation.
        rivals: What the champion and the anchor say of the test rows, or why they cannot.
        tuned: What they say of the validation rows.

    Raises:
        ValueError: If a rival has another name, or was not asked about the same rows.
    """
    unknown = sorted({*rivals, *tuned} - set(RIVALS))
    if unknown:
        raise ValueError(f"no rule knows a rival {unknown[0]!r}; there are {' and '.join(RIVALS)}")
    needed = {rule.against for rule in gate.harms} & set(rivals)
    found: dict[str, tuple[Predictions, Predictions | None]] = {}
    for name in sorted(needed):
        said, on_validation = rivals[name], tuned.get(name)
        if isinstance(said, str):
            continue
        _check_rival(name, said, pruned[0])
        if on_validation is not None:
            _check_rival(name, on_validation, pruned[1])
            _check_same_file(name, said, on_validation)
        found[name] = said, on_validation
    return found


def threshold_of(
    name: str, said: Predictions, tuned: Predictions | None, gate: Gate
) -> float | None:
    """Return a file's threshold of the two-class decision; None for more classes.

    Raises:
        ValueError: If it is to be chosen on validation, but the file's word on it is missing.
    """
    if len(said.classes) != 2:
        return None
    if gate.threshold != "validation":
        return gate.threshold
    if tuned is None:
        raise ValueError(
            f"gate.threshold is validation, but the {name} was asked about test rows only; predict "
            "the validation rows with its file too, or write a number for gate.threshold."
        )
    return most_accurate_threshold(tuned)


def _check_same_file(name: str, test: Predictions, tuned: Predictions) -> None:
    if test.model != tuned.model or test.classes != tuned.classes:
        raise ValueError(
            f"{name} validation predictions are of file {tuned.model} and classes "
            f"{tuned.classes}, test predictions of {test.model} and {test.classes}; they must "
            "be of the same file. Run export again."
        )


def _check_rival(name: str, rival: Predictions, pruned: Predictions) -> None:
    try:
        check(rival)
        check_pair(rival, pruned)
    except ValueError as error:
        raise ValueError(_cannot(name, f"with the {name} as dense, {error}")) from None


def _cannot(name: str, why: str) -> str:
    return (
        f"the {name} cannot be compared with the pruned file: {why}. Both must be asked about the "
        f"same rows and know the same classes. Predict these rows with the {name}'s file; if it "
        "was made for other classes or picture sizes, take the rules that bind "
        f"{name} out of gate.rules."
    )


def _check_groups(gate: Gate, groups: Mapping[str, np.ndarray]) -> None:
    for column, expected in gate.expect.items():
        parts = [column] if column in groups else column.split(JOIN)
        absent = [part for part in parts if part not in groups]
        if absent:
            raise ValueError(
                f"gate.expect names group column {absent[0]!r}, which the test rows do not have."
                f"{_meant(absent[0], groups)}"
            )
        if len(parts) > 1 and not gate.intersections:
            raise ValueError(
                f"gate.expect names groups of {column}, which are judged only where "
                "gate.intersections is true (of an audit: --intersections). Set it."
            )
        there = {JOIN.join(row) for row in zip(*(groups[part] for part in parts), strict=True)}
        missing = [name for name in expected if name not in there]
        if missing:
            raise ValueError(
                f"no test row has {column}={' or '.join(missing)}, but gate.expect declares it, so "
                f"harm there would go unseen.{_meant(missing[0], there - set(expected))} Add "
                "such rows to the test split, or correct gate.expect (of an audit: --expect)."
            )


def _meant(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
