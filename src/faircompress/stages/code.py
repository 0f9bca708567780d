"""Stage ``code``: has the code that a stage stands on changed since the last run?"""

from pathlib import Path

from faircompress.config.code_keys import stage_keys
from faircompress.config.params import Params
from faircompress.export.kept_width import keep_width
from faircompress.support.files import write_json

# What the flow tells the gate, and plain DVC does not know.
UNTOLD = {
    "champion.json": {"champion": None, "original_champion": None},
    "look.json": {"looks": {}, "released": 0, "test": ""},
}


def code(params: Params, artifacts: Path) -> dict[str, str]:
    """Return one key a stage; ``dvc.yaml`` has each stage depend on its own.

    The gate's files of the flow are made if they are missing, so that plain DVC finds them, and
    so is the multiple of channels that the stage ``prune`` keeps.
    """
    keep_width(artifacts, params.prune.round_to, params.compute.device)
    for name, nothing in UNTOLD.items():
        if not (artifacts / name).exists():
            write_json(artifacts / name, nothing)
    return stage_keys(params)
