"""How ``faircompress run`` ends: the verdict in colour, who is worst served, gain, next step."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faircompress.support.exit_codes import BY_VERDICT

if TYPE_CHECKING:
    from faircompress.evaluation.verdict import Verdict
    from faircompress.orchestration.workspace import Workspace

STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow"}
HOW = {  # of the project's own file; a variant moves no alias
    "pass": "faircompress champion --out model.onnx",
    "inconclusive": "set review, reviewer and reason in faircompress ui, then faircompress promote",
}
MOST = 4  # reasons
Lines = Iterator[tuple[str, str]]


def tell(workspace: "Workspace") -> int:
    """Say what came out and what to open next; return the exit code.

    Colours are for terminals, and not for those of ``NO_COLOR``.
    """
    from rich.console import Console
    from rich.text import Text

    from faircompress.evaluation.verdict import Verdict
    from faircompress.support.files import read_json
    from faircompress.support.lines import one_line

    console = Console(highlight=False, soft_wrap=True)
    verdict = Verdict.from_json(read_json(workspace.artifacts / "gate" / "verdict.json"))
    word, _, rest = one_line(verdict.sentence).partition(": ")
    style = STYLES[verdict.outcome]
    console.print(Text.assemble("\n", (word.upper(), style), f": {rest}"))
    for line in _reasons(verdict):
        console.print(f"  - {one_line(line)}", markup=False)
    console.print()
    for name, words in _lines(workspace, verdict):
        console.print(Text.assemble((f"{name:<10}", "bold"), one_line(words)))
    return BY_VERDICT[verdict.outcome]


def _reasons(verdict: "Verdict") -> Iterator[str]:
    """Say what decided: of a fail confirmed harm first, of an inconclusive what is open."""
    from faircompress.report.wording import deciding

    decided = deciding(verdict) if verdict.outcome != "pass" else []
    listed = decided or verdict.reasons
    yield from listed[:MOST]
    others = "not settled" if verdict.outcome == "fail" else "other"
    more = {"like these": len(listed[MOST:]), others: len(verdict.reasons) - len(listed)}
    if counted := [f"{count} {what}" for what, count in more.items() if count > 0]:
        yield f"and {' and '.join(counted)}, in the report"


def _lines(workspace: "Workspace", verdict: "Verdict") -> Lines:
    from faircompress.config.precisions import exported
    from faircompress.orchestration.last_run import last_run
    from faircompress.orchestration.stage_words import gain_words
    from faircompress.report.wording import worst_sentence
    from faircompress.support.files import read_json

    numbers, files = read_json(workspace.artifacts / "gate.json"), exported(workspace.artifacts)
    evaluated = numbers["evaluated"]
    if worst := worst_sentence(verdict):
        yield "worst", worst
    if gain := gain_words(workspace.artifacts):
        yield "gain", gain
    if found := last_run(workspace.folder):
        yield "registry", found.registered
    if verdict.next:
        yield "next", _next(workspace, verdict)
    if verdict.outcome != "pass":
        yield _smaller_harm(workspace)
    words = [f"{name} {numbers['precisions'].get(name, 'not evaluated')}" for name in files]
    yield "report", str(workspace.artifacts / "gate" / "report.html")
    yield "model", str(files[evaluated])
    yield "evaluated", ", ".join(words)
    yield "history", "faircompress ui"


def _next(workspace: "Workspace", verdict: "Verdict") -> str:
    """Return the first step, with its command where there is one; of many levers the first."""
    lever, more, _ = verdict.next[0].partition("; ")
    if more and verdict.outcome == "fail":
        return f"{lever}, or what else the report names. Do not test again on these rows."
    step, how = verdict.next[0].rstrip("."), HOW.get(verdict.outcome)
    return verdict.next[0] if workspace.is_variant or not how else f"{step}: {how}"


def _smaller_harm(workspace: "Workspace") -> tuple[str, str]:
    """Return what a search found that may pass, or how to search."""
    from faircompress.support.files import read_json

    file = workspace.project / "variants" / "search" / "search.json"
    if not file.exists():
        return "search", "faircompress search  # how small may it be? takes no look"
    found = read_json(file)
    if not found["expected_to_pass"] or set(found["overrides"]) == {*workspace.overrides}:
        return "frontier", str(file.with_name("frontier.html"))
    changes = " ".join(f"-S '{one}'" for one in found["overrides"])
    chance = f"{found['bytes']:,} bytes, chance to pass {found['shrunk']:.2f}"
    return "frontier", f"faircompress run {changes}  # its best: {chance}"
