"""What is said of a file that failed, once people have spoken."""

import pytest

from faircompress.registry.policy import Act, Decision, after_failure

OVER: tuple[Act, str, str] = ("overridden", "Bob", "must")
BACK: tuple[Act, str, str] = ("rolled back", "Eve", "complaints")
NO: tuple[Act, str, str] = ("rejected", "Ann", "harm")


def made(*decisions: tuple[Act, str, str], sha256: str = "a") -> list[Decision]:
    return [Decision(str(k), act, sha256, "fail", *who) for k, (act, *who) in enumerate(decisions)]


@pytest.mark.parametrize(
    ("decisions", "sentence"),
    [
        (made(), "v7 failed; only an override lets it out"),
        (made(NO), "v7 failed; only an override lets it out"),
        (made(OVER, sha256="b"), "v7 failed; only an override lets it out"),
        (made(OVER), "v7 failed, but may go out: it was overridden by Bob, verdict fail: must"),
        (
            made(OVER, BACK),
            "v7 failed, and was rolled back by Eve, verdict fail: complaints; only a new override "
            "lets it out",
        ),
        (
            made(OVER, BACK, OVER),
            "v7 failed, but may go out: it was overridden by Bob, verdict fail: must",
        ),
    ],
)
def test_a_file_that_failed_tells_who_let_it_out(decisions: list[Decision], sentence: str) -> None:
    assert after_failure("v7", "a", decisions) == sentence
