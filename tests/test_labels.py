"""Labels of points that lie close together stay readable."""

import numpy as np
import pytest

from faircompress.report.labels import ASIDE, HEIGHT, LETTER, WIDTH, apart


def box(point: dict) -> tuple[float, float, float, float]:
    x, y = point["x"] / 100 * WIDTH, point["y"] + point["dy"]
    long = LETTER * len(point["label"])
    left = x + ASIDE if point["side"] == "start" else x - ASIDE - long
    return left, left + long, y - HEIGHT + 2, y + 2


def cross(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[1], b[1]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[2], b[2])


@pytest.mark.parametrize("seed", range(20))
def test_no_two_of_six_labels_cover_each_other_though_their_points_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = [
        {"x": 50 + rng.uniform(-4, 4), "y": 160 + rng.uniform(-6, 6), "label": name,
         "side": "start", "below": bool(rng.random() < 0.5)}
        for name in ("plain", "pw", "autobot", "autobot-pw", "group-dro", "pseudo-cells")
    ]  # fmt: skip
    boxes = [box(point) for point in apart(points)]
    assert not [(a, b) for a in range(6) for b in range(a) if cross(boxes[a], boxes[b])]
    assert all(left >= 0 and right <= WIDTH for left, right, _, _ in boxes)


def test_a_label_with_room_stays_where_it_was() -> None:
    (one,) = apart([{"x": 20.0, "y": 90.0, "label": "pw", "side": "start", "below": False}])
    assert (one["side"], one["dy"]) == ("start", -8.0)
