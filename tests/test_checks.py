import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from faircompress.config.params import Checks
from faircompress.data.dataset import encode
from faircompress.data.ingest import ingest, normalize_rows
from faircompress.data.sources import SPLITS, RawData
from faircompress.validation.checks import Finding, UnfitData, inspect, refusal, unfit

AS_IS = {"resize": None, "crop": None, "resampler": "bilinear"}


def limits(**changed: object) -> Checks:
    usual = {"min_subgroup": 3, "absent_subgroups": [], "class_share": [0.2, 0.8]}
    usual |= {"quarantine": 0.0}
    return Checks.model_validate(usual | changed)


def clean() -> pd.DataFrame:
    """Three pictures in each of 2 labels x 2 groups x 3 splits, each of its own person."""
    cells = [(s, y, g) for s in SPLITS for y in (0, 1) for g in ("long", "short") for _ in range(3)]
    rows = pd.DataFrame(cells, columns=["split", "label", "hair"]).astype({"label": object})
    rows["id"] = [f"p{at:02d}" for at in range(len(rows))]
    rows["identity"] = [f"person-{at}" for at in range(len(rows))]
    rows["picture"] = [picture(at) for at in range(len(rows))]
    return rows.assign(weight=1.0)


def picture(seed: int, side: int = 8) -> bytes:
    return encode(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def look(rows: pd.DataFrame, folder: Path, how: dict = AS_IS, **changed: object) -> list[Finding]:
    pictures = rows["picture"].tolist()

    def read(at: int) -> bytes:
        if pictures[at] is None:
            raise FileNotFoundError(2, "No such file or directory")
        return pictures[at]

    groups = ("label",) if "hair" not in rows else ("hair",)
    raw = RawData(rows.drop(columns="picture"), ("dark", "blond"), groups, read)
    ingested = ingest(raw, normalize_rows(raw), how, folder / "data.parquet", keep=set())
    return inspect(ingested.rows, raw.classes, raw.groups, limits(**changed))[0]


def failed(findings: list[Finding]) -> dict[str, list[str]]:
    """Return the failed checks with the rows they name; findings must be plain JSON."""
    json.dumps([vars(finding) for finding in findings], allow_nan=False)
    return {finding.check: finding.rows for finding in findings if not finding.ok}


def test_a_clean_data_set_has_nothing_to_find(tmp_path: Path) -> None:
    assert failed(look(clean(), tmp_path)) == {}


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("picture", b"not a picture", "every picture can be read"),
        ("picture", picture(7)[:90], "every picture can be read"),
        ("picture", None, "every picture can be read"),
        ("picture", picture(7, side=9), "all pictures have one size"),
        ("label", None, "every row has a label"),
        ("label", 0.5, "every row has a label"),
        ("label", 7, "every label is known"),
        ("hair", None, "every row has a group in hair"),
        ("hair", "unknown", "every group in hair is known"),
        ("hair", " ", "every group in hair is known"),
        ("split", None, "every row has a split"),
        ("split", "dev", "every split is known"),
        ("weight", float("nan"), "every row has a weight"),
        ("weight", 0.0, "every weight is above 0 and finite"),
        ("weight", float("inf"), "every weight is above 0 and finite"),
        ("identity", None, "all rows have an identity, or none"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value.strip() else "",
)
def test_a_row_with_a_defect_is_refused_by_its_id(
    column: str, value: object, check: str, tmp_path: Path
) -> None:
    rows = clean().astype({"hair": object, "split": object})
    rows.at[7, column] = value
    findings = look(rows, tmp_path)
    assert failed(findings)[check] == ["p07"]
    assert check in [finding.check for finding in unfit(findings)]


def test_a_row_without_an_id_is_found_by_its_place(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "id"] = None
    assert failed(look(rows, tmp_path)) == {"every row has an id": ["row 7 of the source"]}


def test_two_rows_of_one_id_are_refused(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "id"] = "p08"
    assert failed(look(rows, tmp_path)) == {"no id stands twice": ["p08"]}


def test_a_picture_in_two_splits_is_a_leak_even_in_another_file_format(tmp_path: Path) -> None:
    rows = clean()
    buffer = io.BytesIO()
    Image.open(io.BytesIO(rows.at[0, "picture"])).save(buffer, "BMP")
    rows.at[24, "picture"] = buffer.getvalue()
    findings = look(rows, tmp_path)
    assert failed(findings) == {"no picture lies in two splits": ["p00", "p24"]}
    assert "p00 in train = p24 in test" in unfit(findings)[0].sentence


def test_a_picture_twice_in_a_split_is_a_warning(tmp_path: Path) -> None:
    rows = clean()
    rows.at[1, "picture"] = rows.at[0, "picture"]
    findings = look(rows, tmp_path)
    assert failed(findings) == {"no picture stands twice in a split": ["p00", "p01"]}
    assert not unfit(findings)
    refused = unfit(look(rows, tmp_path, duplicates="error"))
    assert [finding.check for finding in refused] == ["no picture stands twice in a split"]
    assert "set them aside by checks.duplicates: drop" in refused[0].sentence


def test_a_person_in_two_splits_is_refused(tmp_path: Path) -> None:
    rows = clean()
    rows.at[35, "identity"] = "person-0"
    findings = look(rows, tmp_path)
    assert failed(findings) == {"no person lies in two splits": ["p00", "p35"]}
    assert "person person-0: p00 in train, p35 in test" in unfit(findings)[0].sentence


def test_a_cell_that_is_too_small_is_refused_with_the_rows_it_has(tmp_path: Path) -> None:
    findings = look(clean().drop(index=0), tmp_path)
    assert failed(findings) == {"every expected subgroup has 3 pictures": ["p01", "p02"]}
    assert "train label=0 hair=long (dark) has 2" in unfit(findings)[0].sentence


@pytest.mark.parametrize(
    "spelt", ["train label=0 hair=long", "train label=dark hair=long", "train hair=long"]
)
def test_a_cell_that_is_said_to_be_absent_is_not_missed(spelt: str, tmp_path: Path) -> None:
    assert failed(look(clean().drop(index=[0, 1, 2]), tmp_path, absent_subgroups=[spelt])) == {}


@pytest.mark.parametrize(
    "spelt", ["label=dark hair=long", "label=0 hair=long", "hair=long & label=dark"]
)
def test_a_cell_that_no_split_has_is_told_once_and_one_entry_says_so(
    spelt: str, tmp_path: Path
) -> None:
    rows = clean()
    rows = rows[~((rows["label"] == 0) & (rows["hair"] == "long"))]
    told = unfit(look(rows, tmp_path))[0]
    assert told.count == 1
    assert "'hair=long & label=dark' has none in any split" in told.sentence
    assert "those that test lacks in gate.absent" in told.sentence
    wide = {"class_share": [0.0, 1.0], "absent_subgroups": [spelt]}
    assert failed(look(rows, tmp_path, **wide)) == {}


def test_an_absent_cell_that_is_no_cell_is_refused_with_the_one_meant(tmp_path: Path) -> None:
    findings = look(clean(), tmp_path, absent_subgroups=["train label=0 hair=lang"])
    assert "Did you mean 'train label=0 hair=long'?" in unfit(findings)[0].sentence


def test_where_classes_are_the_groups_cells_are_label_and_split(tmp_path: Path) -> None:
    rows = clean().drop(columns="hair")
    findings = look(rows.drop(index=range(30, 36)), tmp_path, absent_subgroups=["test label=1"])
    assert failed(findings) == {
        "every class is 0.2 to 0.8 of its split": []  # all of test is dark
    }


def test_a_class_out_of_balance_is_refused_with_its_share(tmp_path: Path) -> None:
    findings = look(clean(), tmp_path, class_share=[0.2, 0.49])
    assert "train label=0 (dark) is 0.5000" in unfit(findings)[0].sentence
    assert unfit(findings)[0].count == 6


def test_broken_pictures_are_set_aside_up_to_the_share_allowed(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "picture"] = b"broken"
    most = look(rows, tmp_path, quarantine=1 / 36, min_subgroup=2)
    assert not unfit(most)
    assert failed(most) == {"no picture is set aside": ["p07"]}
    rows.at[8, "picture"] = b"broken"
    over = look(rows, tmp_path, quarantine=1 / 36, min_subgroup=1)
    assert [finding.rows for finding in unfit(over)] == [["p07", "p08"]]


def test_a_group_of_which_no_picture_can_be_read_is_missed(tmp_path: Path) -> None:
    rows = clean()
    rows.loc[[0, 12, 24], ["hair", "picture"]] = ["curly", b"broken"]  # one in each split
    findings = look(rows, tmp_path, quarantine=0.1, min_subgroup=2)
    (missed,) = unfit(findings)
    assert missed.check == "every expected subgroup has 2 pictures"
    for split in SPLITS:
        assert f"'{split} hair=curly' has none" in missed.sentence


def test_a_crop_larger_than_a_picture_is_refused_and_an_enlarged_one_told(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "picture"] = picture(7, side=4)
    cropped = look(rows, tmp_path, AS_IS | {"crop": 6}, min_subgroup=2)
    assert failed(cropped) == {"every picture can be read": ["p07"]}
    assert "too small" in unfit(cropped)[0].sentence
    resized = look(rows, tmp_path, AS_IS | {"resize": 6})
    assert failed(resized) == {"no picture is enlarged": ["p07"]}


def test_a_data_set_without_one_readable_picture_is_refused(tmp_path: Path) -> None:
    findings = look(clean().assign(picture=b"broken"), tmp_path)
    assert unfit(findings)[0].count == 36


def test_a_refusal_names_each_failed_check_its_rows_and_the_page(tmp_path: Path) -> None:
    rows = clean()
    rows.at[7, "label"], rows.at[9, "weight"] = None, -1.0
    words = str(UnfitData(refusal(look(rows, tmp_path, min_subgroup=2), "findings.html")))
    assert "checks that failed: 2" in words
    assert "every row has a label: 1 of 36 rows have no label" in words
    assert "p07" in words and "p09" in words and words.endswith("findings.html")
