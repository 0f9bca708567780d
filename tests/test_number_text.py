"""Numbers as people say them."""

import pytest

from faircompress.support.number_text import MINUS, points, share


@pytest.mark.parametrize(
    ("change", "limit", "text"),
    [
        (-0.1, -0.1, "10.0"),
        (0.9 - 1.0, -0.1, "10.0"),  # -0.09999999999999998: rounding is no reason for more digits
        (-0.1001, -0.1, "10.01"),  # beyond the limit, and seen to be
        (-0.159, -0.1, "15.9"),
    ],
)
def test_a_change_has_digits_enough_to_tell_it_from_its_limit_and_no_more(
    change: float, limit: float, text: str
) -> None:
    assert points(change, limit) == f"{MINUS}{text} points"
    assert share(-change, -limit) == f"{text} %"
