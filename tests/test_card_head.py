"""The head of the model card, as the Hugging Face Hub reads it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from report_pairs import evaluated

from faircompress.config.card import Card
from faircompress.config.params import BadParams, load
from faircompress.report.context import ReportContext
from faircompress.report.model_card import model_card

ABOUT = [("Data", "portraits", "d" * 64)]
CONTEXT = ReportContext(sizes={"dense": 9000, "pruned": 1000}, about=ABOUT)
HOSTILE = "a: [b\n---\n<script>alert('x')</script> {{ 7 * 7 }} \u2028 !!python/object: &x *x"


def head_of(card: str) -> dict:
    start, head, _ = card.split("---\n", 2)
    assert start == ""
    return yaml.safe_load(head)


def test_a_card_names_its_data_verdict_and_metrics_and_the_rates_of_each_group() -> None:
    verdict = evaluated("fail")
    head = head_of(model_card(verdict, CONTEXT))
    assert head["datasets"] == ["portraits"] and "verdict-fail" in head["tags"]
    assert (head["library_name"], head["pipeline_tag"]) == ("onnx", "image-classification")
    (model,) = head["model-index"]
    by_group = {one["dataset"]["config"]: one for one in model["results"]}
    assert set(by_group) == {
        "all pictures", *(group.group for group in verdict.groups[1:])
    }  # fmt: skip
    short = next(group for group in verdict.groups if group.group == "hair=short")
    found = {one["type"]: one for one in by_group["hair=short"]["metrics"]}
    rate = short.metrics["true_positive_rate"].candidate
    assert found["recall"]["value"] == pytest.approx(rate, abs=1e-6)
    assert {one["type"] for one in by_group["hair=short"]["metrics"]} <= set(head["metrics"])


def test_bounds_of_the_files_own_rates_hold_all_at_once_and_stand_with_them() -> None:
    verdict = evaluated("pass")
    assert verdict.own_rates is not None
    rate = verdict.own_rates.rates[0]
    (model,) = head_of(model_card(verdict, CONTEXT))["model-index"]
    every = [metric for one in model["results"] for metric in one["metrics"] if "args" in metric]
    assert len(every) == len(verdict.own_rates.rates)
    assert every[0]["args"]["lower"] == pytest.approx(rate.lower, abs=1e-6)
    assert every[0]["args"]["lower"] <= every[0]["value"] <= every[0]["args"]["upper"]


def test_the_hub_reads_the_head_and_finds_the_same_rates() -> None:
    hub = pytest.importorskip("huggingface_hub", reason="of the extra hf")
    card = hub.ModelCard(model_card(evaluated("pass"), CONTEXT), ignore_metadata_errors=False)
    assert card.data.license == "unknown" and card.data.model_name.startswith("pruned model")
    pooled = [one for one in card.data.eval_results if one.dataset_config == "all pictures"]
    assert {one.metric_type for one in pooled} >= {"accuracy", "recall"}
    again = head_of(str(card))
    assert again["model-index"][0]["name"] == card.data.model_name
    assert card.text.lstrip().startswith("# Model card")


def test_names_from_data_stay_text_in_the_head() -> None:
    verdict = evaluated("pass")
    strange = [replace(group, group=HOSTILE) for group in verdict.groups[1:]]
    card = model_card(replace(verdict, groups=[verdict.groups[0], *strange]),
                      replace(CONTEXT, about=[("Data", HOSTILE, "")]))  # fmt: skip
    (data,) = head_of(card)["datasets"]
    assert data.startswith("a: [b") and "\n" not in data
    assert "<script" not in card.split("---\n", 2)[2]


def test_an_audit_of_a_table_claims_no_pictures_and_no_data_set() -> None:
    head = head_of(model_card(evaluated("pass"), ReportContext()))
    assert "datasets" not in head and "library_name" not in head
    assert head["model-index"][0]["results"][0]["task"]["type"] == "other"


def test_usual_fields_are_there() -> None:
    card = model_card(evaluated("fail"), CONTEXT)
    for heading in ("Model", "Intended use", "Bias, risks and limits", "Test data", "Evaluation",
                    "Owner"):  # fmt: skip
        assert f"\n## {heading}\n" in card
    assert "**Nearest to its limit**: blond in hair=short" in card or "hair=short" in card


def test_what_the_owner_says_stands_in_the_card_and_what_is_left_out_is_said_to_be() -> None:
    told = Card(license="apache-2.0", contact="ann@example.org", language=["en"], tags=["hair"])
    card = model_card(evaluated("pass"), replace(CONTEXT, card=told))
    head = head_of(card)
    assert (head["license"], head["language"]) == ("apache-2.0", ["en"])
    assert head["tags"][-1] == "hair"
    assert "---\nlicense: apache-2.0\n" in card  # plain, as the Hub's own cards have it
    assert "**License**: apache" in card and "ann" in card.partition("**Contact**: ")[2][:30]
    silent = model_card(evaluated("pass"), CONTEXT)
    assert head_of(silent)["license"] == "unknown" and "language" not in head_of(silent)
    assert "**License**: not stated" in silent and "**Contact**: not stated" in silent


@pytest.mark.parametrize("wrong", ["license=Apache 2.0", "language=[English]", "tags=['a b']"])
def test_a_card_that_the_hub_would_not_read_is_refused_by_its_key(wrong: str) -> None:
    with pytest.raises(BadParams, match=rf"card\.{wrong.partition('=')[0]}"):
        load(Path(__file__).parent.parent / "params.yaml", [f"card.{wrong}"])
