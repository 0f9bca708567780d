"""A crash is told by the server, since the process that crashed cannot."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.server.utilities.user_templates import render_user_template_sync
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed, Failed, Late, Pending, Running
from receivers import http

from faircompress.config.operation import Receiver
from faircompress.orchestration import crash_watch
from faircompress.support.errors import InputError
from flows import serve

SOON = timedelta(seconds=10)  # no shorter time is watched by the server


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


def test_the_server_tells_of_a_crash_and_leaves_a_verdict_to_the_run(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    team = Receiver.model_validate({"when": ["crash"], "to": "webhook", "env": "TEAM"})
    planned = serve.deployment()
    with http() as (address, got), get_client(sync_client=True) as client:
        monkeypatch.setenv("TEAM", address)
        identity = planned.apply()
        for _ in range(2):  # served twice, told once
            assert crash_watch.watch(planned.name, identity, [team]) == []
        for state in (Failed(name="GateFailed"), Crashed(message="Its process is gone.")):
            run = client.create_flow_run_from_deployment(identity)
            client.set_flow_run_state(run.id, Running(), force=True)
            client.set_flow_run_state(run.id, state, force=True)
        for _ in range(240):
            if got:
                break
            time.sleep(0.25)
        time.sleep(1)
        server_has = client.read_automations_by_name(f"faircompress crash {planned.name}")
    assert len(server_has) == 1
    # the server's queue hands an event on until it is done with: it may tell one thing twice
    (message,) = {one["subject"]: one for one in got}.values()
    assert {one["text"] for one in got} == {message["text"]}
    assert message["subject"] == f"faircompress: {planned.name}: Crashed"
    assert run.name in message["text"] and "Its process is gone." in message["text"]


@pytest.mark.parametrize(("to", "channel"), [("slack", "&lt;!channel&gt;"), ("mail", "<!channel>")])
def test_what_the_server_tells_slack_of_a_crash_calls_nobody(to: str, channel: str) -> None:
    team = Receiver.model_validate({"when": ["crash"], "to": to, "env": "TEAM"})
    words = crash_watch.template(team, "It ended: {{ flow_run.state.message }}")
    given = {"flow_run": {"state": {"message": "<!channel>"}}}
    assert render_user_template_sync(words, given) == f"It ended: {channel}"


def test_deployments_of_a_work_pool_are_watched_by_their_names(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    planned = serve.deployment()
    planned.apply()
    assert crash_watch.watch_all([f"retrain/{planned.name}"], []) == []
    assert Automation.read(name=f"faircompress silent retrain {planned.name}").enabled
    with pytest.raises(InputError, match="has no deployment 'retrain/none'"):
        crash_watch.watch_all(["retrain/none"], [])


def test_looks_that_no_worker_takes_do_not_pile_up_and_a_retraining_waits(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    late, runs = Late(scheduled_time=datetime.now(UTC) - timedelta(days=2)), []
    with get_client(sync_client=True) as client:
        for name, parameters in (("chain", {}), ("look", {"polled": True})):
            planned = serve.deployment()
            planned.name, planned.parameters = f"{tmp_path.name}-{name}", parameters
            identity = planned.apply()
            for _ in range(2):  # watched twice, one automation
                assert crash_watch.watch_all([f"retrain/{planned.name}"], [], SOON) == []
            due = [client.create_flow_run_from_deployment(identity) for _ in range(3)]
            for run in due:
                client.set_flow_run_state(run.id, late)
            runs += due
        at_work = runs.pop()
        client.set_flow_run_state(at_work.id, Pending())  # a worker takes it, late as it is
        for _ in range(240):
            states = [client.read_flow_run(run.id).state for run in runs]
            if [one.name for one in states if one] == ["Late"] * 3 + ["Skipped"] * 2:
                break
            time.sleep(0.25)
        taken = client.read_flow_run(at_work.id).state
    assert [one.type.value for one in states if one] == ["SCHEDULED"] * 3 + ["CANCELLED"] * 2
    assert states[-1] and "the next one sees the same news" in str(states[-1].message)
    assert taken and taken.name == "Pending"


def test_who_cannot_be_told_is_named_and_nobody_needs_no_automation(
    server: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    planned = serve.deployment()
    team = Receiver.model_validate({"when": ["crash"], "to": "mail", "env": "NOT_SET_ANYWHERE"})
    (trouble,) = crash_watch.watch(planned.name, planned.apply(), [team])
    assert trouble.startswith("mail NOT_SET_ANYWHERE will not be told of crashes")
    with pytest.raises(ValueError):
        Automation.read(name=f"faircompress crash {planned.name}")
