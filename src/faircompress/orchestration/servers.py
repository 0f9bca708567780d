"""Whether the Prefect server that was named answers."""

from prefect.settings import get_current_settings

from faircompress.support.errors import StateError
from faircompress.support.servers import trouble

START_ONE = (
    "Start one with: prefect server start\n"
    "and name it with: export PREFECT_API_URL=http://127.0.0.1:4200/api"
)


class NoServer(StateError):
    """A Prefect server is named and does not answer, or one is needed and none is named."""


def raise_unless_prefect_answers(*, named: bool = True) -> None:
    """Raise unless the Prefect server of ``PREFECT_API_URL`` answers.

    Args:
        named: Whether one must be named; else Prefect starts one for itself.

    Raises:
        NoServer: Saying how to start one.
    """
    url = get_current_settings().api.url
    if not url:
        if named:
            raise NoServer(f"no Prefect server is named by PREFECT_API_URL. {START_ONE}")
        return
    if why := trouble(f"{url}/health"):
        raise NoServer(
            f"no Prefect server answers at PREFECT_API_URL, which is {url} ({why}). {START_ONE}"
        )
