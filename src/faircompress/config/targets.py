"""How far a network is cut: to a speed-up, or to what its file may take in ms or MB."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from faircompress.config.bounds import Positive
from faircompress.config.plugins import Section
from faircompress.support.errors import InputError


class Target(Section):
    """What the pruned file in float32 may cost on this machine; one of the two."""

    latency_ms: Annotated[
        Positive | None, Field(description="of one picture, as this machine takes it")
    ] = None
    file_mb: Annotated[Positive | None, Field(description="of its bytes; 1 MB is 1,000,000")] = None

    @model_validator(mode="after")
    def _one(self) -> "Target":
        if (self.latency_ms is None) == (self.file_mb is None):
            raise InputError("needed is one of speedup, latency_ms and file_mb, such as file_mb: 2")
        return self

    @property
    def asked(self) -> float:
        """Return the number asked for."""
        return self.latency_ms or self.file_mb or 0.0

    @property
    def unit(self) -> str:
        """Return what it is a number of: ``ms`` or ``MB``."""
        return "ms" if self.latency_ms else "MB"

    def __str__(self) -> str:
        """Return it as a person writes it, such as ``12 ms``."""
        return f"{self.asked:g} {self.unit}"


def no_search(speedup: object) -> object:
    """Refuse a speed-up that only a search can find."""
    if speedup == "auto":
        raise InputError(
            "auto is found by a search: faircompress run -S prune.speedup=auto takes the smallest "
            "file that is expected to pass, faircompress search --apply writes it here"
        )
    return speedup


def plain_speedup(prune: Any) -> Any:
    """Return the section ``prune`` with ``target: {speedup: 4}`` written as ``speedup: 4``."""
    target = prune.get("target") if isinstance(prune, Mapping) else None
    if isinstance(target, Mapping) and set(target) == {"speedup"}:
        return {**prune, "speedup": target["speedup"], "target": None}
    return prune
