"""The services of compose.yaml, started for real without containers; backup, restore, upgrade."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, free_port

from faircompress.support import databases
from faircompress.support.errors import InputError, MissingFileError, StateError
from infra import composed, postgres
from infra.backup import backup, checked
from infra.composed import PORTS
from infra.restore import restore
from infra.services import Running
from infra.stores import Stores

CLIENT = shutil.which("docker-compose", path=Path(sys.executable).parent)
WILD = "p$a@b:c/d%e\"f g~ü'x#?&%40\\${HOME}"
VALUES = {
    "POSTGRES_PASSWORD": WILD, "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": WILD, "WORKER_UID": "7",
    "WORKER_GID": "8", "WORKER_CHECKOUT": "/srv/it",
}  # fmt: skip


def postgres_is_there() -> bool:
    try:
        return bool(postgres.programs())
    except MissingFileError:
        return False


needs_client = pytest.mark.skipif(CLIENT is None, reason="needs the extra infra")
needs_postgres = pytest.mark.skipif(not postgres_is_there(), reason="needs PostgreSQL")


def as_compose_reads(*words: str, env: dict[str, str] | None = None) -> Any:
    """What the real client, which checks against the schema first, makes of compose.yaml."""
    assert CLIENT is not None
    files = ["-f", str(composed.COMPOSE), *words]
    said = subprocess.run(
        [CLIENT, *files, "config", "--format", "json"], capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], **(env or {})},
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)["services"]


def plain(values: Any) -> dict[str, str]:
    """An environment as Compose prints it: with each $ doubled."""
    return {key: str(value).replace("$$", "$") for key, value in values.items()}


@needs_client
def test_we_read_compose_yaml_as_compose_does() -> None:
    read, ours = as_compose_reads(env=VALUES), composed.resolved(VALUES)
    assert read.keys() == ours.keys()
    for name, service in read.items():
        assert plain(service.get("environment", {})) == {
            key: str(value) for key, value in ours[name].get("environment", {}).items()
        }
        assert (service.get("command") or []) == ours[name].get("command", [])
        test = ours[name].get("healthcheck", {}).get("test")
        assert service.get("healthcheck", {}).get("test") == test
        needs = {n: how["condition"] for n, how in service.get("depends_on", {}).items()}
        assert needs == {n: h["condition"] for n, h in ours[name].get("depends_on", {}).items()}


@needs_client
def test_a_password_of_any_letters_comes_through_the_env_file_as_the_example_says(
    tmp_path: Path,
) -> None:
    quoted = {key: "'" + value.replace("'", "\\'") + "'" for key, value in VALUES.items()}
    (tmp_path / "env").write_text("\n".join(f"{key}={value}" for key, value in quoted.items()))
    read = as_compose_reads("--env-file", str(tmp_path / "env"))
    for name, key in (("postgres", "POSTGRES_PASSWORD"), ("mlflow", "PGPASSWORD"),
                      ("prefect", "PGPASSWORD"), ("worker", "AWS_SECRET_ACCESS_KEY")):  # fmt: skip
        assert plain(read[name]["environment"])[key] == WILD


@needs_client
def test_the_gpu_file_is_one_that_compose_takes_too() -> None:
    gpu = ROOT / "infra" / "compose.gpu.yaml"
    read = as_compose_reads("-f", str(gpu), env=VALUES)["worker"]
    assert read["deploy"]["resources"]["reservations"]["devices"][0]["driver"] == "nvidia"


def test_a_password_is_part_of_no_address() -> None:
    for service in composed.services(VALUES).values():
        assert not [v for v in service.env.values() if "://" in v and WILD in v]


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(InputError, match="POSTGRES_PASSWORD has no value; set it in infra/.env"):
        composed.services({**VALUES, "POSTGRES_PASSWORD": ""})


def test_the_commands_are_those_of_the_containers_on_free_ports() -> None:
    ports = {"postgres": 1, "objects": 2, "prefect": 3, "mlflow": 4}
    found = composed.services(VALUES, ports)
    assert [*found] == ["postgres", "objects", "buckets", "prefect", "mlflow", "worker"]
    assert found["mlflow"].command == (
        sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", "--port=4", "--workers=1",
        "--serve-artifacts", "--artifacts-destination=s3://mlflow",
        "--allowed-hosts=127.0.0.1:4,127.0.0.1:4,127.0.0.1:4",
    )  # fmt: skip
    assert found["mlflow"].env["MLFLOW_BACKEND_STORE_URI"].endswith("@127.0.0.1:1/mlflow")
    assert found["worker"].env["PREFECT_API_URL"] == "http://127.0.0.1:3/api"
    assert found["worker"].command[:3] == (sys.executable, "-m", "flows.serve")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Give a folder that PostgreSQL, which is nobody, may enter."""
    folder = Path(tempfile.mkdtemp(prefix="faircompress-services-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def free_ports() -> dict[str, int]:
    return {name: free_port() for name in PORTS}


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    ports = free_ports()
    keys = {"POSTGRES_PASSWORD": WILD, "S3_SECRET_KEY": WILD, "S3_ACCESS_KEY": "a key"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("PYTHONPATH", f"{ROOT / 'src'}{os.pathsep}{ROOT}")
        (place / "one").mkdir()
        (place / "one/secrets.json").write_text(json.dumps(keys))
        with Running(place / "one", ports) as services:
            yield services


@needs_postgres
def test_all_services_start_with_a_wild_password_and_the_worker_is_served(running: Running) -> None:
    assert {*running.processes} == {"postgres", "objects", "prefect", "mlflow", "worker"}
    log = running.folder / "worker.log"
    while "Runs by the clock" not in log.read_text():
        assert running.processes["worker"].poll() is None, log.read_text()
    api = f"{running.address('prefect')}/api/deployments/filter"
    ask = urllib.request.Request(api, b"{}", {"Content-Type": "application/json"})
    while not (found := json.load(urllib.request.urlopen(ask))):
        assert running.processes["worker"].poll() is None, log.read_text()
    assert "retrain" in found[0]["entrypoint"]
    secrets = [f for f in running.folder.glob("*.log") if WILD in f.read_text(errors="replace")]
    assert secrets == []


def an_artifact(address: str, text: str) -> str:
    """Log a run with a file through MLflow's server; return its id."""
    from mlflow.tracking import MlflowClient

    mlflow = MlflowClient(address)
    run = mlflow.create_run("0").info.run_id
    mlflow.log_text(run, text, "notes/ä b.txt")
    mlflow.set_terminated(run)
    return str(run)


def its_text(address: str, run: str, into: Path) -> str:
    from mlflow.tracking import MlflowClient

    return Path(MlflowClient(address).download_artifacts(run, "notes/ä b.txt", into)).read_text()


@needs_postgres
def test_a_backup_comes_back_into_empty_servers(
    running: Running, place: Path, tmp_path: Path
) -> None:
    run = an_artifact(running.address("mlflow"), "what was kept")
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "state").mkdir(parents=True)
    (old / "state/ledger.jsonl").write_text("a look\n")
    stores = Stores("services", running.folder, running.ports)
    backup(stores, old, tmp_path / "kept")
    with pytest.raises(StateError, match="database mlflow has .* tables"):
        restore(stores, new, tmp_path / "kept")
    ports = free_ports()
    with Running(place / "two", ports, ["postgres", "objects", "buckets"]) as empty:
        restore(Stores("services", empty.folder, ports), new, tmp_path / "kept")
        empty.only = tuple(PORTS)
        empty.start("mlflow")
        assert its_text(empty.address("mlflow"), run, tmp_path) == "what was kept"
        empty.kill("objects")  # the S3 store's memory is gone, its folder is not
        empty.start("objects")
        assert its_text(empty.address("mlflow"), run, new) == "what was kept"
    assert (new / "state/ledger.jsonl").read_text() == "a look\n"


def test_a_backup_that_was_changed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.dump").write_text("x")
    (tmp_path / "manifest.json").write_text(json.dumps({"mlflow.dump": "0" * 64}))
    with pytest.raises(InputError, match=r"mlflow\.dump is missing or was changed"):
        checked(tmp_path)


def newest_revision() -> str:
    found = databases.of_mlflow(Path("mlflow.db"))
    return databases.newest(found.migrations)


@needs_postgres
def test_a_database_of_an_older_mlflow_is_migrated_and_moves_to_a_newer_postgres(
    place: Path, tmp_path: Path
) -> None:
    from alembic import command
    from mlflow.store.db.utils import InitialBase, _get_alembic_config
    from sqlalchemy import create_engine, text

    ports = free_ports()
    oldest = min(n for n in postgres.installed() if n >= 13)
    with Running(place / "old", ports, ["postgres"], major=oldest) as old:
        env = old.services["mlflow"].env
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPASSWORD", env["PGPASSWORD"])
            uri = env["MLFLOW_BACKEND_STORE_URI"]
            engine = create_engine(uri)
            InitialBase.metadata.create_all(engine)
            command.upgrade(_get_alembic_config(uri), "f5a4f2784254")  # MLflow 2.13
            with engine.begin() as opened:
                opened.execute(text("INSERT INTO experiments (name, lifecycle_stage) VALUES "
                                    "('of old', 'active')"))  # fmt: skip
            engine.dispose()
        stores = Stores("services", old.folder, ports, oldest)
        stores.migrate("mlflow")
        stores.dump("mlflow", tmp_path / "mlflow.dump")
    newest, ports = max(postgres.installed()), free_ports()
    with Running(place / "new", ports, ["postgres"], major=newest) as new:
        Stores("services", new.folder, ports, newest).fill("mlflow", tmp_path / "mlflow.dump")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPASSWORD", new.services["mlflow"].env["PGPASSWORD"])
            engine = create_engine(new.services["mlflow"].env["MLFLOW_BACKEND_STORE_URI"])
            with engine.begin() as opened:
                names = [row[0] for row in opened.execute(text("SELECT name FROM experiments"))]
                found = opened.execute(text("SELECT version_num FROM alembic_version")).scalar()
            engine.dispose()
    assert found == newest_revision()
    assert "of old" in names and newest > oldest
