"""Whose word lets a file out; and how Prefect asks a person for it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Project
from registered import moved, registered_as

from faircompress.registry import versions
from faircompress.registry.policy import Act, Decision, Grounds, NotPromoted, decide, may_go_out

Finished = tuple[Project, subprocess.CompletedProcess[str]]
OWN = {"workspace": "project"}
YES = {**OWN, "review": "approve", "reviewer": "Ann", "reason": "fine"}
NO = {**YES, "review": "reject", "reason": "harm"}
BOB = Grounds("Bob", "must")


@pytest.mark.parametrize(
    ("verdict", "tags", "override", "act", "by"),
    [
        ("pass", OWN, None, "promoted", Grounds("the gate", "it passed")),
        ("pass", NO, None, "rejected", Grounds("Ann", "harm")),
        ("inconclusive", YES, None, "approved", Grounds("Ann", "fine")),
        ("inconclusive", NO, None, "rejected", Grounds("Ann", "harm")),
        ("fail", NO, None, "rejected", Grounds("Ann", "harm")),
        ("fail", NO, BOB, "overridden", BOB),
        ("pass", {"workspace": "gate=lenient"}, BOB, "overridden", BOB),
    ],
)
def test_what_is_done_and_by_whose_word(
    verdict: str, tags: dict[str, str], override: Grounds | None, act: Act, by: Grounds
) -> None:
    assert decide("version 7", verdict, tags, override) == (act, by)


@pytest.mark.parametrize(
    ("verdict", "tags", "override", "why"),
    [
        ("fail", OWN, None, "version 7 failed, and no tag changes that"),
        ("fail", YES, None, "version 7 failed, and no tag changes that"),
        ("inconclusive", OWN, None, "waits for a person"),
        ("inconclusive", {**YES, "reason": " "}, None, "reason missing"),
        ("inconclusive", {**OWN, "review": "approve"}, None, "reviewer and reason missing"),
        (
            "inconclusive",
            {**YES, "review": "aprove"},
            None,
            "'aprove'; needed is approve",
        ),
        ("pass", {**YES, "workspace": "gate=lenient"}, None, "params of 'gate=lenient'"),
        ("fail", OWN, Grounds("", "must"), "reviewer missing; give --reviewer and --reason"),
    ],
)
def test_what_is_missing_is_named(
    verdict: str, tags: dict[str, str], override: Grounds | None, why: str
) -> None:
    with pytest.raises(NotPromoted, match=why):
        decide("version 7", verdict, tags, override)


def decided(act: Act, digest: str = "a1") -> list[Decision]:
    return [Decision("20260131T120000.000000Z", act, digest, "inconclusive", "Ann", "fine")]


@pytest.mark.parametrize(
    ("verdict", "acts", "own_params", "good"),
    [
        ("pass", [], True, True),
        ("pass", [], False, False),
        ("inconclusive", [], True, False),
        ("inconclusive", decided("approved"), True, True),
        ("inconclusive", decided("rejected"), True, False),
        ("inconclusive", decided("approved", "b2"), True, False),
        ("fail", decided("approved"), True, False),
        ("fail", decided("overridden"), False, True),
        ("fail", decided("overridden", "b2"), False, False),
    ],
)
def test_a_champion_needs_a_pass_or_a_word_about_this_very_file(
    verdict: str, acts: list[Decision], own_params: bool, good: bool
) -> None:
    assert may_go_out(verdict, "a1", acts, own_params=own_params) is good


def test_where_reviews_are_served_prefect_asks_and_the_answer_is_obeyed(
    finished: Finished, tmp_path: Path
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import StateType

    from faircompress.orchestration.clone import name_of

    where = moved(finished[0].folder, tmp_path)
    env = {**os.environ, **finished[0].env, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    server = subprocess.Popen([sys.executable, "-m", "flows.promote"], cwd=tmp_path, env=env)
    name = f"review/{name_of(tmp_path)}"
    try:
        with (
            temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}),
            get_client(sync_client=True) as client,
        ):
            wait(lambda: name in [f"review/{d.name}" for d in client.read_deployments()])
            registered_as(tmp_path, "inconclusive")
            (run,) = [r for r in client.read_flow_runs() if r.name == "version 2"]
            wait(lambda: client.read_flow_run(run.id).state_type == StateType.PAUSED)
            assert where.aliases() == {"champion": "1", "original_champion": "1", "challenger": "2"}
            answer = {"approve": True, "reviewer": "Ann", "reason": "few rows"}
            client.resume_flow_run(run.id, run_input=answer)
            wait(lambda: client.read_flow_run(run.id).state_type == StateType.COMPLETED)
            given = run.parameters | {"verdict": "0" * 64}  # asked before the one of today
            late = client.create_flow_run_from_deployment(run.deployment_id, parameters=given)
            wait(lambda: client.read_flow_run(late.id).state_type == StateType.FAILED)
            assert (
                "another verdict since this was asked"
                in client.read_flow_run(late.id).state.message
            )
    finally:
        server.terminate()
        server.wait()
    assert where.aliases() == {"champion": "2", "previous": "1", "original_champion": "1"}
    (kept,) = versions.decisions(where.store, where.find("2"))
    assert (kept.act, kept.reviewer, kept.reason) == ("approved", "Ann", "few rows")


def wait(true, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.5)
