"""What the Tab key offers. Nothing heavy is imported: a shell waits for it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import typer

from faircompress.config import plugins
from faircompress.support.errors import FaircompressError

ABOUT = {
    "criteria": "which channels go: prune.criterion.name",
    "heads": "how the last layer is fitted anew at the end: prune.head.name",
    "metrics": "what may not get worse: metric of a rule",
    "models": "networks beside torchvision's: train.model",
    "objectives": "what is minimised: prune.scoring.name, prune.finetune.name",
    "presets": "named sets of params: run --preset",
    "rules": "kinds of rules: rule of gate.rules",
    "sources": "where pictures come from: data.name",
    "studies": "comparisons over seeds: faircompress study",
}  # what `list` names
KINDS = (*sorted(set(plugins.ROOMS) - {"stages"}), "presets", "studies")


def kinds(incomplete: str) -> Iterator[tuple[str, str]]:
    """Offer the kinds of ``list``."""
    yield from ((kind, ABOUT[kind]) for kind in KINDS if kind.startswith(incomplete))


def presets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the project's presets."""
    from faircompress.config.presets import names_of

    with suppress(FaircompressError):
        return _starting(names_of(_project(ctx) / "presets.yaml"), incomplete)
    return []


def studies(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the project's studies."""
    return _starting(sorted(p.stem for p in (_project(ctx) / "studies").glob("*.yaml")), incomplete)


def variants(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the project's variants."""
    found = sorted(p.parent.name for p in (_project(ctx) / "variants").glob("*/params.yaml"))
    return _starting(found, incomplete)


def stages(incomplete: str) -> list[str]:
    """Offer the stages of the chain."""
    return _starting(list(plugins.names("stages")), incomplete)


def metrics(incomplete: str) -> list[str]:
    """Offer the metrics."""
    return _starting(list(plugins.names("metrics")), incomplete)


def keys(incomplete: str) -> list[str]:
    """Offer the keys of params.yaml, with the equals sign that ``-S`` needs."""
    from faircompress.config.param_keys import known_keys

    return _starting([f"{key}=" for key in known_keys()], incomplete)


def _project(ctx: typer.Context) -> Path:
    return Path(ctx.params.get("project") or ".")


def _starting(words: list[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
