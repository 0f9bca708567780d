"""When two numbers of a verdict agree."""

import pytest

from faircompress.second_opinion.statement import alike


@pytest.mark.parametrize(
    ("statistic", "stated", "found", "agrees"),
    [
        ("wealth", 1.82973483072322e-29, 1.829742335073497e-29, True),  # of 1: nothing
        ("wealth", 0.25, 0.26, False),
        ("wealth", 2e6, 2.0001e6, False),
        ("wealth", 2e6, 2e6 * (1 + 1e-9), True),
        ("tail", 1.8297e-29, 1.8298e-29, False),  # of a tail each digit says something
        ("bounds", 0.1, 0.1 + 1e-6, True),
        ("bounds", 0.1, 0.1 + 1e-5, False),
    ],
)
def test_a_statistic_at_the_limit_agrees_to_what_its_digits_say(
    statistic: str, stated: float, found: float, agrees: bool
) -> None:
    assert alike("at_limit_lower", stated, found, statistic) == agrees
