"""The checks that need every picture looked at: is it whole, blank, there once?"""

from dataclasses import replace

import pandas as pd

from faircompress.data.duplicates import CONFLICTING, DUPLICATE
from faircompress.data.ingest import BLANK, DARK, READ
from faircompress.validation.check_frames import Frames
from faircompress.validation.expectations import Check, in_set, not_in_set

LOOKED = [READ, BLANK, DARK, CONFLICTING, DUPLICATE]  # states of pictures that could be read


def readable(tables: Frames, quarantine: float) -> list[Check]:
    """Return the checks of each picture by itself."""
    states = tables.pictures["state"].value_counts().drop(LOOKED, errors="ignore")
    why = ", ".join(f"{count:,} {state}" for state, count in states.items())
    unread = states.sum() / max(len(tables.pictures), 1)
    some = f"; {quarantine:g} of them may be set aside (checks.quarantine)"
    return [
        Check(
            "every picture can be read",
            "pictures",
            in_set("state", LOOKED, mostly=1 - quarantine),
            f"{{count}} of {{total}} pictures cannot be read ({why}){some}",
            f"{len(tables.rows):,} of {{total}} pictures were read{some if why else ''}.",
        ),
        Check(
            "no picture is blank",
            "pictures",
            not_in_set("state", [BLANK], mostly=1 - max(quarantine - unread, 0.0)),
            "{count} pictures are blank, of {total}: one colour throughout, or transparent. Leave "
            f"them out, or let some be set aside (checks.quarantine, now {quarantine:g})",
            "None of {total} shows nothing but one colour.",
        ),
        Check(
            "16-bit pictures use their bits",
            "pictures",
            in_set("dark", [False]),
            "{count} of {total} pictures are nearly black: of 16 bits "
            f"they use {_most_bits(tables)} at most. Say which value is white, such as "
            f"data.levels: [0, {2 ** _most_bits(tables) - 1}], or write them with 8 bits",
            "None of {total} is nearly black for it.",
        ),
    ]


def _most_bits(tables: Frames) -> int:
    most = tables.pictures.loc[tables.pictures["dark"], "bits"].max()
    return 16 if pd.isna(most) else int(most)


def alike(tables: Frames) -> list[Check]:
    """Return the checks of pictures beside each other."""
    sizes = tables.rows["size"].mode()
    usual = str(sizes.iloc[0]) if len(sizes) else ""
    return [
        Check(
            "all pictures have one size",
            "rows",
            in_set("size", [usual]),
            f"{{count}} of {{total}} pictures are not {usual} as most are; set data.resize or crop",
            f"All are {usual}.",
        ),
        Check(
            "no picture lies in two splits",
            "equal",
            in_set("splits", [1]),
            "Found {count}; a model would be tested on what it was trained on",
            "None does.",
        ),
        Check(
            "equal pictures have equal labels and groups",
            "truths",
            in_set("truths", [1]),
            "Found {count} that have not; one row of each is wrong. Keep the right one, or none: "
            "checks.duplicates: drop_conflicting",
            "All of them have; {total} stand in several rows.",
        ),
    ]


def warnings(tables: Frames, quarantine: float, *, refuse_twice: bool) -> list[Check]:
    """Return what is told and stops nothing, unless pictures that stand twice are to.

    Args:
        tables: What will be checked.
        quarantine: Share of pictures that may be set aside.
        refuse_twice: Does a picture that stands twice in a split stop the chain?
    """
    cure = "; set them aside by checks.duplicates: drop" if refuse_twice else ""
    checks = [
        Check(
            "no picture stands twice in a split",
            "equal",
            replace(in_set("within", [0]), warning=not refuse_twice),
            f"Found {{count}}, which count more than once{cure}",
            "None does.",
        ),
        *_near_copies(),
        Check(
            "all pictures are RGB",
            "rows",
            replace(in_set("mode", ["RGB"]), warning=True),
            "{count} of {total} pictures were converted",
            "All {total} are.",
        ),
        Check(
            "no file holds several pictures",
            "rows",
            replace(in_set("several", [False]), warning=True),
            "{count} of {total} do, as animations and many-page TIFF; the first of each was taken",
            "None of {total} does.",
        ),
        Check(
            "no picture is enlarged",
            "rows",
            replace(in_set("enlarged", [False]), warning=True),
            "{count} of {total} pictures are smaller than data.resize asks for",
            "None of {total} is.",
        ),
    ]
    aside = Check(
        "no picture is set aside",
        "pictures",
        replace(in_set("state", [READ, CONFLICTING, DUPLICATE]), warning=True),
        "{count} of {total} pictures cannot be read or are blank, and were left out",
        "None of {total} is.",
    )
    doubles = Check(
        "no row is left out for its duplicates",
        "pictures",
        replace(not_in_set("state", [CONFLICTING, DUPLICATE]), warning=True),
        "{count} of {total} rows are, as checks.duplicates says",
        "None of {total} is.",
    )
    left_out = tables.pictures["state"].isin([CONFLICTING, DUPLICATE]).any()
    return [*([aside] if quarantine else []), *([doubles] if left_out else []), *checks]


def _near_copies() -> list[Check]:
    """Return the checks of pictures that are alike but not equal: told, never set aside."""
    how = "re-encoded, resized, mirrored, or hardly to be told apart"
    return [
        Check(
            "no near copy of a picture lies in another split",
            "families",
            replace(in_set("splits", [1]), warning=True),
            f"{{count}} pictures have one there, {how}; a model would be tested on what it was "
            "trained on. Look at them: give copies one identity, or take them out",
            "None does.",
        ),
        Check(
            "near copies have equal labels",
            "families",
            replace(in_set("labels", [1]), warning=True),
            f"{{count}} pictures have copies of another label, {how}. Look at them: if they are "
            "copies, one label is wrong",
            "None has another.",
        ),
    ]
