"""A review of a version, started through Prefect if somebody serves ``flows/promote.py``."""

from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from faircompress.orchestration.clone import name_of
from faircompress.registry.versions import Version

NAME = "review"  # of the flow


def ask(project: Path, version: Version) -> bool:
    """Start a review of a version's verdict, once, if somebody serves reviews; say whether so."""
    name = f"{NAME}/{name_of(project)}"
    with get_client(sync_client=True) as client:
        try:
            asked = client.read_deployment_by_name(name)
        except ObjectNotFound:
            return False
    verdict = version.tags["verdict.sha256"]
    given = {"project": str(project), "version": version.number, "verdict": verdict}
    known = (asked.parameter_openapi_schema or {}).get("properties", given)
    given = {key: value for key, value in given.items() if key in known}  # flows/ may be older
    key = f"{project}:{verdict}"
    run_deployment(
        name,
        parameters=given,
        flow_run_name=f"version {version.number}",
        timeout=0,
        idempotency_key=key,
        as_subflow=False,
    )
    return True
