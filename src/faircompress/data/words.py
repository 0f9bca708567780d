"""What is wrong with names: damaged by a spreadsheet or an encoding, almost equal, or for unknown.

All three put people into groups that nobody meant. Nothing here changes a name; it says what was
probably meant, and the user decides.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from faircompress.data.age_strings import as_years

UNKNOWN_WORDS = (  # in any capitals
    "unk|unkn|unknown|unknow|unkown|n\\.a\\.|n/a|n/k|null|missing|missing value|undefined|"
    "unspecified|unlabell?ed|undetermined|undisclosed|unassigned|no (?:data|answer|info|value)|"
    "not (?:known|available|specified|reported|recorded|stated|given|provided|disclosed|assigned)|"
    "unknown(?: or |/| / )not reported|(?:other|or)/unknown|"
    "prefer not to (?:say|answer)|declined to (?:say|answer)|patient refused|data not available|"
    "unbekannt|nicht (?:bekannt|angegeben)|(?:keine|ohne) angaben?|k\\. ?a\\.|inconnue?|"
    "non (?:renseigné|précisé|spécifié|noto|specificato|indicato)e?|"
    "desconocid[oa]|no (?:especificad[oa]|sabe)|sin datos|s/d|desconhecid[oa]|n[ãa]o informad[oa]|"
    "sconosciut[oa]|onbekend|niet bekend|nieznan[yae]|brak danych|okänd|ukjent|ukendt|tuntematon|"
    "bilinmiyor|bilinmeyen|неизвестн(?:о|ый|ая)|не указан[оа]?|нет данных|"
    "未知|未知的|不明|不详|不詳|未填|無回答|미상|알 수 없음|غير معروف"
)
UNKNOWN = (
    rf"^\s*[(<\[_]*(?:(?i:{UNKNOWN_WORDS})|nan|-?NaN|NAN|NaT|NA|None|#?N/A(?: N/A)?)[)>\]_]*\s*$|"
    r"^\s*(?:\((?i:blank|empty|leer|vide|en blanco|vuoto|leeg)\)|[Uu]nk\.|NA_character_|'?--|\.|"
    r"\\N|#NV|#N/D|-?1\.#(?:QNAN|IND)|\?+|-+|[\u2012-\u2015]+|-1(?:\.0+)?)?\s*$"
)
# as spreadsheets in English, German, French, Spanish, Italian, Dutch and Portuguese write them
MONTHS = (
    "january|february|march|april|june|july|august|september|october|november|december|jan|feb|mar|"
    "apr|may|jun|jul|aug|sept|sep|oct|nov|dec|januar|februar|märz|juni|juli|oktober|dezember|mär|"
    "mrz|mai|okt|dez|janv|févr|fév|mars|avril|avr|juin|juil|août|aoû|déc|ene|abr|ago|dic|gen|mag|"
    "giu|lug|set|ott|mrt|mei|maj|fev|out|kwi|cze|wrz|paź|gru|oca|şub|haz|"
    "ağu|янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек"
)
MONTH = rf"(?:{MONTHS})\.?"
DAY_AND_MONTH = re.compile(
    rf"(?:\d{{1,2}}|1er)(?:[-/ ]|\. ?){MONTH}|\d{{1,2}}[月월] ?\d{{1,2}}[日일]", re.IGNORECASE
)
MONTH_AND_YEAR = re.compile(rf"{MONTH}[-/ ]\d{{2}}", re.IGNORECASE)
CLOCK = r"(?:[ T]00:00(?::00(?:[.,]0+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
DATE = re.compile(
    rf"(?:(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}}|"
    rf"\d{{1,2}}([/.])\d{{1,2}}\3\d\d|\d{{4}}年\d{{1,2}}月\d{{1,2}}日){CLOCK}|"
    rf"\d{{1,2}}[-. ]{MONTH}[-. ](?:\d\d){{1,2}})",
    re.IGNORECASE,
)
TIME = re.compile(r"\d{1,2}:\d\d(?::00)?(?: ?[AaPp][Mm])?")
DAYS = re.compile(r"[34]\d{4}")  # since 1900, as a date is kept: 1982 to 2036
BAND = re.compile(r"[<>]?=? ?\d+ ?(?:[-\u2013] ?\d+|\+)|[<>]=? ?\d+")
FORMULA = re.compile(r"#[¡¿]?(?:[^\W\d_a-zа-я]|[/0_ ])+[!?]|#(?:SPILL|CALC|REF)|#{3,}|Err:\d{3}")
WRITTEN = re.compile(r"=\s*[-+]?(?:[A-Z][A-Z.]*\(.*\)|\$?[A-Z]{1,3}\$?\d+\b.*)")
FLOATED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+\d{2}")
MANY_CODES, FEW_MEASURES = 24, 6  # numbers of a group column beyond which it measures
CODES = (777, 888, 999, 7777, 8888, 9999)
BELOW = (-1, -7, -8, -9, -77, -88, -99, *(-code for code in CODES))
SHORT = (("m", "male"), ("f", "female"), ("y", "yes"), ("n", "no"), ("t", "true"), ("f", "false"))
LETTERS = 3  # pairs of one letter, such as "A" and "a"; more are an alphabet
LISTED = re.compile(r"\[.*,.*\]|\{.*\}|\(['\"].*,.*\)", re.DOTALL)  # as text; (25, 32) is a range
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BADLY_DECODED = re.compile("\ufffd|[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")


def damaged(words: Iterable[str]) -> dict[str, str]:
    """Return the names of a column that look damaged, and what each looks like.

    A full date, or a month and a year, is damage only beside names that are none: a column of dates
    is one. A day and a month without a year are damage in any column; a time of day, or a date as
    the number of days that a spreadsheet keeps, is among names that are ranges.

    Args:
        words: Distinct names of one column.
    """
    known = [word for word in words if not re.match(UNKNOWN, word)]
    date = {word for word in known if _is_date(word)}
    mixed = len(date) < len(known)
    among = sum(BAND.fullmatch(word.strip()) is not None for word in known) > 1
    found = {}
    for word in known:
        bare = word.strip()
        if (
            word in date and (mixed or DAY_AND_MONTH.fullmatch(bare))
            or among and (TIME.fullmatch(bare) or DAYS.fullmatch(bare))
        ):  # fmt: skip
            found[word] = "looks like a range or a code that a spreadsheet turned into a date"
        elif FORMULA.fullmatch(bare):
            found[word] = "is a spreadsheet's word for a formula that failed or a narrow column"
        elif WRITTEN.fullmatch(bare):
            found[word] = "is a spreadsheet's formula, and not what it gives"
        elif FLOATED.fullmatch(bare):
            found[word] = "looks like a long number that a spreadsheet rounded"
        elif "\ufffd" in word or _decoded_twice(word):
            found[word] = "holds letters of a wrong encoding"
    return found


def rounded(words: Iterable[str]) -> list[str]:
    """Return the ids that look like long numbers whose last digits a spreadsheet took."""
    return [word for word in words if FLOATED.fullmatch(word)]


def several(words: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a column that look like several of its others, such as "a|b".

    That are lists and structs as text, and names whose parts all are names; parted by spaces, only
    where at least two such names are there.
    """
    known = {word.strip() for word in words}
    listed = [word for word in known if LISTED.fullmatch(word)]
    parted = [w for w in known if any(_all_known(w, sign, known) for sign in ("|", ";", ",", "+"))]
    spaced = [word for word in known if _all_known(word, " ", known)]
    return tuple(sorted({*listed, *parted, *(spaced if len(spaced) > 1 else ())}))


