"""What is guessed of the most that one person weighs, of the people that a table has."""

import pandas as pd
import pytest

from faircompress.data.guessing import heaviest


@pytest.mark.parametrize(
    ("labels", "most"),
    [
        ("aaa", 3),
        ("aab", 4),  # of two classes: two of one, which count twice
        ("abc", 6),  # of more: all that are no "a" are one side, and count twice
    ],
)
def test_a_person_with_rows_of_several_classes_counts_twice(labels: str, most: int) -> None:
    rows = pd.Series([*labels, "a", "b"])
    people = pd.Series(["somebody"] * len(labels) + ["other", "third"])
    assert heaviest(people, rows)[0] == most
