"""MLflow's server tells of aliases, whoever moved them: a real one, and a real receiver."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, free_port, serving
from receivers import http

from faircompress.config.params import BadParams, load
from faircompress.orchestration import registry_watch

ALLOWED = {
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "0",  # its server ends only after the last try
}


def wanting(folder: Path, notify: str) -> Path:
    text = (ROOT / "params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("notify: []", f"notify: {notify}"))
    return folder


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the address of an MLflow server that may send to this machine."""
    port = free_port()
    for name, value in ALLOWED.items():
        monkeypatch.setenv(name, value)
    store = f"sqlite:///{tmp_path}/mlflow.db"
    words = ("server", "--workers", "1", "--port", str(port), "--backend-store-uri", store)
    address = f"http://127.0.0.1:{port}"
    with serving("mlflow", *words, health=f"{address}/health"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


def test_the_server_tells_of_an_alias_that_somebody_moved(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(server)
    with http() as (address, got):
        monkeypatch.setenv("TEAM", address)
        wanting(tmp_path, "[{when: [registry], to: webhook, env: TEAM}]")
        for _ in range(2):  # served twice, set up once
            assert registry_watch.watch(tmp_path) == []
        assert len(list(client.list_webhooks())) == 1
        client.create_registered_model("faircompress-portraits")
        version = client.create_model_version("faircompress-portraits", "s3://models/x").version
        client.set_registered_model_alias("faircompress-portraits", "champion", version)
        for _ in range(600):
            if len(got) == 2:
                break
            time.sleep(0.1)
    told = {message["entity"]: message["data"] for message in got}
    assert told["model_version_alias"]["alias"] == "champion"
    assert str(told["model_version_alias"]["version"]) == version
    assert told["model_version"]["name"] == "faircompress-portraits"
    wanting(tmp_path, "[]")
    assert registry_watch.watch(tmp_path) == [] and list(client.list_webhooks()) == []


def test_without_a_server_it_is_said_and_a_file_tells_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("TEAM", "https://example.org/SECRET")
    wanting(tmp_path, "[{when: [registry], to: webhook, env: TEAM}]")
    (trouble,) = registry_watch.watch(tmp_path)
    assert "only an MLflow server sends webhooks" in trouble and "SECRET" not in trouble
    with pytest.raises(BadParams, match="needed are to: webhook, and env"):
        load(ROOT / "params.yaml", ["notify=[{when: [registry], to: slack, env: A}]"])
