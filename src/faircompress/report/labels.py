"""Labels of points that would cover each other, moved apart: first come, first placed."""

from collections.abc import Sequence

from faircompress.report.plots import Json

WIDTH, LETTER, HEIGHT, MARK = 640.0, 7.2, 13.0, 7.0  # of plane, letter, line and mark, in pixels
ABOVE, BELOW, ASIDE = -8.0, 16.0, 11.0
Box = tuple[float, float, float, float]


def apart(points: Sequence[Json]) -> list[Json]:
    """Return the points with the label's side and ``dy``, where it covers no other label or mark.

    Args:
        points: ``x`` in percent of the width, ``y`` in pixels, ``label``, ``side`` (``start`` or
            ``end``), ``below``.
    """
    placed = [_mark(point) for point in points]
    moved = []
    for point in points:
        side, dy = min(_tries(point), key=lambda tried: _covered(_box(point, *tried), placed))
        placed.append(_box(point, side, dy))
        moved.append({**point, "side": side, "dy": dy})
    return moved


def _tries(point: Json) -> list[tuple[str, float]]:
    """Return sides and places, the best first; none at the mark's height, where whiskers are."""
    usual = BELOW if point["below"] else ABOVE
    first, second = (point["side"], "end" if point["side"] == "start" else "start")
    steps = [usual, ABOVE if point["below"] else BELOW]
    steps += [k * HEIGHT + usual for k in (1, -1, 2, -2, 3, -3)]
    return [(side, dy) for dy in steps for side in (first, second)]


def _mark(point: Json) -> Box:
    x, y = point["x"] / 100 * WIDTH, point["y"]
    return (x - MARK, x + MARK, y - MARK, y + MARK)


def _box(point: Json, side: str, dy: float) -> Box:
    x, y = point["x"] / 100 * WIDTH, point["y"] + dy
    long = LETTER * len(point["label"])
    left = x + ASIDE if side == "start" else x - ASIDE - long
    return (left, left + long, y - HEIGHT + 2, y + 2)


def _covered(box: Box, placed: Sequence[Box]) -> float:
    """Return how much of a box others cover, or lies outside, in square pixels."""
    outside = max(0.0, -box[0]) + max(0.0, box[1] - WIDTH)
    return outside * HEIGHT + sum(
        max(0.0, min(box[1], b[1]) - max(box[0], b[0]))
        * max(0.0, min(box[3], b[3]) - max(box[2], b[2]))
        for b in placed
    )
