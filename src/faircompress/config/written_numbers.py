"""Numbers as people write them: 10 %, 0,1 and 1/10, and how params and rules want them."""

import re
from typing import Any

PERCENT = re.compile(r"(-?[\d.,]+)\s*%")
COMMA = re.compile(r"-?\d*,\d+")
FRACTION = re.compile(r"(\d+)\s*/\s*(\d+)")


def meant_number(found: Any, *, share: bool = False) -> str:
    """Say how a number is to be written; empty: nothing tells which is meant.

    Args:
        found: What was written.
        share: Must it be a share of 1? Then 5 may be 5 %.
    """
    if isinstance(found, int | float) and not isinstance(found, bool):
        percent = share and 1 <= found <= 100
        return f"If {found:g} % is meant, write {found / 100:g}." if percent else ""
    text = str(found).strip()
    if match := PERCENT.fullmatch(text):
        number = _number(match[1])
        text = "" if number is None else f"{number / 100:.10g}"
        return text and f"Write a share of 1 instead of percent: {text}."
    if COMMA.fullmatch(text):
        return f"Write decimals with a point: {_number(text):g}."
    if (match := FRACTION.fullmatch(text)) and int(match[2]):
        return f"Write it in decimals: {int(match[1]) / int(match[2]):.4g}."
    number = _number(text)
    return meant_number(number, share=share) if number is not None else ""


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
