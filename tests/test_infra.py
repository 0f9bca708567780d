"""Servers, schedule and their page: safe as they stand, and nothing in them that is not there."""

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo
from typer.main import get_command

from faircompress.cli.main import app
from faircompress.support import environment
from infra import composed, services

ROOT = Path(__file__).parents[1]
INFRA = ROOT / "infra"
PAGE = (ROOT / "docs" / "operation.md").read_text("utf-8")
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = ("postgres", "objects", "prefect", "mlflow")
OURS = [name for name, service in SERVICES.items() if "build" in service]
TELEMETRY = {
    "DO_NOT_TRACK",
    "DVC_NO_ANALYTICS",
    "GX_ANALYTICS_ENABLED",
    "MLFLOW_DISABLE_TELEMETRY",
    "PREFECT_SERVER_ANALYTICS_ENABLED",
}


def test_every_port_is_published_on_the_loopback_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert not any(service.get("network_mode") for service in SERVICES.values())


def test_the_database_and_the_object_store_are_not_published_at_all() -> None:
    assert "ports" not in SERVICES["postgres"] and "ports" not in SERVICES["objects"]


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_to_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.match(r"\d+\.\d+", tag)


def test_the_images_we_build_start_from_a_pinned_one() -> None:
    bases = re.findall(r"^FROM (\S+)", (INFRA / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert [b for b in bases if ":" in b] == ["python:3.11.14-slim-bookworm"]
    assert {b for b in bases if ":" not in b} == {"base"}


def test_no_secret_has_a_default_and_a_missing_one_is_explained() -> None:
    text = (INFRA / "compose.yaml").read_text("utf-8")
    for name in ("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        assert f"${{{name}:?set it in infra/.env" in text
        assert not re.search(rf"\${{{name}:?-", text)
    given = re.findall(r"^(\w+)=(.*)$", (INFRA / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert given and all(value == "" for _, value in given)


def test_the_example_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\${(\w+)", (INFRA / "compose.yaml").read_text("utf-8")))
    named = set(re.findall(r"^#?(\w+)=", (INFRA / ".env.example").read_text("utf-8"), re.MULTILINE))
    assert asked == named


def test_git_ignores_the_file_with_the_passwords() -> None:
    assert ".env" in (INFRA / ".gitignore").read_text("utf-8").split()


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_watched_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_nobody_starts_before_what_he_depends_on_is_ready() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            ready = "service_healthy" if other in SERVERS else "service_completed_successfully"
            assert how["condition"] == ready, (name, other)
    assert set(SERVICES["worker"]["depends_on"]) == {"prefect", "mlflow", "buckets"}


@pytest.mark.parametrize("name", OURS)
def test_telemetry_is_off_in_every_container_of_ours(name: str) -> None:
    said = SERVICES[name]["environment"]
    assert {key: said[key] for key in TELEMETRY} == {
        key: environment.QUIET[key] for key in TELEMETRY
    }


def test_the_gates_key_is_a_secret_of_the_worker_alone() -> None:
    given = {name: s["secrets"] for name, s in SERVICES.items() if "secrets" in s}
    assert given == {"worker": ["gate_key", "known_keys"]}
    assert COMPOSE["secrets"]["gate_key"] == {"file": "${GATE_KEY:-/dev/null}"}
    named = {n for n, s in SERVICES.items() if "FAIRCOMPRESS_GATE_KEY" in s.get("environment", {})}
    assert named == {"worker"}


def test_without_containers_the_worker_has_the_key_and_no_server_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FAIRCOMPRESS_GATE_KEY", "FAIRCOMPRESS_KEY_PASSPHRASE", "FAIRCOMPRESS_KNOWN_KEYS"):
        monkeypatch.delenv(name, raising=False)
    filled = dict.fromkeys(services.INVENTED, "x")
    bare = composed.services(services.values_of(tmp_path) | filled)
    assert not [name for one in bare.values() for name in one.env if "FAIRCOMPRESS" in name]
    monkeypatch.setenv("FAIRCOMPRESS_GATE_KEY", "/srv/gate-paris.pem")
    signing = composed.services(services.values_of(tmp_path) | filled)
    keys = {name: one.env.get("FAIRCOMPRESS_GATE_KEY") for name, one in signing.items()}
    assert keys == dict.fromkeys(keys) | {"worker": "/srv/gate-paris.pem"}


def test_the_seaweed_store_is_not_told_to_report_home() -> None:
    assert not any("telemetry" in word for word in SERVICES["objects"]["command"])


def test_the_volumes_that_are_mounted_are_declared_and_the_files_are_there() -> None:
    mounts = [m for service in SERVICES.values() for m in service.get("volumes", [])]
    sources = [m.rpartition(":/")[0] for m in mounts if not m.startswith("${")]
    named = {s for s in sources if not s.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    assert all((INFRA / s).is_file() for s in sources if s.startswith("."))


def test_the_gpu_file_only_adds_to_the_worker() -> None:
    extra = yaml.safe_load((INFRA / "compose.gpu.yaml").read_text("utf-8"))["services"]
    assert set(extra) == {"worker"}
    devices = extra["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


def test_no_file_of_ours_names_a_package_registry() -> None:
    files = [f for f in INFRA.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    for path in [*files, ROOT / "docs" / "operation.md"]:
        assert not re.search(r"pypi|index-url|registry\.npm|ghcr\.io", path.read_text("utf-8"))


@pytest.fixture(scope="module")
def schedule() -> Any:
    environment.configure()
    from flows import serve

    return serve


def test_the_schedule_has_the_hour_the_zone_and_one_run_at_a_time(schedule: Any) -> None:
    planned = schedule.deployment("30 4 * * 1", "Europe/Paris")
    when = planned.schedules[0].schedule
    assert (when.cron, when.timezone) == ("30 4 * * 1", "Europe/Paris")
    assert planned.concurrency_limit == 1
    assert planned.name.startswith(f"{Path.cwd().name}-")


def test_new_data_starts_a_run_too(schedule: Any) -> None:
    assert schedule.deployment().triggers[0].expect == {"dataset.updated"}


@pytest.mark.parametrize(("cron", "zone"), [("61 3 * * *", "UTC"), ("0 3 * * *", "Mars/Base")])
def test_a_time_that_does_not_exist_is_refused(schedule: Any, cron: str, zone: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cron if zone == "UTC" else zone)):
        schedule.deployment(cron, zone)


def test_without_a_server_one_is_told_how_to_start_it(schedule: Any) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(schedule.NoServer, match="prefect server start"),
    ):
        schedule.serve_schedule()


def test_a_server_that_does_not_answer_is_named(schedule: Any) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(schedule.NoServer, match="127.0.0.1:9"),
    ):
        schedule.serve_schedule()


def test_the_work_pool_file_serves_the_same_flow(schedule: Any) -> None:
    from flows import retrain

    both = yaml.safe_load((INFRA / "prefect.yaml").read_text("utf-8"))["deployments"]
    for one in both:
        path, name = one["entrypoint"].split(":")
        assert (ROOT / path).samefile(retrain.__file__) and hasattr(retrain, name)
    chain, look = both
    assert chain["schedules"][0]["cron"] == schedule.CRON
    assert chain["concurrency_limit"] == 1
    assert look["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert look["parameters"] == {"polled": True}
    assert look["schedules"][0]["interval"] == schedule.seconds(schedule.EVERY)


def test_results_travel_to_the_remote_and_back(tmp_path: Path) -> None:
    from faircompress.orchestration.remote import pull, push

    here = _workspace(tmp_path / "here", remote=None)
    assert not pull.fn(here)

    _workspace(here, remote=tmp_path / "store")
    with chdir(here):
        Repo().add("result")
    assert push.fn(here)
    (here / "result").write_text("spoilt")
    assert pull.fn(here)
    assert (here / "result").read_text() == "7"


def test_a_remote_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    from faircompress.orchestration.remote import RemoteFailed, push

    (tmp_path / "file").write_text("")
    here = _workspace(tmp_path / "here", remote=tmp_path / "file" / "store")
    with chdir(here):
        Repo().add("result")
    with pytest.raises(RemoteFailed, match="dvc push failed"):
        push.fn(here)


def test_what_dvc_says_of_each_file_is_counted_and_missing_keys_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faircompress.orchestration.remote import RemoteFailed, complaint, push

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    here = _workspace(tmp_path / "here", remote=Path("s3://bucket/path"))
    config = (here / ".dvc/config").read_text().replace("s3:/bucket", "s3://bucket")
    (here / ".dvc/config").write_text(f"{config}    endpointurl = http://127.0.0.1:9\n")
    with chdir(here):
        Repo().add("result")
    with pytest.raises(RemoteFailed, match=r"AWS_SECRET_ACCESS_KEY of the process that runs"):
        push.fn(here)
    each = "ERROR: failed to transfer '/a/cache/{}' - Unable to locate credentials\n"
    words = complaint("".join(each.format(n) for n in range(100_000)))
    assert words.startswith("100000 files were not transferred: Unable to locate credentials. ")
    assert len(words) < 600


def test_the_page_names_only_commands_that_exist() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    used = set(re.findall(r"`?\bfaircompress ([a-z]+)\b(?=[ `\n|,])", _code(PAGE)))
    assert used and used <= commands


def test_the_page_names_only_options_that_exist() -> None:
    for name, words in re.findall(r"faircompress ([a-z]+)((?: --[a-z]+ \S+)+)", PAGE):
        known = {o for p in get_command(app).commands[name].params for o in p.opts}  # type: ignore[attr-defined]
        assert set(re.findall(r"--[a-z]+", words)) <= known


def test_the_page_names_only_files_that_exist() -> None:
    named = set(re.findall(r"\b(?:infra|flows|src|docs)/[\w./]*\w", PAGE))
    made_by_hand = {"infra/.env"}
    assert named and not {n for n in named - made_by_hand if not (ROOT / n).exists()}


def _code(text: str) -> str:
    return "\n".join(
        re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`[^`\n]+`", text)
    )


def _workspace(folder: Path, remote: Path | None) -> Path:
    (folder / ".dvc").mkdir(parents=True, exist_ok=True)
    config = "[core]\n    no_scm = true\n    analytics = false\n"
    if remote:
        config += f"    remote = store\n['remote \"store\"']\n    url = {remote}\n"
    (folder / ".dvc" / "config").write_text(config)
    (folder / "result").write_text("7")
    return folder
