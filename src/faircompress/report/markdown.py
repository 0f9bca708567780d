"""Text that stays text, whatever a group, a class or a person's reason is made of.

Backslashes serve CommonMark and GitHub. The rest are entities, since MLflow's pages keep the
backslash before them.
"""

import re

from faircompress.support.lines import LONGEST, one_line

NAME = 120  # characters of a name that others chose
ENTITIES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "@": "&#64;", "$": "&#36;"}
)
MARKS = re.compile(r"[\\`*\[\]#~]|(?<![^\W_])_|_(?![^\W_])")
LINKS = re.compile(r"(?<=\w):(?=//)|:(?=[\w+-]+:)|(?<=www)\.", re.IGNORECASE)
BLOCK = re.compile(r"^(\d{1,9})?(?=(?(1)[.)]|[-+])(?:\s|$)|(?(1)\Z.|[-=]+\s*$))")


def plain_text(text: str, longest: int = LONGEST) -> str:
    """Return a text that Markdown takes for words: no heading, table, link, picture or HTML."""
    marked = MARKS.sub(lambda one: f"\\{one[0]}", one_line(text, longest)).translate(ENTITIES)
    plain = LINKS.sub(lambda one: f"&#{ord(one[0])};", marked)
    return BLOCK.sub(lambda one: f"{one[1] or ''}\\", plain, count=1)


def code(text: str) -> str:
    """Return a text that can stand between backticks."""
    return one_line(text).replace("`", "'") or "none"
