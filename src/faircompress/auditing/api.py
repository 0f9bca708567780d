"""The audit from Python: a table of predictions, its columns or arrays, and rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from faircompress.auditing.arguments import OF_BOTH
from faircompress.auditing.audit import audit_pair, check_threshold
from faircompress.auditing.booking import of_options
from faircompress.auditing.result import AuditVerdict
from faircompress.auditing.rows import Asked, Pair
from faircompress.auditing.rules import BASICS
from faircompress.auditing.rules import gate as read_rules
from faircompress.auditing.spelling import from_python
from faircompress.config.bounds import whole
from faircompress.config.rules import Gate, Rule
from faircompress.data.predictions import Predictions
from faircompress.support.arguments import listed, of_kinds
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from faircompress.auditing.frames import Frame
    from faircompress.auditing.tables import Table

Column = str | int | Sequence[Any] | np.ndarray  # a name, or the values
Rules = Sequence[Mapping[str, Any] | Rule | str] | Mapping[str, Any] | Rule | str | Path


@of_kinds(OF_BOTH)
def audit(
    df: "Frame",
    *,
    label: Column,
    groups: Sequence[str] | Mapping[str, Column],
    baseline: Column,
    candidate: Column,
    rules: Rules,
    cluster: Column | None = None,
    weight: Column | None = None,
    max_weight: float | Mapping[str, float] | None = None,
    counts: Literal["rows", "clusters"] = "rows",
    fixed_counts: Sequence[str] = (),
    id: Column | None = None,
    split: Column | None = None,
    classes: Sequence[str] = (),
    threshold: float | Literal["validation", "baseline"] = 0.5,
    confidence: float | None = None,
    intersections: bool = False,
    sparse: Literal["judge", "merge", "parent"] | None = None,
    min_rows: int | None = None,
    expect: Mapping[str, Sequence[str]] | None = None,
    absent: Sequence[str] = (),
    ledger: str | Path | None = None,
    looks: Literal["spend", "earn", "ignore"] | None = None,
    topping_up: bool = False,
    tops_up: int | None = None,
    reviewer: str | None = None,
    reason: str = "",
    crosschecks: bool = False,
) -> AuditVerdict:
    """Tell whether a candidate harms no group more than the rules allow.

    Args:
        df: One row for each row of the test set: a pandas frame, any table that speaks Arrow
            (Polars, PyArrow, DuckDB), columns by name, or the path of a table. Columns are named
            below, or given as arrays of its length; None if all are arrays.
        label: True classes.
        groups: Columns of groups, or name -> values. The label's own: each class against the rest.
        baseline: What the baseline predicts: the probability of the positive class, decided
            classes, or a name with one star, such as ``p_dense_*``, for a column a class; or an
            array ``(rows, classes)`` in the order of ``classes``.
        candidate: Likewise, of the model that may be released.
        rules: Each a mapping such as ``{"rule": "change", "metric": "auroc", "limit": 0.03}``, a
            ``Rule``, or a text such as ``"change auroc 0.03"``; one of them, or the path of a YAML
            file.
        cluster: Rows of one value belong together: a person.
        weight: What a row counts, > 0.
        max_weight: The most that a cluster (or a row without one) weighs in the population,
            twice that if its rows may be of several classes, whether one was drawn or not; or by
            subgroup, such as ``{"sex=f": 3, "sex=m & y=1": 5, "sex=m & y=0": 2}``.
        counts: What rates count: rows, or clusters, each once however many rows it has. Nobody can
            then weigh much, so many rows of a few cost the others nothing.
        fixed_counts: Columns (the label's, of groups) of whose crossed values the numbers of test
            rows were fixed by design, such as as many of each class.
        id: Of the rows, unique.
        split: Rows ``validation`` order the failures and may set the threshold; rows ``test`` are
            evaluated. Needs ``id``.
        classes: Names of the classes, of two the positive second.
        threshold: Of a two-class decision; ``validation``: of each model, the most accurate there;
            ``baseline``: of the candidate, where it says yes to as many validation rows as the
            baseline does at 0.5.
        confidence: One-sided, of the rules that state none; 0.975 if left out.
        intersections: Test the intersections of group columns too.
        sparse: Of intersections with fewer than ``min_rows`` rows of some class: ``judge`` tests
            them like others (the default); ``merge`` tests them together, as ``other``;
            ``parent`` leaves them to the groups of single columns.
        min_rows: Of each class.
        expect: Group column -> groups that must be there.
        absent: What the rows lack by design, such as ``"skin=dark & y=1"``.
        ledger: File that counts looks at a test set, and charges them; made if missing. See
            docs/ledger.md.
        looks: ``spend``: look k may use alpha/(k(k + 1)); ``earn``: e-values decide, and a release
            earns more for the next; ``ignore``: each uses alpha. As a file of rules says, else
            ``spend``.
        topping_up: Declare that rows of fresh people may be added to this look later: e-values
            decide.
        tops_up: Line in the ledger of the look that this table's fresh rows top up; left out, it is
            found by its own rows, which stand in the table too.
        reviewer: Who agreed to limits that changed after a look; somebody else than you.
        reason: Why they changed.
        crosschecks: Compute bootstrap and DeLong intervals too, which decide nothing.

    Returns:
        The verdict: ``outcome``, ``to_frame()``, ``save(folder)``, ``raise_unless_passed()``.

    Raises:
        ValueError: Naming the column and row, or the rule, that cannot be used, and what to do.

    Example:
        >>> import numpy as np, pandas as pd, faircompress
        >>> rng = np.random.default_rng(1)
        >>> y = np.tile([0, 1], 600)
        >>> p = np.clip(0.2 + 0.6 * y + rng.normal(0, 0.15, 1200), 0, 1)
        >>> df = pd.DataFrame({"y": y, "sex": np.repeat(["f", "m"], 600), "p_dense": p})
        >>> df["p_small"] = np.clip(p + rng.normal(0, 0.01, 1200), 0, 1)
        >>> verdict = faircompress.audit(
        ...     df, label="y", groups=["sex"], baseline="p_dense", candidate="p_small",
        ...     rules=["change auroc 0.03", "change true_positive_rate 0.1"])
        >>> str(verdict.outcome)
        'pass'
        >>> len(verdict.to_frame())  # AUROC and true positive rate of all, f and m
        6
    """
    with from_python():
        classes, absent = listed(classes), listed(absent)
        table, asked, models = _table(
            df, label, groups, (baseline, candidate), cluster, weight, id, split, classes
        )
        names = tuple(map(str, classes))
        fixed = tuple(map(str, listed(fixed_counts)))
        asked = replace(
            asked, classes=names, max_weight=max_weight, counts=counts, fixed_counts=fixed
        )
        where = None if ledger is None else Path(ledger)
        way, book = of_options(looks, where, reviewer, reason, tops_up)
        more: dict[str, Any] = {
            "intersections": intersections,
            "expect": expect,
            "absent": absent,
            "looks": way,
            "topping_up": topping_up or None,
        }
        more |= {"sparse": sparse, "min_rows": min_rows}
        gate = gate_of(rules, confidence, {"threshold": threshold, **more})
        pair, validation = _split(table, asked, models, split is not None)
        if threshold != BASICS["threshold"]:
            check_threshold(pair, "threshold")
        return AuditVerdict.of(
            *audit_pair(pair, gate, asked, validation, book, crosschecks=crosschecks)
        )


def _table(
    df: "Frame",
    label: Column,
    groups: Sequence[str] | Mapping[str, Column],
    models: tuple[Column, Column],
    cluster: Column | None,
    weight: Column | None,
    identifier: Column | None,
    split: Column | None,
    classes: Sequence[str],
) -> "tuple[Table, Asked, tuple[str, str]]":
    """Return a table in which everything is a column, and which column is what."""
    from faircompress.auditing.frames import by_class, frame_of, index_of, values_in_order
    from faircompress.auditing.tables import of_frame

    given = {"label": label, "id": identifier, "cluster": cluster, "weight": weight, "split": split}
    given |= dict(zip(("baseline", "candidate"), models, strict=True))
    given = {name: _named(values) for name, values in given.items()}
    more = list(groups.values()) if isinstance(groups, Mapping) else []
    cells = frame_of(df, [*given.values(), *more])
    own = df.values() if isinstance(df, Mapping) else (df,)
    order = next((i for i in map(index_of, (*own, *given.values(), *more)) if i is not None), None)
    own_names = set(cells.columns)
    taken = {column for column in given.values() if isinstance(column, str)}

    def column(name: str, values: Column | None) -> str | None:
        values = _named(values)
        if values is None or isinstance(values, str):
            return values
        own = name
        while own in taken or name in given and any(n.startswith(own) for n in own_names):
            own += "'"
        found = values_in_order(name, values, order)
        if found.ndim == 2 and name in ("baseline", "candidate"):
            names = list(map(str, classes))
            for label_name, of_class in by_class(found, own, names, len(cells)).items():
                cells[label_name] = of_class
            taken.add(own)
            return f"{own}_*"
        if found.shape != (len(cells),):
            raise InputError(
                f"{name} has shape {found.shape}; needed is one value for each of the "
                f"{len(cells):,} rows. Give a column's name, or an array of its length."
            )
        cells[own] = found
        taken.add(own)
        return own

    found = {name: column(name, values) for name, values in given.items()}
    by_name = (
        groups if isinstance(groups, Mapping) else {str(name): str(name) for name in listed(groups)}
    )
    named = {str(name): _named(values) for name, values in by_name.items()}
    for name, values in named.items():  # all are read before one is written over another's column
        renamed = isinstance(values, str) and values not in (name, found["label"])
        if renamed and values in cells.columns:
            named[name] = cells[values].to_numpy()
    kept = [column(name, values) for name, values in named.items()]
    asked = Asked(
        label=found["label"],
        groups=tuple(map(str, kept)),
        identifier=found["id"],
        cluster=found["cluster"],
        weight=found["weight"],
        split=found["split"],
    )
    pair = str(found["baseline"]), str(found["candidate"])
    return of_frame(cells, "the table", asked.identifier), asked, pair


def _named(values: Column | None) -> Any:
    """Return a column's name as text; pandas may count columns instead of naming them."""
    return str(values) if isinstance(values, int | np.integer) else values


def gate_of(
    rules: Rules,
    confidence: float | None,
    more: dict[str, Any],
) -> Gate:
    """Return the rules, with what is said beside them put over what a file says."""
    file = None
    if isinstance(rules, Mapping | Rule) or _is_rule(rules):
        rules = [rules]  # type: ignore[list-item]  # a text that is a rule
    if isinstance(rules, str | Path):
        file, rules = Path(rules), ()
        if not file.exists():
            raise InputError(
                f"rules is {str(file)!r}, but there is no such file; give the path of a YAML file "
                'of rules, or a list such as ["change auroc 0.03"].'
            )
    more = {k: v.item() if isinstance(v, np.generic) else v for k, v in more.items()}
    expected = (more["expect"] or {}).items()
    more["expect"] = {k: [whole(str(v)) for v in listed(vs)] for k, vs in expected}
    more["absent"] = list(more["absent"])
    given = {k: v for k, v in more.items() if v not in (None, {}, []) and v != BASICS.get(k)}
    return read_rules(list(rules), confidence=confidence, file=file, **given)


def _is_rule(rules: Rules) -> bool:
    """Tell whether a text is a rule and not the path of a file of them."""
    return isinstance(rules, str) and len(rules.split()) > 1 and not Path(rules).exists()


def _split(
    table: "Table", asked: Asked, models: tuple[str, str], split: bool
) -> tuple[Pair, tuple[Predictions, Predictions] | None]:
    """Return both models' predictions of test rows, and of validation rows if there are."""
    from faircompress.auditing.columns import from_columns, split_columns

    if split:
        return split_columns([table], asked, *models)
    return from_columns([table], asked, *models), None
