"""What the rows that were counted for a champion come to."""

from contextlib import suppress

import numpy as np
import pandas as pd

from faircompress.config.rules import Rule
from faircompress.data import predictions
from faircompress.monitoring import counted
from faircompress.monitoring.counted import GROUP, PICTURE, PROBABILITY
from faircompress.monitoring.drift import Drift, drift
from faircompress.monitoring.new_rows import Tally
from faircompress.monitoring.result import Watched
from faircompress.monitoring.units import Rows, refuse_unwatchable
from faircompress.monitoring.watch import Limit, Settings, unknown_groups
from faircompress.monitoring.watch import watch as processes_of
from faircompress.orchestration.champion_inputs import hash_of_test_split
from faircompress.orchestration.watching import NotWatched, Watch
from faircompress.registry import attestations
from faircompress.support.errors import InputError


def result(watch: Watch, tally: Tally) -> Watched:
    """Return what all rows that were counted come to."""
    said = predictions.load(watch.reference)
    reference = counted.reference_rows(said)
    table = counted.load(watch.folder)
    groups = [name for name in watch.facts.groups if name != "label"]
    new = counted.as_rows(table) if len(table) else _nothing(reference)
    settings = settings_of(watch, groups)
    return Watched(
        model=watch.where.model,
        version=watch.version.number,
        settings=settings,
        processes=processes_of(new, reference, settings),
        drift=_drift(watch, table),
        rows=tally.numbers(),
        days=(table["labelled"].min(), table["labelled"].max()) if len(table) else ("", ""),
        labelled=table.groupby("moment")["labelled"].max().to_dict() if len(table) else {},
        notes=_notes(watch, new, reference, groups),
    )


def settings_of(watch: Watch, groups: list[str]) -> Settings:
    """Return what is watched; by default what the gate's rules of change against the baseline say.

    Raises:
        InputError: If a metric cannot be watched.
        NotWatched: If none of the gate's rules can.
    """
    classes = len(watch.facts.classes)
    if watch.monitor.rules is not None:
        limits = [Limit(rule.metric, rule.limit) for rule in watch.monitor.rules]
        for limit in limits:
            refuse_unwatchable(limit.metric, classes)
    else:
        limits = _gate_limits(watch, classes)
    weeks = -(-watch.monitor.window // 7)
    names = watch.facts.classes if classes > 2 else ()
    return Settings(limits, groups, watch.monitor.alpha, weeks, names)


def _gate_limits(watch: Watch, classes: int) -> list[Limit]:
    found: dict[str, Limit] = {}
    for rule in watch.params.gate.rules:
        if not isinstance(rule, Rule) or (rule.rule, rule.against) != ("change", "baseline"):
            continue
        with suppress(InputError):
            refuse_unwatchable(rule.metric, classes)
            found.setdefault(rule.metric, Limit(rule.metric, rule.limit))
    if not found:
        raise NotWatched("no rule of the gate can be watched; name some under monitor.rules")
    return list(found.values())


def _nothing(reference: Rows) -> Rows:
    return reference.taken(np.zeros(len(reference.table), bool))


def _drift(watch: Watch, table: pd.DataFrame) -> list[Drift]:
    if not len(table):
        return []
    before = pd.read_parquet(watch.before)
    first = pd.Timestamp(table["labelled"].max()) - pd.Timedelta(days=watch.monitor.drift_days - 1)
    now = table[table["labelled"] >= first.strftime("%Y-%m-%d")]
    names = np.array(watch.facts.classes)
    before, now = (t.assign(label=names[t["label"].to_numpy(int)]) for t in (before, now))
    kinds = {"label": "label"}
    kinds |= {name: "group" for name in table if name.startswith(GROUP)}
    kinds |= {name: "picture" for name in table if name.startswith(PICTURE)}
    scores = [name for name in table if name.startswith(PROBABILITY)]
    kinds |= dict.fromkeys(scores[1:] if len(scores) == 2 else scores, "score")
    return drift(before, now, kinds)


def _notes(watch: Watch, new: Rows, reference: Rows, groups: list[str]) -> list[str]:
    found = []
    judged = attestations.latest(
        watch.where.store.project, watch.where.model, watch.version.tags["sha256"]
    )
    if judged and hash_of_test_split(watch.validated) != judged.test:
        found.append(
            "The test split is another now than the one on which this version was judged; new rows "
            "are held against the one there was when its watch began."
        )
    if unknown := unknown_groups(new, reference, groups):
        found.append(
            f"Nothing watches {', '.join(unknown)}: no test row is of it. Add such to the data."
        )
    return found
