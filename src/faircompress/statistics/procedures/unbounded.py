"""No bound is known, so nothing is excluded."""

from dataclasses import dataclass

from faircompress.statistics.procedures import AtLimit, NullSample


@dataclass(frozen=True)
class Unbounded:
    """Nothing is excluded; ``why`` says what stands in the way."""

    why: str
    method: str = "none"
    units: int = 0

    def change_lower(self, alpha: float) -> float:
        """Exclude no fall."""
        return -1.0

    def change_upper(self, alpha: float) -> float:
        """Exclude no rise."""
        return 1.0

    def rate_lower(self, alpha: float) -> float:
        """Exclude no rate."""
        return 0.0

    def rate_upper(self, alpha: float) -> float:
        """Exclude no rate."""
        return 1.0

    def baseline_lower(self, alpha: float) -> float:
        """Exclude no rate."""
        return 0.0

    def change_at_most(self, change: float, alpha: float) -> AtLimit:
        """Exclude nothing."""
        return AtLimit("none", 0.0, rejects=False)

    def change_at_least(self, change: float, alpha: float) -> AtLimit:
        """Exclude nothing."""
        return AtLimit("none", 0.0, rejects=False)

    def rate_at_most(self, rate: float, alpha: float) -> AtLimit:
        """Exclude nothing."""
        return AtLimit("none", 0.0, rejects=False)

    def rate_at_least(self, rate: float, alpha: float) -> AtLimit:
        """Exclude nothing."""
        return AtLimit("none", 0.0, rejects=False)

    def null_sample(self, alpha: float, quantile: float, factor: float) -> NullSample:
        """Return that no sample of any size excludes anything."""
        return NullSample(0.0, -1.0)

    def certifies(self, n: int, limit: float, alpha: float, quantile: float) -> bool | None:
        """Return that no sample of any size does."""
        return False

    def certifies_rate(
        self, n: float, least: float, alpha: float, quantile: float, *, higher: bool
    ) -> bool:
        """Return that no sample of any size does."""
        return False

    def best_rate(self, n: float, alpha: float, quantile: float, *, higher: bool) -> float:
        """Return that no rate is certified."""
        return 0.0
