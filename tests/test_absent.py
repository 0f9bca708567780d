"""Optional packages that cost seconds and give nothing are not imported."""

import subprocess
import sys

CODE = """
import sys
from faircompress.support import environment
from faircompress.support.absent import without

environment.configure()
with without("timm"):
    import torch_pruning
print("timm" in sys.modules)
import prefect
import timm
print(sys.modules["rfc3987_syntax"], timm.__name__)
"""


def test_timm_is_not_imported_for_torch_pruning_and_can_be_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == ["False", "None timm"], done.stderr
