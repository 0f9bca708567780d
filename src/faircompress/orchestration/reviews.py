"""A review of a version, started through Prefect if somebody serves ``flows/promote.py``."""

from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from faircompress.orchestration.clone import name_of
from faircompress.registry.versions import Version

NAME = "review"  # of the flow


def ask(project: Path, version: Version) -> bool:
    """Start a review of a version, once, if somebody serves reviews; return whether so."""
    name = f"{NAME}/{name_of(project)}"
    with get_client(sync_client=True) as client:
        try:
            client.read_deployment_by_name(name)
        except ObjectNotFound:
            return False
    given = {"project": str(project), "version": version.number}
    key = f"{project}:{version.tags['verdict.sha256']}"
    run_deployment(
        name,
        parameters=given,
        flow_run_name=f"version {version.number}",
        timeout=0,
        idempotency_key=key,
        as_subflow=False,
    )
    return True
