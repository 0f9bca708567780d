"""A network of the user's own is the dense model of the chain, as it comes."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT, Project, new_project
from finished_runs import Finished

from faircompress.config import params
from faircompress.config.brought_names import stands_on
from faircompress.networks import network

CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.maps = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.InstanceNorm2d(16, affine=True), nn.PReLU(16),
            nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        )
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return {"score": self.head(self.maps(x).mean((2, 3)))}
"""
MODEL = "nets.mine:Net"
OWN = {"model": MODEL, "from": "weights.pt", "epochs": 0, "mean": [0.5] * 3, "std": [0.2] * 3}


@pytest.fixture(scope="module")
def project(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project with a network of its own, whose data were validated."""
    project = new_project(tmp_path_factory.mktemp("own"))
    validated, artifacts = finished[0].folder / "artifacts", project.folder / "artifacts"
    shutil.copytree(validated / "validate", artifacts / "validate")
    (project.folder / "nets").mkdir()
    (project.folder / "nets/mine.py").write_text(CODE)
    space: dict[str, type[torch.nn.Module]] = {}
    exec(CODE, space)  # the test's own text
    torch.save(space["Net"]().state_dict(), project.folder / "weights.pt")
    project.set(train=OWN, prune={"epochs": 1})
    return project


def test_a_trained_network_of_ones_own_is_cut_and_exported(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in ("train", "prune", "export"):
        done = project.stage(stage)
        assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.chdir(project.folder)
    kept = network.load(Path("artifacts/train/model.pt"))
    wanted = torch.load("weights.pt", weights_only=True)
    assert all(torch.equal(kept.net.state_dict()[name], wanted[name]) for name in wanted)
    assert (kept.mean, kept.std) == ((0.5,) * 3, (0.2,) * 3)
    numbers = json.loads(Path("artifacts/prune.json").read_text())
    assert 3 <= numbers["speedup"] <= 3.3


def test_a_changed_file_of_the_network_is_noticed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    file = project.folder / "nets/mine.py"
    known = [stands_on(MODEL, "weights.pt")]
    for text in (CODE + "\n# a remark\n", CODE.replace("PReLU(16)", "PReLU()"), CODE):
        file.write_text(text)
        known.append(stands_on(MODEL, "weights.pt"))
    assert known[0] == known[1] == known[3] != known[2]
    assert stands_on("resnet18", None) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"epochs": 0}, "epochs is 0, so the network must come trained"),
     ({"from": "w.pt"}, "from needs mean and std, by which pictures"),
     ({"mean": [0, 0, 0]}, "mean and std belong together"),
     ({"from": "w.pt", "mean": [0, 0, 0], "std": [1, 0, 1]}, "needed are numbers above 0"),
     ({"from": "w.pt", "weights": "imagenet"}, "both say where it starts"),
     ({"model": "timm:"}, "is none of timm:NAME, hf:FOLDER and package.module:factory"),
     ({"model": "my nets:Net"}, "is none of timm:NAME"),
     ({"form": "w.pt"}, "train.form: unknown key. Did you mean 'from'?")],
)  # fmt: skip
def test_a_start_that_cannot_be_is_refused_in_params(changes: dict[str, object], why: str) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["train"] |= changes
    with pytest.raises(ValueError, match=why):
        params.check(raw)


def test_a_network_that_cannot_be_used_is_refused_by_params(project: Project) -> None:
    (project.folder / "nets/probable.py").write_text(
        CODE.replace('{"score": self', "self").replace("(2, 3)))}", "(2, 3))).sigmoid()")
    )
    command = (
        sys.executable,
        "-m",
        "faircompress",
        "params",
        "-S",
        "train.model=nets.probable:Net",
    )
    done = project.call(*command)
    assert done.returncode == 3
    assert "cannot be used on pictures of 48 x 48: looking at it: it ends in a sigmoid" in (
        " ".join(done.stderr.split())
    )
