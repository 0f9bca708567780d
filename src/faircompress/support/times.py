"""Times as the records write them."""

from datetime import UTC, datetime


def iso(time: str) -> str:
    """Return the time of a judgement, ``20260131T120000.000000Z``, as ISO 8601."""
    read = datetime.strptime(time, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    return read.isoformat(timespec="seconds")
