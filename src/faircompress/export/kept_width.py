"""The multiple of channels that a project keeps, so that another machine gives the same network.

Another kind of machine may like another number. So with ``prune.round_to: auto`` the number that
was measured first stays in ``artifacts/widths.json``, which git keeps, until that file is deleted.
"""

from pathlib import Path
from typing import Literal

from faircompress.config.widths import FILE
from faircompress.export.written_width import written
from faircompress.support.files import json_bytes, write_json
from faircompress.support.progress import show_line

Multiple = int | Literal["auto"]


def keep_width(artifacts: Path, round_to: Multiple, device: str) -> int:
    """Return the multiple of a project; what is not known yet is measured, and written down.

    Args:
        artifacts: Folder of results.
        round_to: Of the params.
        device: Where files run, as ``compute.device`` says.
    """
    file = artifacts / FILE
    if round_to != "auto":
        wanted: dict[str, object] = {"round_to": round_to}
        if not file.exists() or file.read_bytes() != json_bytes(wanted):
            write_json(file, wanted)
        return round_to
    known = written(file)
    if "measured_on" not in known:
        from faircompress.export.liked_width import liked  # loads what measures only then

        multiple, hardware = liked(device)
        known = {"round_to": multiple, "measured_on": hardware}
        write_json(file, known)
    return int(known["round_to"])


def kept_width(artifacts: Path, round_to: Multiple, device: str) -> int:
    """Return the same, and say so where this machine likes another number."""
    from faircompress.export.liked_width import liked_width

    kept = keep_width(artifacts, round_to, device)
    if round_to == "auto" and (own := liked_width(device)) != kept:
        where = written(artifacts / FILE)["measured_on"]["processor"]
        show_line(
            f"channels in multiples of {kept}, as artifacts/{FILE} has it of {where}. This machine "
            f"likes {own}: delete that file to take it, which gives another network"
        )
    return kept
