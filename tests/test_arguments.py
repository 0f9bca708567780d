"""Arguments of the audit from Python: what is of another type is refused, and never passed over."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import faircompress

ROWS = 400
ODD: list[Any] = [
    None, [], "", " ", 0, 3.5, {}, {"a": 1}, [None], [1], [{}], True, float("nan"), (), object(),
    "nope", ["nope"], np.array([]), pd.Series([1, 2]), np.zeros((3, 2)), b"x", {"sex": ["f", "m"]},
]  # fmt: skip
COLUMNS = ("cluster", "weight", "id", "split")


def table() -> pd.DataFrame:
    """Return rows of two models that say the same, with people and ids."""
    rng = np.random.default_rng(3)
    y = np.tile([0, 1], ROWS // 2)
    p = np.clip(0.2 + 0.6 * y + rng.normal(0, 0.15, ROWS), 0, 1)
    q = np.clip(p + rng.normal(0, 0.01, ROWS), 0, 1)
    sex = np.repeat(["f", "m"], ROWS // 2)
    return pd.DataFrame({"y": y, "sex": sex, "dense": p, "small": q, "row": np.arange(ROWS)})


GIVEN: dict[str, Any] = {
    "df": table(), "label": "y", "groups": ["sex"], "baseline": "dense", "candidate": "small",
    "rules": ["flips 0.5"],
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["df", *list(inspect.signature(faircompress.audit).parameters)[1:]]
)
def test_an_odd_argument_ends_in_a_verdict_or_an_error_that_a_user_can_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a ledger may be called "nope"
    for odd in ODD:
        try:
            faircompress.audit(**{**GIVEN, name: odd})
        except faircompress.FaircompressError as error:
            assert len(str(error)) > 20


@pytest.mark.parametrize("name", COLUMNS)
def test_an_empty_name_of_a_column_is_not_taken_for_none(name: str) -> None:
    more = {"id": "row"} if name == "split" else {}
    with pytest.raises(faircompress.FaircompressError):
        faircompress.audit(**{**GIVEN, **more, name: ""})


@pytest.mark.parametrize("ledger", ["", " ", 0, False, [], {}])
def test_a_ledger_that_is_no_path_is_not_taken_for_none(ledger: object) -> None:
    with pytest.raises(faircompress.FaircompressError, match="ledger is .* needed is the path"):
        faircompress.audit(**{**GIVEN, "ledger": ledger})


@pytest.mark.parametrize("name", ["intersections", "topping_up", "crosschecks"])
def test_a_word_is_no_flag(name: str) -> None:
    with pytest.raises(faircompress.FaircompressError, match=f"{name} is 'no'; needed is True or"):
        faircompress.audit(**{**GIVEN, name: "no"})


def test_numbers_and_names_of_numpy_and_pandas_are_taken() -> None:
    verdict = faircompress.audit(
        **{**GIVEN, "groups": pd.Index(["sex"]), "rules": np.array(["flips 0.5"])},
        threshold=np.float32(0.5), classes=np.array(["0", "1"]), intersections=np.bool_(False),
        absent=pd.Series([], dtype=str),
    )  # fmt: skip
    assert len(verdict.to_frame()) == 6  # all, f and m, of each class


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("baseline", 3, "baseline is 3; needed is the path of an ONNX file"),
        ("data", None, "data is None; needed is the path of a table"),
        ("image", ["image"], "image is of type list; needed is the name of a column"),
        ("validation", 0.5, "validation is 0.5; needed is the path of a table"),
        ("expect", ["f"], "expect is of type list; needed is groups by column"),
    ],
)
def test_the_audit_of_files_names_what_it_needs(name: str, value: object, needed: str) -> None:
    given: dict[str, Any] = {
        "baseline": "a.onnx", "candidate": "b.onnx", "data": "p.parquet", "label": "y",
        "groups": ["sex"], "rules": ["flips 0.1"],
    }  # fmt: skip
    with pytest.raises(faircompress.FaircompressError, match=needed):
        faircompress.audit_files(**{**given, name: value})


def network() -> nn.Module:
    """Return a small classifier."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["speedup", "lr", "sam", "min_channels", "epochs", "rounds", "round_to", "loss", "device"],
)
def test_what_no_network_can_be_pruned_by_is_named(name: str) -> None:
    pictures = [(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 0, 1]))]
    for odd in ("4x", [2], {}, b"cpu", np.zeros(2), object(), float("nan")):
        if name == "loss" and isinstance(odd, str):
            continue  # a name that no objective has
        given: dict[str, Any] = {"epochs": 0, "rounds": 1, name: odd}
        with pytest.raises(faircompress.FaircompressError, match=f"{name} is .* needed is"):
            faircompress.prune(network(), pictures, **given)


@pytest.mark.parametrize(
    ("name", "odd"),
    [("path", ""), ("path", 3), ("classes", "no,yes"), ("classes", 2), ("opset", 0)],
)
def test_what_no_file_can_be_written_by_is_named(name: str, odd: object, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "path": tmp_path / "a.onnx", "size": (8, 8), "classes": ["no", "yes"], "mean": [0.0] * 3,
        "std": [1.0] * 3,
    }  # fmt: skip
    with pytest.raises(faircompress.FaircompressError, match=f"{name} is .* needed is"):
        faircompress.export(network(), **{**given, name: odd})


def test_a_loss_of_no_finite_gamma_is_refused_and_not_nan_later() -> None:
    for given in ({"gamma": float("nan")}, {"min_weight": "0.3"}, {"corrected_targets": "no"}):
        with pytest.raises(faircompress.FaircompressError, match="needed is"):
            faircompress.PerformanceWeightedLoss(**given)


def test_a_champion_is_asked_for_by_the_folder_of_a_project(tmp_path: Path) -> None:
    with pytest.raises(faircompress.FaircompressError, match=r"params.yaml is missing"):
        faircompress.resolve_champion(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(faircompress.FaircompressError, match="is a file; needed is the project's"):
        faircompress.resolve_champion(tmp_path / "file")
    with pytest.raises(faircompress.FaircompressError, match="project is ''; needed is the folder"):
        faircompress.resolve_champion("")
