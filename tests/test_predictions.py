"""What may come before the judge, and what may not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faircompress.data.predictions import Predictions, check, check_pair, load, save


@pytest.fixture
def three() -> Predictions:
    """Three pictures of two people."""
    return Predictions(
        ids=np.array(["a", "b", "c"]),
        labels=np.array([0, 1, 1]),
        probabilities=np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]]),
        groups={"hair": np.array(["short", "long", "long"])},
        identities=np.array(["ann", "bob", "bob"]),
        weights=np.array([1.0, 0.5, 2.0]),
        classes=("dark", "blond"),
        model="m1",
        data="d1",
    )


@pytest.mark.parametrize("identities", [True, False])
def test_what_is_saved_is_what_is_loaded(
    three: Predictions, tmp_path: Path, identities: bool
) -> None:
    written = three if identities else replace(three, identities=None)
    save(written, tmp_path / "p.parquet")
    check_pair(written, load(tmp_path / "p.parquet"))
    assert load(tmp_path / "p.parquet").model == "m1"
    assert np.array_equal(load(tmp_path / "p.parquet").probabilities, three.probabilities)


def test_columns_and_facts_are_where_others_look_for_them(
    three: Predictions, tmp_path: Path
) -> None:
    save(three, tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    names = ["id", "label", "identity", "weight", "group:hair", "p:0", "p:1"]
    assert table.column_names == names
    assert table.schema.metadata[b"faircompress"].startswith(b'{"classes": ["dark", "blond"]')


def test_nothing_is_written_when_predictions_are_unfit(three: Predictions, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ids"):
        save(replace(three, ids=np.array(["a", "a", "c"])), tmp_path / "p.parquet")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"probabilities": np.array([[0.5, np.nan], [0.5, 0.5], [0, 1]])}, "NaN in 1 rows"),
        ({"probabilities": np.array([[1.5, -0.5], [0.5, 0.5], [0, 1]])}, "outside 0-1 in 1 rows"),
        ({"probabilities": np.array([[0.5, 0.4], [0.5, 0.5], [0, 1]])}, "not summing to 1"),
        ({"probabilities": np.full((3, 3), 1 / 3)}, r"shape \(3, 3\)"),
        ({"ids": np.array(["a", "b", "b"])}, "'b'; ids must be unique"),
        ({"labels": np.array([0, 1, 2])}, r"labels must be integers in \[0, 2\)"),
        ({"labels": np.array([0.0, 1.0, 1.0])}, "labels must be integers"),
        ({"weights": np.array([1.0, 0.0, 1.0])}, "finite and from 1e-100"),
        ({"weights": np.array([1.0, 1e-300, 1.0])}, "finite and from 1e-100"),
        ({"weights": np.array([1.0, np.nan, 1.0])}, "finite and from 1e-100"),
        ({"weights": np.array([1.0, 1e200, 1.0])}, r"from 1 to 1e\+200"),
        ({"groups": {"hair": np.array(["short", "", "long"])}}, "'hair' is empty"),
        ({"groups": {"label": np.array(["dark", "dark", "blond"])}}, "class names"),
        ({"classes": ("dark", "dark")}, "all different"),
        ({"identities": np.array(["ann"])}, "identities has shape"),
    ],
)
def test_unfit_predictions_are_refused(
    three: Predictions, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        check(replace(three, **change))  # type: ignore[arg-type]


def test_no_rows_are_refused(three: Predictions) -> None:
    empty = {k: getattr(three, k)[:0] for k in ("ids", "labels", "probabilities", "weights")}
    with pytest.raises(ValueError, match="no row"):
        check(replace(three, groups={}, identities=None, **empty))


def test_a_sum_off_by_less_than_a_thousandth_is_rounding(three: Predictions) -> None:
    check(replace(three, probabilities=three.probabilities * 0.9995))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ids": np.array(["a", "c", "b"])}, "ids differ in 2 rows, first in 'b'"),
        ({"labels": np.array([1, 1, 1])}, "labels differ in 1 rows, first in 'a'"),
        ({"groups": {"hair": np.array(["long"] * 3)}}, "groups 'hair' differ"),
        ({"groups": {}}, "group columns differ"),
        ({"data": "d2"}, "data differ: dense d1, pruned d2"),
        ({"identities": None}, "identities: dense has 3 rows, pruned 0"),
        ({"weights": np.ones(3)}, "weights differ in 2 rows"),
        ({"probabilities": np.full((3, 2), 0.5)}, "one and the same file"),
    ],
)
def test_predictions_on_other_rows_are_refused(
    three: Predictions, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_pair(three, replace(three, **change))  # type: ignore[arg-type]


def test_a_missing_file_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none.parquet cannot be read"):
        load(tmp_path / "none.parquet")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="other.parquet is no file of predictions: it lacks"):
        load(tmp_path / "other.parquet")
