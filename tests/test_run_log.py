"""An error of ours ends a run at the server in a sentence; of a bug the traceback stays."""

import logging
from collections.abc import Iterator

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.engine import handle_engine_signals
from prefect.flow_engine import run_flow
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings

from faircompress.orchestration.run_log import errors_in_words
from faircompress.support.errors import InputError
from flows import compress

ERRORS = {
    "fail": compress.GateFailed("Fail: harm is confirmed."),
    "open": compress.Undecided("Inconclusive: 90 more pictures would do."),
    "error": InputError("params.yaml has no name"),
    "bug": KeyError("a bug"),
}


@pytest.fixture
def server(prefect_server: dict[str, str]) -> Iterator[None]:
    """Let this process talk to the server of the tests."""
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield


@pytest.mark.parametrize(
    ("what", "state", "traced"),
    [
        ("fail", "GateFailed", False),
        ("open", "NeedsReview", False),
        ("error", "Failed", False),
        ("bug", "Failed", True),
    ],
)
def test_a_run_that_a_worker_began_ends_in_words_unless_it_is_a_bug(
    what: str, state: str, traced: bool, server: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="prefect.flow_runs")
    error = ERRORS[what]

    @flow
    def chain() -> object:
        errors_in_words()
        if isinstance(error, compress.GateFailed | compress.Undecided):
            return compress.state_of(error)
        raise error

    with get_client(sync_client=True) as client:
        run = client.create_flow_run(chain)
        with pytest.raises(SystemExit), handle_engine_signals(run.id):  # as a worker's process does
            run_flow(chain, flow_run=run, error_logger=flow_run_logger(run))  # type: ignore[arg-type]
        ended = client.read_flow_run(run.id).state
    assert ended and ended.name == state and str(error) in str(ended.message)
    assert str(error) in caplog.text and ("Traceback" in caplog.text) == traced