def _all_known(word: str, sign: str, known: set[str]) -> bool:
    parts = [part.strip() for part in word.split(sign)]
    return len(parts) > 1 and all(part in known for part in parts)


def sentinel(numbers: "pd.Series[float]") -> float | None:
    """Return a number that stands for unknown among others: infinity, -1, 999 and the like.

    Negative ones, where all others are not; three or four nines, eights or sevens, where they come
    again and the largest other is less than half of them.
    """
    known = numbers.dropna()
    if not np.isfinite(known).all():
        return float(known[~np.isfinite(known)].iloc[0])
    below = known[known < 0]
    if len(below) and below.isin(BELOW).all():
        return float(below.iloc[0])
    most = known.max() if len(known) else 0
    others = known[~known.isin(CODES)]
    again = (known == most).sum() > 1 and len(others) > 0
    return float(most) if again and most in CODES and others.max() < most / 2 else None


def near(words: Iterable[str]) -> list[tuple[str, ...]]:
    """Return names of a column that are almost equal, together.

    Almost equal are names that differ in capitals, spaces, hyphens within, underscores, a full stop
    at the end, ways to write accents, marks that nobody sees, or zeros around a number; and a word
    of ``SHORT`` beside its first letter. Where many
    single letters stand in both cases, the names are letters, and meant.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for word in words:
        alike[_plain(word)].append(word)
    for short, long in SHORT:
        if short in alike and long in alike:
            alike[long] += alike.pop(short)
    groups = [tuple(sorted(group)) for group in alike.values() if len(group) > 1]
    letters = [group for group in groups if all(len(word.strip()) == 1 for word in group)]
    return [group for group in groups if len(letters) <= LETTERS or group not in letters]


def unknown(words: Iterable[str]) -> list[str]:
    """Return the names of a column that are words for unknown; see ``unknown_form``."""
    every = list(words)
    form = unknown_form(every)
    return [word for word in every if re.match(form, word)]


def unknown_form(words: Iterable[str]) -> str:
    """Return the regular expression of words for unknown among the names of a column.

    -1 is none where 1 is the only other: a coding of no and yes.
    """
    coded = set(words) == {"-1", "1"}
    return UNKNOWN.replace(r"|-1(?:\.0+)?)?", ")?") if coded else UNKNOWN


def listed(groups: Sequence[tuple[str, ...]]) -> str:
    """Return names that are almost equal as a text."""
    return "; ".join(" and ".join(map(seen(names), names)) for names in groups[:5])


def seen(names: Sequence[str]) -> Callable[[str], str]:
    """Return how to write names so that a reader sees in what they differ."""
    composed = {unicodedata.normalize("NFKC", name) for name in names}
    return repr if len(composed) == len(names) else ascii


def proposed_bins(words: "pd.Series[Any]") -> str:
    """Return bins for a column that measures, in three ranges of about as many rows; else "".

    Numbers measure if there are many of them, or several that are not whole.
    """
    known = as_years(words.dropna())
    numbers = pd.to_numeric(known, errors="coerce")
    if known.empty or not np.isfinite(numbers.astype(float)).all():
        return ""
    values = numbers.unique()
    broken = (values % 1 != 0).any()
    if len(values) <= (FEW_MEASURES if broken else MANY_CODES):
        return ""
    low, high = (float(f"{numbers.quantile(share):.3g}") for share in (1 / 3, 2 / 3))
    low, high = (low, high) if broken else (float(math.ceil(low)), float(math.ceil(high)))
    if not numbers.min() < low < high <= numbers.max():
        return ""
    return (
        f"{{bins: {{low: [null, {low:g}], middle: [{low:g}, {high:g}], high: [{high:g}, null]}}}}"
    )


def _is_date(word: str) -> bool:
    return any(one.fullmatch(word.strip()) for one in (DAY_AND_MONTH, MONTH_AND_YEAR, DATE))


def _plain(word: str) -> str:
    seen = (letter for letter in word if unicodedata.category(letter) != "Cf")
    text = unicodedata.normalize("NFKC", "".join(seen)).strip()
    if NUMBER.fullmatch(text):
        return f"{float(text):.15g}"
    spaced = re.sub(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)", " ", text)
    return spaced.strip("_ ").rstrip(".").casefold()


def _decoded_twice(word: str) -> bool:
    """Tell whether a word is UTF-8 that was read as an encoding of one byte a letter."""
    if not BADLY_DECODED.search(word):
        return False
    for encoding in ("windows-1252", "latin-1"):
        try:
            return word.encode(encoding).decode("utf-8") != word
        except UnicodeError:
            continue
    return False
