"""The core speaks the field's words: none of the private ones that it once had is a name in it.

Whole words of identifiers and file names count; in sentences they are ordinary English.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = ("statistics", "evaluation", "ledger", "second_opinion", "auditing")
PRIVATE = re.findall(
    r"\w+",
    """judge judged hear hearing put putting terms told word words said reads dense pruned rivals
    barred anchor bill budget budgets binds floor drift unlucky luck draw plain facts bets ratios
    average who people tuning goal feed widths fate brief briefing enter crown insist lot tidy
    tell settle""",
)
KEPT = {  # by name: why
    "certainty_floor": "the field's word for a bound from below",
    "floor": "of numbers, and of the certainty floor",
    "people": "a view of a test set, as ledgers have it on disk",
    "people_left_out": "counts that view",
    "who": "who changed a limit, as ledgers have it on disk",
    "cannot_tell": "an answer, as ledgers have it on disk",
}  # fmt: skip


def names(path: Path) -> Iterator[str]:
    """Give what a file defines: its own name, functions, classes, arguments, variables."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def words_of(name: str) -> set[str]:
    """Split ``wonByLuck``, ``won_by_luck`` and ``WON_BY_LUCK`` alike."""
    apart = name if name.isupper() else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return set(apart.lower().split("_"))


def test_a_name_is_split_into_its_words() -> None:
    assert words_of("wonByLuck") == words_of("won_by_luck") == words_of("WON_BY_LUCK")


@pytest.mark.parametrize("room", CORE)
def test_no_private_word_is_a_name_in_the_core(room: str) -> None:
    folder = Path(__file__).parent.parent / "src/faircompress" / room
    found = {
        f"{path.name}: {name}"
        for path in folder.rglob("*.py")
        for name in names(path)
        if words_of(name) & set(PRIVATE) and name not in KEPT
    }
    assert found == set()
