"""Verdicts of schema 1, as 0.2 wrote them, brought to schema 2. Nothing is evaluated anew."""

from collections.abc import Mapping
from typing import Any

from faircompress.support.errors import InputError

Json = dict[str, Any]
KINDS = {
    "change": ("change", "baseline"),
    "champion": ("change", "champion"),
    "anchor": ("change", "original_champion"),
    "drift": ("disparity_change", "baseline"),
    "excess": ("excess_loss", "baseline"),
    "floor": ("minimum", "baseline"),
}
MODELS = {"dense": "baseline", "pruned": "candidate", "anchor": "original_champion"}
OUTCOMES = {"not judged": "not tested"}
CAPTIONS = {
    "baseline": "dense",
    "candidate": "pruned",
    "row": "picture",
    "rows": "pictures",
    "cluster": "person",
    "clusters": "people",
}


def upgraded(raw: Mapping[str, Any]) -> Json:
    """Return the values of schema 2.

    Raises:
        ValueError: If a key is missing.
    """
    try:
        return _upgraded(raw)
    except (KeyError, TypeError) as error:
        raise InputError(f"this is no verdict of schema 1: {error} is missing or unfit.") from None


def _upgraded(raw: Mapping[str, Any]) -> Json:
    return {
        "schema": 2,
        "outcome": raw["verdict"],
        **{key: raw[key] for key in ("sentence", "reasons", "next", "data", "classes", "positive")},
        "rules": [*map(_rule, raw["rules"]), *map(_rule, raw.get("not_judged", ()))],
        "costs": list(map(_cost, raw.get("budgets", ()))),
        "groups": [_group(group, raw["rules"]) for group in raw["groups"]],
        "thresholds": _models(raw["thresholds"]),
        "models": _models(raw["models"]),
        **{key: raw[key] for key in ("rows", "checks", "power", "assumption")},
        "failures": "Holm",
        "look": raw.get("look"),
        "looks": raw.get("looks", ""),
        "notes": raw.get("notes", []),
        "captions": CAPTIONS,
    }


def _rule(rule: Mapping[str, Any]) -> Json:
    kind, against = KINDS[rule["binds"]]
    return {
        "rule": kind,
        "against": against,
        **{k: rule[k] for k in ("metric", "title", "better", "limit", "confidence", "alpha")},
        "columns": rule["columns"],
        "because": "",
        "description": rule["reads"],
        "outcome": OUTCOMES.get(rule["verdict"], rule["verdict"]),
        "reason": rule.get("reason", ""),
        "checks": [_check(found, kind, rule) for found in rule.get("findings", ())],
    }


def _check(found: Mapping[str, Any], kind: str, rule: Mapping[str, Any]) -> Json:
    limit, line = rule["limit"], found["line"]
    both = kind == "disparity_change" or rule["better"] == "neither"
    below = line < 0 or (kind == "minimum" and rule["better"] == "higher")
    return {
        **{key: found[key] for key in ("group", "other", "estimate", "lower", "upper", "kind")},
        "subgroup": None,
        "limit_lower": -limit if both else line if below else None,
        "limit_upper": limit if both else None if below else line,
        "baseline": None,
        "candidate": None,
        "method": found["method"],
        "n": found["rows"],
        "clusters": found["people"],
        "effective_n": found["units"],
        "outcome": found["verdict"],
        "reason": found["reason"],
        "smallest_limit": found["smallest_certifiable_limit"],
        "n_needed": found["units_needed"],
    }


def _group(group: Mapping[str, Any], rules: list[Mapping[str, Any]]) -> Json:
    tested = {rule["metric"] for rule in rules if rule["binds"] == "change"}
    return {
        **{key: group[key] for key in ("group", "column", "rows", "positives", "negatives")},
        "clusters": group["people"],
        "effective_n": group["units"],
        "caps": None,
        "metrics": {
            name: _metric(found, bounded=name in tested) for name, found in group["metrics"].items()
        },
        "reported": {name: _reported(found) for name, found in group["reported"].items()},
    }


def _metric(found: Mapping[str, Any], *, bounded: bool) -> Json:
    kept = ("title", "better", "change", "kind", "left_out", "undefined", "bootstrap", "delong")
    bounds = ("lower", "upper", "confidence", "method")
    return {
        **{key: found[key] for key in kept},
        **{key: found[key] if bounded else None for key in bounds},
        "baseline": found["dense"],
        "candidate": found["pruned"],
        "n": found["rows"],
        "clusters": found["people"],
        "effective_n": found["units"],
        "references": {
            MODELS.get(name, name): found[name] for name in ("champion", "anchor") if name in found
        },
    }


def _reported(found: Any) -> Any:
    return _models(found) if isinstance(found, Mapping) else found


def _models(found: Mapping[str, Any]) -> Json:
    return {MODELS.get(name, name): value for name, value in found.items()}


def _cost(cost: Mapping[str, Any]) -> Json:
    return {
        "rule": cost["binds"],
        **{k: cost[k] for k in ("limit", "batch", "hardware", "reason", "estimate", "lower")},
        "upper": cost["upper"],
        "because": "",
        "description": cost["reads"],
        "outcome": OUTCOMES.get(cost["verdict"], cost["verdict"]),
    }
