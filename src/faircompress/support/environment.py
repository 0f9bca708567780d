"""What every process of the pipeline is told: no telemetry, room to start, no endless waiting."""

import os
import sys
import tempfile
from pathlib import Path

QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "9",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PREFECT_API_REQUEST_TIMEOUT": "7",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def configure() -> None:
    """Set what the user has not set, find our commands first, and see that there is a home."""
    # jsonschema, which Prefect and Great Expectations import, makes a grammar of it for 1 s; it
    # comes with Jupyter and checks the format `iri`, which no schema here has
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # not to be imported
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", "")
    if "PREFECT_HOME" not in os.environ:
        _see_to_a_home()


def _see_to_a_home() -> None:
    """Where the home cannot be written, tell libraries to keep their files elsewhere."""
    try:
        home = Path.home()
        there = next(folder for folder in (home, *home.parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            return
    except (OSError, RuntimeError) as error:  # the latter: no such user
        trouble = str(error)
    aside = Path(tempfile.gettempdir()) / f"faircompress-{os.getuid()}"
    aside.mkdir(mode=0o700, exist_ok=True)
    if aside.is_symlink() or aside.stat().st_uid != os.getuid():
        aside = Path(tempfile.mkdtemp(prefix="faircompress-"))
    print(
        f"The home folder cannot be written ({trouble}): Prefect and others keep their files in "
        f"{aside}. Set HOME or PREFECT_HOME for another place.",
        file=sys.stderr,
    )
    if not Path(os.environ.get("HOME", "")).is_dir():  # nor is there anything to be read
        os.environ["HOME"] = str(aside)
    for name in ("PREFECT_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME"):
        os.environ.setdefault(name, str(aside / name.lower()))
    profiles = Path(os.environ["HOME"]) / ".prefect" / "profiles.toml"
    if profiles.is_file():
        os.environ.setdefault("PREFECT_PROFILES_PATH", str(profiles))
