"""Stage ``code``: has the code that a stage stands on changed since the last run?"""

from pathlib import Path

from faircompress.config.code_keys import stage_keys
from faircompress.config.params import Params


def code(params: Params, artifacts: Path) -> dict[str, str]:
    """Return one key a stage; ``dvc.yaml`` has each stage depend on its own."""
    return stage_keys(params)
