"""Arguments of the audit from Python: what is of another type is refused, and never passed over."""

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

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
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
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
