"""What an audit from Python returns: the verdict, which can be saved and shown."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from faircompress.auditing.audit import context_of
from faircompress.auditing.rows import Pair
from faircompress.evaluation.results import Json
from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext


@dataclass(frozen=True)
class AuditVerdict(Verdict):
    """A verdict with what it is about.

    Args:
        pair: Both models' predictions.
    """

    pair: Pair | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, verdict: Verdict, pair: Pair) -> "AuditVerdict":
        """Join a verdict and the predictions it is about."""
        return cls(**{one.name: getattr(verdict, one.name) for one in fields(Verdict)}, pair=pair)

    def to_json(self) -> Json:
        """Return the verdict as plain values, without the predictions."""
        return Verdict(**{one.name: getattr(self, one.name) for one in fields(Verdict)}).to_json()

    def save(self, folder: str | Path) -> list[Path]:
        """Write report, card, summary, verdict, JUnit file and predictions; return their paths.

        ``faircompress verify`` checks ``verdict.json`` against the predictions.
        """
        from faircompress.auditing import outputs

        place = Path(folder)
        outputs.clear(place)
        models = None if self.pair is None else (self.pair.baseline, self.pair.candidate)
        return outputs.write(place, self, self._context(), models)

    def _repr_html_(self) -> str:
        """Return the report for a notebook, in a frame of its own, so that no style leaks."""
        from html import escape

        from faircompress.report.html import report

        page = escape(report(self, self._context()), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="640" style="border:0"></iframe>'

    def _context(self) -> ReportContext:
        return ReportContext() if self.pair is None else context_of(self.pair, self)
