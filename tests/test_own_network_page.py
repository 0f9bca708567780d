"""The page on one's own network is run as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

import faircompress


@pytest.mark.docs
@pytest.mark.usefixtures("in_empty_folder")
def test_the_page_on_ones_own_network_runs() -> None:
    torch.manual_seed(0)
    text = (ROOT / "docs/own-network.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    space: dict[str, Any] = {}
    for block in blocks:
        exec(block, space)  # our own page
    assert len(blocks) == 5
    parameters = [sum(p.numel() for p in space[name].parameters()) for name in ("model", "pruned")]
    assert parameters[1] < parameters[0] / 2
    assert Path("pruned.onnx").stat().st_size < 4 * parameters[0]
    assert sorted(space["frame"].by_group.columns) == ["auroc", "true_positive_rate"]
    assert callable(faircompress.export)
