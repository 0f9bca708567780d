"""Whether a server answers, in bounded time."""

import http.client
import urllib.error
import urllib.request

from faircompress.support.errors import StateError

PATIENCE = 7.0  # seconds for one answer


class StoreFailed(StateError):
    """What MLflow writes to does not answer, or cannot be written; says why and what to do."""


def require_mlflow(uri: str) -> None:
    """Raise unless an MLflow server answers; an address of anything else is let be.

    Raises:
        StoreFailed: If it does not.
    """
    if uri.startswith("http") and (why := trouble(f"{uri.rstrip('/')}/health")):
        raise no_answer(uri, why)


def no_answer(uri: str, why: str) -> StoreFailed:
    """Return the error to raise where an MLflow server does not answer."""
    return StoreFailed(
        f"MLflow at {uri} does not answer as it should ({why}). Nothing that was computed is lost: "
        "run again when it does."
    )


def trouble(url: str, patience: float = PATIENCE) -> str | None:
    """Return why nobody answers at an address, or only to say that he is ill; else None."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as answer:
            answer.read(100)
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code} {error.reason}" if error.code >= 500 else None
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return None


def is_up(url: str) -> bool:
    """Tell whether a server that was away is back."""
    return trouble(url, patience=2) is None
