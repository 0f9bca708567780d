"""What was shown to help is recommended by name and number, where it is not in use."""

from pathlib import Path

import numpy as np

from faircompress.config import params
from faircompress.report.remedies import SHOWN, untried
from faircompress.search.page import write
from faircompress.search.plan import Candidate, File, ranked
from faircompress.training.weak_dense import warning_for

ROOT = Path(__file__).parent.parent


def names(*lines: str, use: str = "performance_weighted") -> list[str]:
    given = [f"prune.finetune.name={use}"]
    return [one.name for one in untried(params.load(ROOT / "params.yaml", given), lines)]


def test_remedies_that_params_or_a_line_of_the_search_use_are_not_recommended() -> None:
    assert names() == ["pseudo-cells", "group-dro"]
    assert names(use="pseudo_cell_dro") == ["group-dro"]
    assert names("prune.finetune.name=group_dro prune.lr=0.01") == ["pseudo-cells"]


def test_the_settings_of_a_remedy_are_those_that_its_study_ran() -> None:
    for remedy in SHOWN:
        own = params.load(ROOT / "params.yaml", remedy.settings.split()).prune.finetune
        plan = (ROOT / "studies" / f"{remedy.study}.yaml").read_text("utf-8")
        mix = f", mix: {own.mix:g}" if own.mix else ""
        assert f"{remedy.name}: {{prune: {{finetune: {{name: {own.name}{mix}}}}}}}" in plan
        low, high = remedy.gain[1:]
        assert f"({low:+.3f} to {high:+.3f})" in (ROOT / "docs/findings.md").read_text("utf-8")


def test_the_frontier_names_what_was_not_tried_and_how_to_try_it(tmp_path: Path) -> None:
    file = File(
        "fp32",
        1000,
        1.0,
        (True,) * 10,
        (0.4, 0.2, 0.6),
        "flips negative_flips against baseline: blond in hair=short",
    )
    found = ranked([Candidate("", 4, 1e6, "f", (file,), 4000, 0.5)], asked=0.9, by="bytes")
    page = write(tmp_path, found, 0.9, "bytes", {}, SHOWN).read_text("utf-8")
    assert "4\N{MULTIPLICATION SIGN} as fp32 alone is expected to pass the gate" in page
    assert "with a chance of 100 %: 1 kB instead of the dense file&#39;s 4 kB." in page
    assert (
        "4.0\N{MULTIPLICATION SIGN} smaller" in page and "2.0\N{MULTIPLICATION SIGN} slower" in page
    )
    assert "newly wrong: blond in hair=short" in page and "It uses <b>40 %</b>" in page
    assert "It is slower than the dense file." in page and "prune.round_to=auto" in page
    assert "Not tried: <b>pseudo-cells</b>; in the study remedies, on the embedded" in page
    assert "it found .153 more of the rarest subgroup than plain fine-tuning (.099 to .206)" in page
    settings = "prune.finetune.name=pseudo_cell_dro prune.finetune.mix=0.8"
    assert f"faircompress search --line &#39;{settings}&#39;" in page
    assert "it reads group labels" in page.partition("<b>group-dro</b>")[2]


def test_the_weak_dense_warning_is_for_the_published_loss_alone() -> None:
    rng = np.random.default_rng(3)
    odds = rng.normal(0, 0.3, 4000)
    positive = 1 / (1 + np.exp(-odds))
    labels = (rng.random(4000) < positive).astype(int)
    said = np.stack([1 - positive, positive], 1)
    for name, warned in (("performance_weighted", True), ("pseudo_cell_dro", False),
                         ("performance_weighted_cross_fitted", False)):  # fmt: skip
        given = [f"prune.{place}.name={name}" for place in ("scoring", "finetune")]
        how = params.load(ROOT / "params.yaml", given).prune
        assert warning_for(how, said, labels).startswith("the dense model is too weak") is warned
