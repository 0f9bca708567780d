"""The Helm chart for workers: rendered by Helm's own engine, held against Kubernetes' schemas."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from faircompress import __version__
from faircompress.support import environment

CHART = ROOT / "infra" / "chart"
SOME = {
    "project": {"repository": "https://example.org/me/project.git"},
    "prefect": {"apiUrl": "http://prefect:4200/api"},
    "mlflow": {"trackingUri": "http://mlflow:5000"},
}
ALL = {
    **SOME,
    "project": {**SOME["project"], "branch": "main", "netrcSecret": "git"},
    "objects": {"endpoint": "http://objects:8333", "bucket": "dvc", "secret": "s3"},
    "image": {"repository": "registry.example.org/worker", "pullSecrets": ["pull"]},
    "storage": {"existingClaim": "", "class": "fast"},
    "keys": {"gateSecret": "gate-paris", "knownConfigMap": "known-keys"},
    "gpus": 1,
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "nodeSelector": {"disk": "ssd"},
}
KUBERNETES = ("1.29", "1.33")

pytest.importorskip("helm_python", reason="needs the extra infra")
pytest.importorskip("kubernetes_validate", reason="needs the extra infra")


def rendered(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What `helm template` makes of the chart, by kind."""
    chart = importlib.import_module("helm_python.chart").Chart
    with chart.load(str(CHART)) as loaded:
        loaded.validate_schema(values)
        files = loaded.render(values, name="night", namespace="vision")
    found = [yaml.safe_load(text) for text in files.values()]
    return {one["kind"]: one for one in found if one}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("values", [SOME, ALL], ids=["least", "all"])
def test_what_is_rendered_is_what_kubernetes_takes(values: dict[str, Any], kubernetes: str) -> None:
    import kubernetes_validate

    found = rendered(values)
    assert {"Deployment", "PersistentVolumeClaim", "ConfigMap", "NetworkPolicy"} == {*found}
    for one in found.values():
        kubernetes_validate.validate(one, kubernetes, strict=True)


def test_helm_lints_it_without_a_finding() -> None:
    lint = importlib.import_module("helm_python.chart").lint
    said = lint(str(CHART), SOME, strict=True)
    assert [m for m in said["messages"] if m["severity"] > 1] == [] and said["errors"] == []


def containers(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pod = rendered(values)["Deployment"]["spec"]["template"]["spec"]
    yield from (*pod["initContainers"], *pod["containers"])


def test_nothing_runs_as_root_or_writes_into_its_image() -> None:
    pod = rendered(ALL)["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    for one in containers(ALL):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert one["resources"]["requests"] and one["resources"]["limits"]
        written = {mount["mountPath"] for mount in one["volumeMounts"]}
        assert {"/project", "/tmp", "/home/faircompress", "/dev/shm"} <= written


def test_secrets_are_named_and_not_held() -> None:
    (*_, worker) = containers(ALL)
    assert worker["envFrom"] == [{"secretRef": {"name": "s3"}}]
    named = {e["name"]: e.get("value") for e in worker["env"] if re.search("KEY|PASS", e["name"])}
    assert named == {
        "FAIRCOMPRESS_GATE_KEY": "/etc/faircompress/gate/gate.pem",
        "FAIRCOMPRESS_KEY_PASSPHRASE": None,
        "FAIRCOMPRESS_KNOWN_KEYS": "/etc/faircompress/keys/known",
    }
    assert "Secret" not in rendered(ALL)


def test_the_gates_key_is_a_file_of_the_worker_alone_and_without_one_nothing_is_signed() -> None:
    clone, worker = containers(ALL)
    keys = {m["mountPath"] for m in worker["volumeMounts"]} - {
        m["mountPath"] for m in clone["volumeMounts"]
    }
    assert keys == {"/etc/faircompress/gate", "/etc/faircompress/keys"}
    volumes = rendered(ALL)["Deployment"]["spec"]["template"]["spec"]["volumes"]
    (key,) = (v["secret"] for v in volumes if v["name"] == "gate-key")
    assert key == {
        "secretName": "gate-paris",
        "defaultMode": 0o440,
        "items": [{"key": "gate.pem", "path": "gate.pem"}],
    }
    (*_, bare) = containers(SOME)
    assert not [e["name"] for e in bare["env"] if "FAIRCOMPRESS" in e["name"]]


def test_the_worker_runs_the_command_of_compose_with_telemetry_off() -> None:
    compose = yaml.safe_load((ROOT / "infra/compose.yaml").read_text())["services"]["worker"]
    (*_, worker) = containers(SOME)
    assert worker["command"][:3] == compose["command"][:3]
    env = {e["name"]: e["value"] for e in worker["env"]}
    off = ("DO_NOT_TRACK", "DVC_NO_ANALYTICS", "GX_ANALYTICS_ENABLED", "MLFLOW_DISABLE_TELEMETRY")
    assert {name: env[name] for name in off} == {name: environment.QUIET[name] for name in off}


def test_one_worker_has_a_clone_and_an_upgrade_starts_no_second_beside_it() -> None:
    spec = rendered(SOME)["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert rendered(SOME)["PersistentVolumeClaim"]["metadata"]["annotations"] == {
        "helm.sh/resource-policy": "keep"
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": {"repository": "https://me:secret@example.org/p.git", "branch": "main"}},
        {"user": 0},
        {"prefect": {"apiUrl": "prefect:4200"}},
        {"replicas": 3},
    ],
)
def test_values_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    errors = importlib.import_module("helm_python.errors")
    with pytest.raises(errors.HelmValuesError):
        rendered({**SOME, **wrong})


def test_chart_and_package_are_of_one_version() -> None:
    chart = yaml.safe_load(Path(CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__
