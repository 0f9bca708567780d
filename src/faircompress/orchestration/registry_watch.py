"""Who is told by the MLflow server of new versions and moved aliases: ``when: [registry]``."""

import os
from collections.abc import Sequence
from pathlib import Path

from faircompress.config.operation import Receiver
from faircompress.config.params import load
from faircompress.orchestration.notify import name_of, wanted
from faircompress.registry import mlflow_runs, webhooks
from faircompress.support.errors import StateError


def watch(project: Path) -> list[str]:
    """Set up the server's webhooks as params say now; return who is not told, a sentence each."""
    chosen = load(project / "params.yaml")
    receivers = wanted(chosen.notify, "registry")
    if not os.environ.get(mlflow_runs.URI, "").startswith("http"):
        why = f"only an MLflow server sends webhooks, and {mlflow_runs.URI} names none"
        return [f"{_names(receivers)} will not be told of the registry: {why}"] if receivers else []
    urls = {name_of(one): os.environ.get(one.env or "", "") for one in receivers}
    trouble = [f"{name} will not be told of the registry: its environment variable is not set"
               for name, url in urls.items() if not url]  # fmt: skip
    try:
        store = mlflow_runs.open_store(project)
        given = {name: url for name, url in urls.items() if url}
        webhooks.send_to(store, f"faircompress {chosen.key}", given)
    except StateError as error:
        trouble.append(f"{_names(receivers)} will not be told of the registry: {error}")
    return trouble


def _names(receivers: Sequence[Receiver]) -> str:
    return ", ".join(name_of(one) for one in receivers) or "nobody"
