"""The extra ``onnx`` is enough to audit two files: torch is imported if it is there, not needed."""

import subprocess
import sys

import pytest
from foreign import pictures, table, write

CODE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Absent())
import faircompress
verdict = faircompress.audit_files(
    "a.onnx", "a.onnx", "pictures.parquet", label="y", groups=["g"], id="id", scale=1 / 255,
    rules=["change accuracy 0.5"])
print(verdict.outcome, "torch" in sys.modules)
"""


@pytest.mark.usefixtures("in_empty_folder")
def test_two_files_are_audited_without_torch() -> None:
    write("a.onnx")
    table(pictures())
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "inconclusive False", done.stderr  # of so few rows
