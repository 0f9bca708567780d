"""What a reader takes away from the page: the verdict, all checks as CSV, the model card."""

import csv
import io
import json

from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext
from faircompress.report.model_card import model_card
from faircompress.support.pages import download

COLUMNS = (
    "rule", "metric", "against", "place", "n", "clusters", "baseline", "candidate", "estimate",
    "lower", "upper", "limit_lower", "limit_upper", "confidence", "outcome", "n_needed", "reason",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what starts so


def downloads(verdict: Verdict, context: ReportContext) -> dict[str, str]:
    """Return the addresses of the files that the page holds."""
    text = json.dumps(verdict.to_json(), indent=1, sort_keys=True, ensure_ascii=False)
    return {
        "verdict": download(text, "application/json"),
        "checks": download(checks_csv(verdict), "text/csv"),
        "card": download(model_card(verdict, context), "text/markdown"),
    }


def checks_csv(verdict: Verdict) -> str:
    """Return every check as a line of CSV, numbers in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rule in verdict.tested:
        for check in rule.checks:
            of = {**vars(rule), **vars(check), "place": check.place}
            writer.writerow([cell(of[name]) for name in COLUMNS])
    return text.getvalue()


def cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else value
