"""A look at data, code and params every so often; what is new, and stays so, starts a run.

It looks from the process that serves the schedule: a look without news is no flow run, and leaves
one line.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException

from faircompress.orchestration import news
from faircompress.orchestration.commits import head
from faircompress.orchestration.news import Inputs
from faircompress.support.errors import FaircompressError
from faircompress.support.locks import is_held

SETTLED = 60.0  # seconds in which what is new must not change: somebody may be copying files
TROUBLE = (FaircompressError, HTTPError, PrefectException, OSError, RuntimeError)


class Poll:
    """Looks for news until it is stopped.

    Args:
        project: Whose; the folder that is worked in.
        deployment: What to run, as ``flow/name``.
        busy: Lock of whoever retrains.
        every: Seconds between two looks.
    """

    def __init__(self, project: Path, deployment: str, busy: Path, every: float) -> None:
        self.project, self.deployment, self.busy, self.every = project, deployment, busy, every
        self.settled = min(every, SETTLED)
        self._seen: Inputs | None = None
        self._asked: UUID | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Look from now on, beside what this process does."""
        threading.Thread(target=self._look_on, args=(_say,), daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def look(self) -> str:
        """Look once, and start a run where something is new; return what to say, if anything.

        A run that is at work, or waits for its turn, will look itself: nothing is asked for.
        """
        if is_held(self.busy) or self._waits():
            return ""
        commit = head(self.project)
        inputs = news.inputs_of(self.project, commit)
        found = news.news(self.project, inputs)
        if not found:
            self._seen = None
            return news.nothing_new(self.project)
        retries = news.params_at(self.project, commit).run.retries
        if why := news.given_up(self.project, inputs, retries):
            return f"New: {', '.join(found)}; but {why}."
        if self._seen != inputs:
            self._seen = inputs
            return f"New: {', '.join(found)}. If it stays so for {self.settled:g} s, a run starts."
        run: Any = run_deployment(
            self.deployment, parameters={"polled": True}, timeout=0, as_subflow=False
        )
        self._asked = run.id
        return f"New: {', '.join(found)}. A run starts."

    def _waits(self) -> bool:
        """Tell whether the run that was asked for has not ended."""
        if self._asked is None:
            return False
        with get_client(sync_client=True) as client:
            try:
                state = client.read_flow_run(self._asked).state
            except ObjectNotFound:
                state = None
        if state and not state.is_final():
            return True
        self._asked = None
        return False

    def _look_on(self, say: Callable[[str], None]) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            before = self._seen
            try:
                words = self.look()
            except TROUBLE as error:
                words = f"The look for news failed: {error}"
            if words:
                say(words)
            pause = self.settled if self._seen != before else self.every


def _say(words: str) -> None:
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {words}", flush=True)
