"""What ``dvc plots show`` draws: checks by names that people read, axes that say what they are."""

from pathlib import Path

import yaml
from report_pairs import evaluated

from faircompress.config.new_project import DVC_IGNORED
from faircompress.evaluation.plot_tables import MOST, limits_used

ROOT = Path(__file__).parent.parent


def test_each_check_is_named_as_people_do_and_once() -> None:
    names = [row["check"] for row in limits_used(evaluated("fail"))]
    assert names[0] == "hair=short: true positive rate"  # .5 of .1: it uses most
    assert "everyone: accuracy, minimum" in names
    assert "hair=long against hair=short: true positive rate, disparity change" in names
    assert len(set(names)) == len(names) <= MOST
    assert not any("_" in name or "baseline" in name for name in names)


def test_of_many_checks_those_that_use_most_of_their_limit_are_drawn() -> None:
    verdict = evaluated("ten")
    everything = [c for r in verdict.tested for c in r.checks if c.estimate is not None]
    shares = [row["share of the limit"] for row in limits_used(verdict)]
    assert len(everything) > MOST == len(shares) and shares == sorted(shares, reverse=True)
    assert limits_used(verdict)[0]["check"].startswith("label=c3")


def test_every_plot_names_what_its_upright_axis_shows() -> None:
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    assert plots and all("y_label" in how for plot in plots for how in plot.values())


def test_stages_that_mlflow_keeps_of_registered_versions_are_no_stages_of_a_project() -> None:
    for text in (DVC_IGNORED, (ROOT / ".dvcignore").read_text()):
        assert "/mlartifacts" in text.splitlines()
