"""verdict.json, schema 2: published, checked, and schema 1 is read."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from hair_rates import TPR, gate, said

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import NotPassed, Verdict, json_schema

RULES = [
    TPR,
    {"rule": "change", "metric": "selection_rate", "limit": 0.2},
    {"rule": "disparity_change", "metric": "true_positive_rate", "limit": 0.3},
    {"rule": "ratio", "metric": "selection_rate", "limit": 0.5},
    {"rule": "flips", "limit": 0.2},
    {"rule": "change", "metric": "auroc", "limit": 0.1, "against": "champion"},
]
OLD = Path(__file__).parent / "data" / "verdict-schema-1.json"


def verdict() -> Verdict:
    counts = {"a": (200, 190), "b": (200, 190), "c": (0, 0)}
    pair = said(counts, model="d"), said({**counts, "a": (200, 170)}, model="p")
    return evaluate(*pair, gate(*RULES))


def test_the_published_schema_is_that_of_the_code() -> None:
    text = resources.files("faircompress.evaluation").joinpath("verdict.schema.json").read_text()
    assert json.loads(text) == json_schema(), (
        "write it anew: python -m faircompress.evaluation.verdict > "
        "src/faircompress/evaluation/verdict.schema.json"
    )


def test_a_verdict_keeps_to_the_published_schema() -> None:
    jsonschema.validate(json.loads(json.dumps(verdict().to_json())), json_schema())
    broken = {**verdict().to_json(), "outcome": "maybe"}
    with pytest.raises(jsonschema.ValidationError, match="maybe"):
        jsonschema.validate(broken, json_schema())


def test_a_row_of_the_frame_is_a_check() -> None:
    found, frame = verdict(), verdict().to_frame()
    checks = [check for rule in found.rules for check in rule.checks]
    assert len(frame) == len(checks) == found.checks
    row = frame[(frame["rule"] == "change") & (frame["group"] == "hair=a")].iloc[0]
    assert (row["baseline"], row["candidate"]) == (190 / 200, 170 / 200)
    assert row["estimate"] == pytest.approx(-0.1) and row["limit"] == 0.05


def test_only_a_pass_raises_nothing() -> None:
    with pytest.raises(NotPassed, match=r"Fail: .*hair=a"):
        verdict().raise_unless_passed()
    same = said({"a": (200, 190)}, model="d")
    evaluate(same, same, gate()).raise_unless_passed()


def test_a_verdict_of_schema_1_is_read() -> None:
    old = Verdict.from_json(json.loads(OLD.read_text()))
    assert old.captions.candidate == "pruned"
    kinds = {(rule.rule, rule.against) for rule in old.rules}
    assert ("change", "original_champion") in kinds and ("disparity_change", "baseline") in kinds
    assert old.groups[0].metrics["auroc"].baseline is not None
    assert Verdict.from_json(json.loads(json.dumps(old.to_json()))) == old
