"""The head of the model card: YAML that the Hugging Face Hub reads, and everybody else ignores.

Source:
    https://huggingface.co/docs/hub/model-cards, section "Metadata"; ``huggingface_hub.EvalResult``.
    Departure: bounds of a rate stand in ``args`` of its metric, since the format has none.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.reported_results import OwnRate
from faircompress.evaluation.results import GroupResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext
from faircompress.report.plots import Json
from faircompress.support.lines import one_line

NAMES = {  # of the Hub's metrics, where it has the same one
    "auroc": "roc_auc",
    "macro_auroc": "roc_auc",
    "true_positive_rate": "recall",
    "macro_recall": "recall",
    "brier": "brier_score",
}
UNKNOWN = "unknown"  # one of the Hub's words for a license; params' section card can say more
NAME = 120  # characters of a name
PLAIN = re.compile(
    r"(?!(?:yes|no|on|off|true|false|null|y|n)$)[a-z][a-z0-9]*(?:[-_][a-z0-9]+|\.\d+)*"
)
SAFE = re.compile(r"[A-Za-z0-9 ,=/;-]")


def card_head(verdict: Verdict, context: ReportContext) -> str:
    """Return the head, with the lines that part it from the card; rates of each group in it."""
    data = _data(context)
    name = _text(f"{verdict.captions.candidate} model, {_short(verdict.models['candidate'])}")
    results = [_result(verdict, group, data, context) for group in verdict.groups]
    owner = context.card
    head: Json = {
        "license": owner.license or UNKNOWN,
        **({"language": list(owner.language)} if owner.language else {}),
        "tags": [*(["onnx"] if context.sizes else []), "faircompress", "compression", "fairness",
                 f"verdict-{verdict.outcome}", *owner.tags],
        **({"library_name": "onnx", "pipeline_tag": "image-classification"}
           if context.sizes else {}),
        **({"datasets": [data]} if _named(context) else {}),
        "metrics": list(dict.fromkeys(m["type"] for one in results for m in one["metrics"])),
        "model-index": [{"name": name, "results": [one for one in results if one["metrics"]]}],
    }  # fmt: skip
    return f"---\n{_yaml(head)}---\n"


def _yaml(head: Json) -> str:
    """Return YAML that no reader of Markdown takes for more than words.

    MLflow shows the head as Markdown. So all but plain words stands between quotes, with what
    Markdown or HTML would act upon as the escapes that YAML has for it.
    """
    kept: list[str] = []

    def keep(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: keep(one) for name, one in value.items()}
        if isinstance(value, list):
            return [keep(one) for one in value]
        if isinstance(value, str) and not PLAIN.fullmatch(value):
            kept.append(value)
            return f"QUOTED{len(kept) - 1}"
        return value

    written = yaml.safe_dump(keep(head), sort_keys=False, width=10_000)
    return re.sub(r"QUOTED(\d+)", lambda one: _quoted(kept[int(one[1])]), written)


def _quoted(text: str) -> str:
    return '"' + "".join(c if SAFE.fullmatch(c) else f"\\U{ord(c):08x}" for c in text) + '"'


def _result(verdict: Verdict, group: GroupResult, data: str, context: ReportContext) -> Json:
    """Return what the Hub shows of one group: a test set of its own."""
    named = f"all {verdict.captions.rows}" if group.group == POOLED else group.group
    task = "image-classification" if context.sizes else "other"
    return {
        "task": {"type": task, "name": f"Deciding between {len(verdict.classes)} classes"},
        "dataset": {
            "type": data,
            "name": _text(f"{data}, test, {named}"),
            "config": _text(named),
            "split": "test",
            "revision": verdict.data,
        },
        "metrics": list(_metrics(verdict, group)),
    }


def _metrics(verdict: Verdict, group: GroupResult) -> Iterator[Json]:
    own = {
        rate.metric: rate
        for rate in (verdict.own_rates.rates if verdict.own_rates else ())
        if rate.group == group.group
    }
    for name, found in group.metrics.items():
        if found.candidate is None:
            continue
        yield {
            "type": NAMES.get(name, name),
            "name": _text(found.title),
            "value": round(float(found.candidate), 6),
            **_bounds(own.get(name), verdict),
        }


def _bounds(rate: OwnRate | None, verdict: Verdict) -> Json:
    if rate is None or verdict.own_rates is None:
        return {}
    bounds = {name: round(float(getattr(rate, name)), 6) for name in ("lower", "upper")}
    return {
        "args": {**bounds, "n": rate.n, "simultaneous_confidence": verdict.own_rates.confidence}
    }


def _named(context: ReportContext) -> str:
    return next((words for name, words, _ in context.about if name == "Data"), "")


def _data(context: ReportContext) -> str:
    return _text(_named(context)) or "table"


def _short(digest: Any) -> str:
    return str(digest)[:12]


def _text(words: str) -> str:
    return one_line(words, NAME)
