"""The second opinion is as long as its page says, and stands on nothing that it checks."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
HERE = ROOT / "src/faircompress/second_opinion"
ALLOWED = {"numpy", "scipy", "faircompress"} | {
    "collections", "dataclasses", "functools", "hashlib", "itertools", "math", "typing",
}  # fmt: skip
FILES = {"pyarrow", "json", "pathlib"}  # to read predictions
OWN = ("faircompress.second_opinion", "faircompress.support.errors")


def imported(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text()))
    found: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def test_the_page_says_how_long_each_part_is() -> None:
    section = (ROOT / "docs/statistics.md").read_text().partition("## 17 ")[2]
    stated = re.findall(r"^\| [^|]+ \| (`[^|]+`) \| (\d+) \|$", section, re.MULTILINE)
    listed = [name for names, _ in stated for name in re.findall(r"`(.+?)`", names)]
    assert sorted([*listed, "__init__.py"]) == sorted(path.name for path in HERE.glob("*.py"))
    for names, lines in stated:
        parts = [HERE / name for name in re.findall(r"`(.+?)`", names)]
        assert sum(len(part.read_text().splitlines()) for part in parts) == int(lines), names


def test_it_imports_numpy_and_scipy_and_nothing_that_it_checks() -> None:
    for path in HERE.glob("*.py"):
        names = imported(path)
        reading = FILES if path.name == "reading.py" else set()
        assert {name.partition(".")[0] for name in names} <= ALLOWED | reading, path.name
        ours = {name for name in names if name.startswith("faircompress")}
        assert all(name.startswith(OWN) for name in ours), path.name
