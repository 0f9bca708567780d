"""Which speed-ups a search tries, whose chance counts, and which file wins."""

import pytest

from faircompress.report.wording import check_in_words
from faircompress.search.plan import Candidate, File, next_speedups, overrides_of, ranked

USED = (0.5, 0.2, 0.9)


def candidate(speedup: float, *of: tuple[str, int, int], line: str = "") -> Candidate:
    """Return a candidate whose files pass on the first so many of ten drawn test sets."""
    files = tuple(
        File(precision, size, size / 100, tuple(at < passes for at in range(10)), USED, "flips")
        for precision, size, passes in of
    )
    return Candidate(line, speedup, 1e6 / speedup, f"{speedup}", files)


def test_speed_ups_double_until_one_fails_then_close_in() -> None:
    assert next_speedups(4, []) == [4]
    assert next_speedups(4, [], at_once=2) == [4, 8]
    assert next_speedups(4, [(4, True)]) == [8]
    assert next_speedups(4, [(4, True), (8, False)]) == [5.66]  # the root of 32
    assert next_speedups(4, [(4, True), (5.66, True), (8, False)]) == [6.73]
    assert next_speedups(4, [(5.66, True), (6.73, False)]) == []  # within a factor of 1.25


def test_where_none_passes_speed_ups_halve_and_end() -> None:
    assert next_speedups(4, [(4, False)]) == [2]
    assert next_speedups(4, [(4, False), (2, False)]) == [1.25]
    assert next_speedups(4, [(4, False), (2, False), (1.25, False)]) == []


def test_the_smallest_of_those_expected_to_pass_wins() -> None:
    found = ranked(
        [candidate(4, ("fp32", 400, 10)), candidate(8, ("fp32", 200, 9)),
         candidate(16, ("fp32", 100, 5))],
        asked=0.8, by="bytes",
    )  # fmt: skip
    assert [(one.candidate.speedup, one.expected) for one in found] == [
        (8, True), (4, True), (16, False),
    ]  # fmt: skip


def test_a_file_is_no_likelier_to_pass_than_a_less_compressed_one_of_its_line() -> None:
    found = ranked(
        [candidate(4, ("fp32", 400, 7)), candidate(8, ("fp32", 200, 10))], asked=0.8, by="bytes"
    )
    assert {one.candidate.speedup: (one.chance, one.shrunk) for one in found} == {
        4: (0.7, 0.7), 8: (1.0, 0.7),
    }  # fmt: skip


def test_the_shortfall_counts_once_for_each_line() -> None:
    found = ranked(
        [candidate(4, ("fp32", 400, 9)), candidate(4, ("fp32", 300, 9), line="prune.epochs=20")],
        asked=0.8, by="bytes",
    )  # fmt: skip
    assert [one.shrunk for one in found] == [pytest.approx(0.8)] * 2


def test_a_precision_passes_only_where_those_before_it_do() -> None:
    (first, second) = ranked(
        [candidate(4, ("fp32", 400, 6), ("int8", 100, 10))], asked=0.8, by="bytes"
    )
    assert {first.chance, second.chance} == {0.6}


def test_the_winner_says_how_to_make_it_in_an_ordinary_run() -> None:
    of = candidate(5.66, ("fp32", 400, 10), ("int8", 100, 10), line="prune.epochs=20")
    assert overrides_of(ranked([of], asked=0.8, by="bytes")[0]) == [
        "prune.speedup=5.66", "prune.epochs=20", "export.precisions=[fp32,int8]",
        "gate.promote=smallest",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("flips negative_flips against baseline: blond in hair=short",
         "newly wrong: blond in hair=short"),
        ("flips negative_flips against baseline: y=0 in all", "newly wrong: y=0 of everyone"),
        ("change auroc against original_champion: all",
         "AUROC, from the original champion: everyone"),
        ("gap selection_rate against baseline: g=a, g=b", "gap, selection rate: g=a, g=b"),
    ],
)  # fmt: skip
def test_a_check_is_said_as_people_say_it(check: str, words: str) -> None:
    assert check_in_words(check) == words
