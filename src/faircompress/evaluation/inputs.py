"""What can be evaluated: predictions that belong together, and groups that are there."""

import difflib
from collections.abc import Collection, Mapping

import numpy as np

from faircompress.config.bounds import JOIN
from faircompress.config.rules import BASELINE, REFERENCES, Gate
from faircompress.data.predictions import Predictions, check, check_pair
from faircompress.evaluation.decisions import most_accurate_threshold
from faircompress.support.errors import InputError


def check_inputs(
    baseline: Predictions,
    candidate: Predictions,
    validation: tuple[Predictions, Predictions] | None,
    gate: Gate,
) -> None:
    """Refuse what cannot be evaluated.

    Raises:
        ValueError: If predictions are unfit or do not belong together, if a threshold would be
            chosen on test rows, or if the test rows lack a group that the gate expects.
    """
    for predictions in (baseline, candidate, *(validation or ())):
        check(predictions)
    check_pair(baseline, candidate)
    if validation is not None:
        _check_validation((baseline, candidate), validation)
    _check_groups(gate, baseline.groups)
    _check_absent(gate, baseline)


def present_references(
    gate: Gate,
    candidate: tuple[Predictions, Predictions | None],
    references: Mapping[str, Predictions | str],
    validation: Mapping[str, Predictions],
) -> dict[str, tuple[Predictions, Predictions | None]]:
    """Return the reference models that a rule needs, each with its validation predictions.

    One that cannot be compared is left out: its rules stay open.

    Args:
        gate: Rules and threshold.
        candidate: The candidate's predictions on test and validation rows.
        references: Predictions of the champion and the original champion on the test rows, or why
            there are none.
        validation: Theirs on the validation rows, where there are.

    Raises:
        ValueError: If a reference has another name, or predicted other rows.
    """
    unknown = sorted({*references, *validation} - set(REFERENCES))
    if unknown:
        names = " and ".join(REFERENCES)
        raise InputError(f"no rule knows a reference {unknown[0]!r}; there are {names}")
    needed = {rule.against for rule in gate.harm_rules} & set(references)
    found: dict[str, tuple[Predictions, Predictions | None]] = {}
    for name in sorted(needed):
        test, on_validation = references[name], validation.get(name)
        if isinstance(test, str):
            continue
        _check_reference(name, test, candidate[0])
        if on_validation is not None and candidate[1] is not None:
            _check_reference(name, on_validation, candidate[1])
            _check_same_file(name, test, on_validation)
        found[name] = test, on_validation
    return found


def threshold_of(
    name: str, test: Predictions, validation: Predictions | None, gate: Gate
) -> float | None:
    """Return a model's threshold of the two-class decision; None for more classes.

    Raises:
        ValueError: If it is to be chosen on validation, but predictions there are missing.
    """
    if len(test.classes) != 2:
        return None
    if isinstance(gate.threshold, float):
        return gate.threshold
    if gate.threshold == BASELINE:
        raise InputError(
            f"the {name} is to decide at the baseline's selection rate, but nothing says at which "
            "threshold that is. Give it."
        )
    if validation is None:
        raise InputError(
            f"the threshold is to be chosen on validation, but the {name} predicted test rows "
            "only; predict the validation rows with it too, or give a number as threshold."
        )
    return most_accurate_threshold(validation)


def _check_validation(
    test: tuple[Predictions, Predictions], validation: tuple[Predictions, Predictions]
) -> None:
    check_pair(*validation)
    for name, one, other in zip(("baseline", "candidate"), test, validation, strict=True):
        _check_same_file(name, one, other)
    shared = np.intersect1d(test[0].ids, validation[0].ids)
    if len(shared):
        raise InputError(
            f"{len(shared)} rows, such as {str(shared[0])!r}, are in validation and test; a "
            "threshold may not be chosen on test rows. Correct the splits."
        )
    _refuse_shared_clusters(test[0], validation[0])


def _refuse_shared_clusters(test: Predictions, validation: Predictions) -> None:
    """Refuse validation rows of people of the test: what these rows choose, test rows chose."""
    if test.identities is None or validation.identities is None:
        return
    shared = np.intersect1d(test.identities, validation.identities)
    if len(shared):
        raise InputError(
            f"{len(shared):,} of {len(np.unique(test.identities)):,} clusters, such as "
            f"{str(shared[0])!r}, have rows in validation and in test. Their validation rows would "
            "choose the threshold and which harm is looked for first, and these must not hang on "
            "those who are tested. Leave their validation rows out, or all validation rows."
        )


def _check_same_file(name: str, test: Predictions, validation: Predictions) -> None:
    if test.model != validation.model or test.classes != validation.classes:
        raise InputError(
            f"{name} validation predictions are of file {validation.model} and classes "
            f"{validation.classes}, test predictions of {test.model} and {test.classes}; they must "
            "be of the same file. Predict again."
        )


def _check_reference(name: str, reference: Predictions, candidate: Predictions) -> None:
    try:
        check(reference)
        check_pair(reference, candidate)
    except ValueError as error:
        why = f"with the {name} as baseline, {error}"
        raise InputError(
            f"the {name} cannot be compared with the candidate: {why}. Both must predict the same "
            f"rows and know the same classes. Predict these rows with the {name}'s file; if it was "
            f"made for other classes or sizes, take the rules against {name} out."
        ) from None


def _check_groups(gate: Gate, groups: Mapping[str, np.ndarray]) -> None:
    for column, expected in gate.expect.items():
        parts = [column] if column in groups else column.split(JOIN)
        absent = [part for part in parts if part not in groups]
        if absent:
            raise InputError(
                f"gate.expect names group column {absent[0]!r}, which the test rows do not have."
                f"{_meant(absent[0], groups)}"
            )
        if len(parts) > 1 and not gate.intersections:
            raise InputError(
                f"gate.expect names groups of {column}, which are tested only where "
                "gate.intersections is true (of an audit: its option intersections). Set it."
            )
        there = {JOIN.join(row) for row in zip(*(groups[part] for part in parts), strict=True)}
        missing = [name for name in expected if name not in there]
        if missing:
            raise InputError(
                f"no test row has {column}={' or '.join(missing)}, but gate.expect declares it, so "
                f"harm there would go unseen.{_meant(missing[0], there - set(expected))} Add "
                "such rows to the test split, or correct gate.expect (of an audit: its option "
                "expect)."
            )


def _check_absent(gate: Gate, rows: Predictions) -> None:
    columns = {**rows.groups, "label": np.asarray(rows.classes)[rows.labels]}
    for condition in gate.absent:
        parts = [part.split("=", 1) for part in condition.split(JOIN)]
        known = all(column in columns for column, _ in parts)
        there = known and int(np.all([columns[c] == value for c, value in parts], axis=0).sum())
        if there:
            raise InputError(
                f"gate.absent declares {condition!r}, but {there:,} test rows are there, so harm "
                "to them would go unseen. Leave it out, or leave these rows out for both models."
            )


def _meant(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
