"""Changes by speed-up, as a study's page draws them: in the colours of the page, on one axis."""

from pathlib import Path

import pytest
from test_study_harm import PLAN, said

from faircompress.study import pages
from faircompress.study.by_speedup import BOTTOM, TOP, by_speedup
from faircompress.study.comparison import Comparison, Line
from faircompress.study.plan import Cell
from faircompress.study.resampling import Estimate


def line(method: str, speedup: float, part: str, mean: float) -> Line:
    change = Estimate(mean, mean - 0.02, mean + 0.02, (mean,), None, False)
    return Line("d", "m", method, speedup, part, "auroc", 0.9, change)


def test_equal_factors_are_equally_far_apart_and_all_panels_share_an_axis() -> None:
    lines = [line("pw", s, part, -0.1 * s) for part in ("a", "b") for s in (2, 4, 8)]
    drawn = by_speedup([*lines, line("plain", 2, "b", 0.0)])
    first, second = drawn["panels"]
    places = [tick["x"] for tick in first["x_ticks"]]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.2)
    assert first["zero"] == second["zero"] and first["y_ticks"] == second["y_ticks"]
    heights = [point["y"] for point in first["lines"][0]["points"]]
    assert TOP < heights[0] < heights[1] < heights[2] < BOTTOM  # more harm stands lower
    assert [key["name"] for key in drawn["keys"]] == ["pw", "plain"]
    (flat,) = second["lines"][1]["points"]
    assert flat["y"] == second["zero"] and flat["low"] > flat["y"] > flat["high"]


def test_at_one_speedup_there_is_nothing_to_draw() -> None:
    assert by_speedup([line("pw", 2, "a", -0.1)]) == {}


def test_the_page_draws_them_without_a_picture_on_white(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"speedups": [2, 4]})
    cells = [Cell("d", "m", seed, m, 0, s) for m in plan.methods for seed in (1, 2)
             for s in plan.speedups]  # fmt: skip
    done = {cell: {"speedup": float(cell.speedup), "parameters": 10} for cell in cells}
    compared = Comparison(plan, "d", "m", cells, said, "blond, hair=short")
    page = pages.write(tmp_path, plan, [compared], done, {}, {})
    text = page.read_text("utf-8")
    assert "<img" not in text and 'class="panels by-speedup"' in text
    assert "lost at 4\N{MULTIPLICATION SIGN}: \N{MINUS SIGN}" in text  # the numbers, as titles
