"""What users themselves expect of their table, in Great Expectations' JSON form.

A suite is a list of ``{type, kwargs}``, or Great Expectations' file of one, of any version. Its
columns are those of the user's table, numbers where all of a column are, and beside them ``id``,
``split``, ``label``, ``identity``, ``weight`` and the groups, by the names they have here.
"""

import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from faircompress.data.csv_text import meant
from faircompress.data.ingest import normalize_rows
from faircompress.data.sources import RawData
from faircompress.support.errors import InputError
from faircompress.validation.findings import SHOWN, Finding

KEY = "checks.expectations"
NAMING = ("column", "column_A", "column_B", "column_list", "column_set")
Suite = list[dict[str, Any]]


def read(asked: str | Sequence[Mapping[str, Any]]) -> Suite:
    """Return a user's suite: the list in params, or that of a JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no suite, or an expectation is unknown.
    """
    listed: Any = asked
    if isinstance(asked, str):
        try:
            listed = json.loads(Path(asked).read_text("utf-8"))
        except ValueError as error:
            raise InputError(f"{KEY}: {asked} is not JSON: {error}") from error
    listed = listed.get("expectations") if isinstance(listed, Mapping) else listed
    if not isinstance(listed, Sequence):
        raise InputError(f"{KEY}: {asked} has no list of expectations")
    return [_one(place, one) for place, one in enumerate(listed, 1)]


def table_of(raw: RawData) -> pd.DataFrame:
    """Return the table that a user's suite is about; its index holds ids."""
    rows = normalize_rows(raw).sort_values("at")
    label = rows["label"].map(dict(enumerate(raw.classes)))
    ours = rows.drop(columns="at").assign(label=label).reset_index(drop=True)
    if raw.columns is None:
        return ours
    theirs = raw.columns.reset_index(drop=True).apply(_numbers)
    free = [name for name in ours.columns if name not in theirs.columns]
    return pd.concat([theirs, ours[free]], axis=1)


def refuse_absent(suite: Suite, table: pd.DataFrame) -> None:
    """Refuse an expectation of a column that is not there.

    Raises:
        ValueError: Naming it, and the one that was meant.
    """
    known = list(map(str, table.columns))
    for one in suite:
        for option in NAMING:
            named = one["kwargs"].get(option, [])
            for name in [named] if isinstance(named, str) else named:
                if option != "column_set" and name not in known:
                    raise InputError(
                        f"{KEY}: {_called(one)}: no column {name!r}.{meant(name, known)}"
                    )


def tested(suite: Suite, table: pd.DataFrame) -> list[Finding]:
    """Return what Great Expectations finds.

    Raises:
        ValueError: If it cannot run an expectation.
    """
    if not suite:
        return []
    refuse_absent(suite, table)
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    try:
        of_user = gx.ExpectationSuite(
            name="own",
            expectations=[
                {**one, "meta": {**one.get("meta", {}), "place": place}}
                for place, one in enumerate(suite)
            ],
        )
    except (ValueError, TypeError, GreatExpectationsError) as error:
        raise InputError(f"{KEY}: {str(error).strip()}") from error
    batches = context.data_sources.add_pandas("own").add_dataframe_asset("own")
    definition = gx.ValidationDefinition(
        name="own",
        data=batches.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(of_user),
    )
    ran = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": table.assign(faircompress_id=table["id"])},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["faircompress_id"],
        },
    )
    outcomes: list[dict[str, Any]] = [result.to_json_dict() for result in ran.results]
    by_place = {out["expectation_config"]["meta"]["place"]: out for out in outcomes}
    return [_finding(one, by_place[place]) for place, one in enumerate(suite)]


def _one(place: int, one: Any) -> dict[str, Any]:
    """Return an expectation as the present Great Expectations writes it."""
    if not isinstance(one, Mapping) or not isinstance(one.get("kwargs", {}), Mapping):
        raise InputError(f"{KEY}: entry {place} is no {{type: ..., kwargs: {{...}}}}: {one!r}")
    kind = one.get("type", one.get("expectation_type"))
    known = _kinds()
    if kind not in known:
        raise InputError(f"{KEY}: entry {place}: no expectation {kind!r}.{meant(str(kind), known)}")
    more = {name: one[name] for name in ("severity", "meta") if one.get(name) is not None}
    return {"type": kind, "kwargs": dict(one.get("kwargs", {})), **more}


def _kinds() -> list[str]:
    """Return the expectations that there are, without the 5 s that their import takes."""
    spec = importlib.util.find_spec("great_expectations")
    if spec is None or spec.origin is None:
        raise InputError(f"{KEY} needs Great Expectations: pip install 'faircompress[train]'")
    core = Path(spec.origin).parent / "expectations" / "core"
    return sorted(path.stem for path in core.glob("expect_*.py"))


def _numbers(words: "pd.Series[Any]") -> "pd.Series[Any]":
    known = words.astype(object).where(words.notna() & (words != ""), None)
    numbers = pd.to_numeric(known, errors="coerce")
    return numbers if known.notna().any() and (numbers.isna() == known.isna()).all() else known


def _called(one: Mapping[str, Any]) -> str:
    given = ", ".join(f"{name}={value}" for name, value in one["kwargs"].items())
    return f"{one['type']}({given})"


def _finding(one: Mapping[str, Any], outcome: Mapping[str, Any]) -> Finding:
    trouble = outcome["exception_info"]
    if trouble.get("raised_exception", True):
        message = next(
            (v["exception_message"] for v in trouble.values() if isinstance(v, dict)),
            trouble.get("exception_message"),
        )
        raise InputError(f"{KEY}: {_called(one)} could not be run: {message}")
    ok, result = bool(outcome["success"]), outcome["result"]
    hits = [hit["faircompress_id"] for hit in result.get("unexpected_index_list") or []]
    values = dict.fromkeys(map(repr, result.get("unexpected_list") or []))
    seen = f"; found is {result['observed_value']}" if "observed_value" in result else ""
    if ok:
        sentence = "It holds."
    elif hits:
        sentence = (
            f"{len(hits):,} of {result['element_count']:,} rows are not so: "
            f"{', '.join(list(values)[:5])} (rows {', '.join(map(str, hits[:5]))})."
        )
    else:
        sentence = f"It does not hold{seen}."
    severity = "warning" if one.get("severity") in ("warning", "info") else "error"
    return Finding(
        f"your own: {_called(one)}", severity, ok, sentence,
        [] if ok else list(map(str, dict.fromkeys(hits)))[:SHOWN], 0 if ok else max(len(hits), 1),
    )  # fmt: skip
