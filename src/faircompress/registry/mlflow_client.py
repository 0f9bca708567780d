"""MLflow's client, whose silence is told in words and in bounded time."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from faircompress.support import databases, files, servers
from faircompress.support.servers import StoreFailed

NO_ANSWER = {  # codes of MLflow that speak of the store, not of what was asked
    "INTERNAL_ERROR", "IO_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED",
    "DEADLINE_EXCEEDED", "PERMISSION_DENIED", "UNAUTHENTICATED", "ENDPOINT_NOT_FOUND",
    "NOT_IMPLEMENTED",
}  # fmt: skip


class Client:
    """MLflow's client, whose failures to answer are told in words, the second time at once."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.trouble: StoreFailed | None = None
        with self.answering():
            self.client = MlflowClient(uri)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        @functools.wraps(method)
        def call(*given: Any, **named: Any) -> Any:
            with self.answering():
                return method(*given, **named)

        return call

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turn what MLflow raises where it gets no answer into ``StoreFailed``."""
        if self.trouble and not servers.is_up(f"{self.uri}/health"):
            raise self.trouble
        self.trouble = None
        try:
            yield
        except (MlflowException, OSError) as error:
            if isinstance(error, FileNotFoundError) or _is_about_the_request(error):
                raise
            failed = _failure(self.uri, error)
            self.trouble = failed if self.uri.startswith("http") else None
            raise failed from error


def _is_about_the_request(error: Exception) -> bool:
    """Tell whether the store did answer: that something is missing, there already, or wrong."""
    return isinstance(error, MlflowException) and error.error_code not in NO_ANSWER


def _failure(uri: str, error: BaseException) -> StoreFailed:
    reason: BaseException = error
    while (deeper := reason.__cause__ or reason.__context__) is not None:
        reason = deeper
    why = " ".join(str(reason).split())[:300]
    if uri.startswith("http"):
        return servers.no_answer(uri, why)
    room = files.room(databases.sqlite_file(uri) or Path())
    return StoreFailed(
        f"MLflow's {uri}, or the files beside it, cannot be written ({why}; {room}). "
        "Nothing that was computed is lost: mend that and run again."
    )
