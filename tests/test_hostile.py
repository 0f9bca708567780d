"""A few of the hostile inputs of `make fuzz`: each works, or is refused in a sentence."""

import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import fuzz  # noqa: E402

CASES = {"audits": 10, "ONNX": 15, "params": 15}


@pytest.mark.parametrize("name", fuzz.READERS)
def test_a_hostile_input_works_or_is_refused_in_a_sentence(name: str) -> None:
    counts = fuzz.feed(name, CASES.get(name, 30), number=1)
    assert counts["faults"] == []
    assert counts["worked"] + counts["refused"] == counts["cases"] > 0
