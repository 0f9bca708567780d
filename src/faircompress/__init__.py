"""Fair compression of vision models, let out only with statistical evidence.

From Python: ``audit`` tells of any two models' predictions whether the second harms no group more
than its rules allow, ``audit_files`` of two ONNX files; ``Rule``, ``Verdict``, ``Outcome`` and
``NotPassed`` are what they take and give. ``prune`` cuts a network and ``export`` writes it to
ONNX; ``PerformanceWeightedLoss`` is for training loops of one's own, ``metric`` for Fairlearn.
``resolve_champion`` gives a project's champion after a check of all that it rests on.
``FaircompressError`` is what a caller can mend. Everything else is called by ``faircompress`` on
the command line.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faircompress.auditing.api import audit as audit
    from faircompress.auditing.files_api import audit_files as audit_files
    from faircompress.compression.pruning import prune as prune
    from faircompress.config.rules import Rule as Rule
    from faircompress.evaluation.results import Outcome as Outcome
    from faircompress.evaluation.verdict import NotPassed as NotPassed
    from faircompress.evaluation.verdict import Verdict as Verdict
    from faircompress.export.one_call import export as export
    from faircompress.orchestration.champion import resolve_champion as resolve_champion
    from faircompress.statistics.metric_functions import metric as metric
    from faircompress.support.errors import FaircompressError as FaircompressError
    from faircompress.training.performance_weighted_loss import (
        PerformanceWeightedLoss as PerformanceWeightedLoss,
    )

__version__ = "0.3.0"
HOMES = {
    "audit": "auditing.api",
    "audit_files": "auditing.files_api",
    "prune": "compression.pruning",
    "PerformanceWeightedLoss": "training.performance_weighted_loss",
    "metric": "statistics.metric_functions",
    "resolve_champion": "orchestration.champion",
    "Rule": "config.rules",
    "Outcome": "evaluation.results",
    "Verdict": "evaluation.verdict",
    "NotPassed": "evaluation.verdict",
    "FaircompressError": "support.errors",
}
__all__ = [
    "FaircompressError", "NotPassed", "Outcome", "PerformanceWeightedLoss", "Rule", "Verdict",
    "__version__", "audit", "audit_files", "export", "metric", "prune", "resolve_champion",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import faircompress`` is light."""
    from importlib import import_module

    from faircompress.support.extras import advised

    if name == "export":
        return import_module("faircompress.export")  # which can be called
    if name not in HOMES:
        raise AttributeError(f"module 'faircompress' has no attribute {name!r}")
    with advised():
        return getattr(import_module(f"faircompress.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
