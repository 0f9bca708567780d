"""The extra ``onnx`` is enough to audit two files: torch is imported if it is there, not needed."""

import subprocess
import sys

import pytest
from foreign import pictures, table, write

CODE = """
import sys
sys.modules["torch"] = None  # as if it were not installed
import faircompress
verdict = faircompress.audit_files(
    "a.onnx", "a.onnx", "pictures.parquet", label="y", groups=["g"], id="id", scale=1 / 255,
    rules=["change accuracy 0.5"])
print(verdict.outcome)
"""


@pytest.mark.usefixtures("in_empty_folder")
def test_two_files_are_audited_without_torch() -> None:
    write("a.onnx")
    table(pictures())
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "pass", done.stderr
