"""Numbers as other tools spell them: 1.0 is 1, and digits that were rounded away are missed."""

import numpy as np
import pandas as pd
import pytest
from auditing import COLUMNS, TPR, audited, hair, run

from faircompress.auditing.rounding import slack

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ONE = f"faircompress audit first.csv {COLUMNS} {TPR}"
TWO = f"faircompress audit first.csv second.csv --id picture {COLUMNS} {TPR}"


def table() -> pd.DataFrame:
    return hair({"long": 90, "short": 80}, {"long": 90, "short": 80}).assign(
        hair=lambda t: (t["hair"] == "long").astype(int), who=lambda t: t["picture"] // 2, w=1
    )


@pytest.mark.parametrize("column", ["picture", "y", "hair", "who", "w"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_whole_numbers_of_two_tables_are_alike_with_and_without_decimals(
    column: str, form: str
) -> None:
    more = f"{TWO} --cluster who --weight w".replace("second.csv", f"second.{form}")
    table().to_csv("first.csv", index=False)
    alike = table()
    getattr(alike, f"to_{form}")(f"second.{form}", index=False)
    before = audited(more)
    other = alike.astype({column: float}).iloc[::-1]
    getattr(other, f"to_{form}")(f"second.{form}", index=False)
    assert audited(more)["rules"] == before["rules"]


def test_one_table_with_both_spellings_has_one_group_and_one_class_of_a_number() -> None:
    cells = table()
    cells.to_csv("first.csv", index=False)
    before = audited(ONE)
    spelt = ["0", "0.0", "1", "1.00"]
    for column in ("y", "hair"):
        cells[column] = [spelt[2 * value + row % 2] for row, value in enumerate(cells[column])]
    cells.to_csv("first.csv", index=False)
    assert audited(ONE)["rules"] == before["rules"]
    assert audited(f"{ONE} --classes 0.0,1.0 --expect hair=1.0")["rules"] == before["rules"]


def test_ids_that_are_no_whole_numbers_keep_their_spelling() -> None:
    cells = table().assign(picture=[f"1.{row:03d}50" for row in range(240)])
    cells.to_csv("first.csv", index=False)
    cells.assign(picture=cells["picture"].str[:-1]).to_csv("second.csv", index=False)
    assert "second.csv lacks 240 rows" in run(TWO).err


def softmax(classes: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(classes)
    truth = np.tile(np.arange(classes), 60)
    logits = rng.normal(0, 1, (len(truth), classes))
    logits[np.arange(len(truth)), truth] += 4
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return pd.DataFrame({"y": truth, "hair": rng.choice(["long", "short"], len(truth))}), shares


def message(cells: pd.DataFrame, shares: np.ndarray) -> str:
    """Return the error of an audit of two equal models; without one that they are evaluated."""
    for k in range(shares.shape[1]):
        cells[f"d_{k}"] = cells[f"s_{k}"] = shares[:, k]
    cells.to_csv("p.csv", index=False)
    ended = run(
        "faircompress audit p.csv --label y --group hair --baseline 'd_*' --candidate 's_*' "
        "--metric accuracy --limit 0.4"
    )
    return ended.err if ended.code == 3 else "evaluated"


@pytest.mark.parametrize(
    ("classes", "digits"), [(2, 2), (3, 1), (3, 3), (10, 1), (10, 2), (10, 4), (40, 2), (40, 3)]
)
def test_probabilities_of_few_digits_are_evaluated(digits: int, classes: int) -> None:
    cells, shares = softmax(classes)
    assert message(cells, shares.round(digits)) == "evaluated"


def test_probabilities_of_8_bits_are_evaluated_though_they_stop_short_of_1() -> None:
    for classes in (3, 10):
        cells, shares = softmax(classes)
        levels = np.minimum(np.rint(shares * 256), 255) / 256
        assert np.abs(levels.sum(axis=1) - 1).max() > 0.0039
        assert message(cells, levels) == "evaluated"


@pytest.mark.parametrize("bits", [4, 5, 6, 7])
@pytest.mark.parametrize("classes", [3, 10])
def test_probabilities_of_fewer_bits_are_evaluated(bits: int, classes: int) -> None:
    cells, shares = softmax(classes)
    most = 2**bits - 1
    assert message(cells, np.rint(shares * most) / most) == "evaluated"


def test_probabilities_that_were_rounded_by_their_size_are_evaluated() -> None:
    cells, shares = softmax(10)
    cut = (shares.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)  # bfloat16
    assert np.abs(cut.sum(axis=1) - 1).max() > 0.002
    assert message(cells, cut.astype(float)) == "evaluated"
    assert "is this rounding? Write more digits" in message(cells, cut.astype(float) * 0.96875)


def test_sums_beyond_what_rounding_explains_are_told_as_rounding_or_as_no_softmax() -> None:
    cells, shares = softmax(10)
    assert "is this rounding? Write more digits" in message(cells, shares * 0.99)
    assert "Does the exported model end in a softmax?" in message(cells, shares * 0.8)
    assert "Does the exported model end in a softmax?" in message(cells, (shares > 0.01) * 1.0)
    cells, shares = softmax(40)
    assert "is this rounding? Write more digits" in message(cells, shares.round(1))


@pytest.mark.parametrize(
    ("values", "explained"),
    [
        ([[0.1, 0.4, 0.5]], 3 * 0.05),
        ([[0.12, 0.4, 0.48]], 3 * 0.005),
        ([[1 / 3, 1 / 3, 1 / 3], [0.2, 0.3, 0.5]], 0.0),
        ([[0.0, 1.0, 0.0]], 3 * 0.05),
        ([[0.0, 255 / 256], [255 / 256, 0.0]], 2 / 256),  # 8 bits, of a network that is sure
    ],
)
def test_what_rounding_explains_is_classes_times_half_the_last_digit(
    values: list[list[float]], explained: float
) -> None:
    assert slack(np.array(values)) == pytest.approx(explained, rel=0.051)
