"""What is found of pictures that say nothing, or two things; and of words that mean unknown."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from test_checks import AS_IS, clean, failed, limits, look

from faircompress.data.dataset import decode
from faircompress.data.ingest import ingest, normalize_rows
from faircompress.data.sources import SPLITS, RawData
from faircompress.validation.checks import Finding, inspect, inspect_rows, unfit


def test_equal_pictures_with_other_labels_or_groups_are_refused_by_a_finding_of_their_own(
    tmp_path: Path,
) -> None:
    rows = clean()
    rows.at[3, "picture"] = rows.at[0, "picture"]  # the same label, another group
    rows.at[13, "picture"] = rows.at[12, "picture"]  # alike in everything
    findings = look(rows, tmp_path)
    assert failed(findings) == {
        "equal pictures have equal labels and groups": ["p00", "p03"],
        "no picture stands twice in a split": ["p12", "p13", "p00", "p03"],
    }
    (refused,) = unfit(findings)
    assert "Found 1" in refused.sentence
    assert "p00 (dark, hair=long) = p03 (dark, hair=short)" in refused.sentence


@pytest.mark.parametrize("clear", [True, False], ids=["transparent", "of one colour"])
def test_blank_pictures_are_counted_and_set_aside_up_to_the_share_allowed(
    clear: bool, tmp_path: Path
) -> None:
    rows = clean()
    noise = np.random.default_rng(3).integers(0, 256, (8, 8, 4), np.uint8)
    noise[..., 3] = 0
    nothing = Image.fromarray(noise) if clear else Image.new("RGB", (8, 8), (9, 9, 9))
    buffer = io.BytesIO()
    nothing.save(buffer, "PNG")
    rows.loc[[5, 17], "picture"] = pd.Series([buffer.getvalue()] * 2, [5, 17])
    findings = look(rows, tmp_path, min_subgroup=2)
    assert failed(findings) == {"no picture is blank": ["p05", "p17"]}
    assert unfit(findings)[0].sentence.startswith("2 pictures are blank, of 36:")
    assert failed(look(rows, tmp_path, min_subgroup=2, quarantine=2 / 36)) == {
        "no picture is set aside": ["p05", "p17"]
    }
    rows.at[7, "picture"] = b"broken"  # the share is of all that is set aside
    assert "no picture is blank" in failed(look(rows, tmp_path, min_subgroup=2, quarantine=2 / 36))


def grey(seed: int, below: int) -> bytes:
    values = np.random.default_rng(seed).integers(0, below, (8, 8)).astype(np.uint16)
    values[0, 0] = below - 1
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("bits", [3, 8, 10, 12, 14, 15])
def test_16_bit_pictures_that_all_use_fewer_bits_want_their_levels(
    bits: int, tmp_path: Path
) -> None:
    rows = clean().assign(picture=[grey(at, 2**bits) for at in range(36)])
    dark, *others = unfit(look(rows, tmp_path))
    assert dark.check == "16-bit pictures use their bits" and dark.count == 36
    assert [f.check for f in others if bits > 8] == []  # below, nothing is left to be counted
    assert f"they use {bits} at most" in dark.sentence
    assert f"data.levels: [0, {2**bits - 1}]" in dark.sentence
    told = look(rows, tmp_path, {**AS_IS, "levels": [0, 2**bits - 1]})
    assert failed(told).keys() == {"all pictures are RGB"}


def test_among_whole_16_bit_pictures_only_those_too_dark_to_see_are_refused(
    tmp_path: Path,
) -> None:
    rows = clean().assign(picture=[grey(at, 2**16) for at in range(36)])
    assert not unfit(look(rows, tmp_path))
    rows.at[4, "picture"], rows.at[5, "picture"] = grey(4, 2**12), grey(5, 2**13)
    (dark,) = unfit(look(rows, tmp_path))
    assert dark.rows == ["p04"]


def kinds(words: tuple[str, ...]) -> list[Finding]:
    rows = clean().drop(columns="picture")
    raw = RawData(rows, words, ("hair",), lambda _: pytest.fail("a picture is read"))
    return inspect_rows(normalize_rows(raw), raw.classes, raw.groups, limits())[0]


@pytest.mark.parametrize("word", ["unknown", "NaN", "Unknown", "N/A", "?", "missing", "", "-1"])
def test_a_class_that_is_a_word_for_unknown_is_refused_as_such_a_group_is(word: str) -> None:
    (refused,) = unfit(kinds(("dark", word)))
    assert refused.check == "no class is a word for unknown"
    assert f"{word!r} (18 rows)" in refused.sentence and refused.rows[0] == "p06"


@pytest.mark.parametrize("words", [("dark", "blond"), ("-1", "1"), ("0", "1"), ("none", "some")])
def test_a_class_that_is_a_word_for_something_is_fine(words: tuple[str, ...]) -> None:
    assert unfit(kinds(words)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", None), ("id", "p08"), ("label", None), ("label", 7), ("hair", None), ("hair", "NaN"),
        ("split", None), ("split", "dev"), ("weight", 0.0), ("weight", float("inf")),
        ("identity", None), ("identity", "person-35"),
    ],
)  # fmt: skip
def test_rows_alone_are_judged_as_great_expectations_judges_them(
    column: str, value: object, tmp_path: Path
) -> None:
    rows = clean().astype({"hair": object, "split": object})
    rows.at[7, column] = value
    by_both = {f.check: f for f in look(rows, tmp_path)}
    raw = RawData(rows.drop(columns="picture"), ("dark", "blond"), ("hair",), bytes)
    alone = inspect_rows(normalize_rows(raw), raw.classes, raw.groups, limits())[0]
    assert not all(finding.ok for finding in alone)
    assert all(vars(finding) == vars(by_both[finding.check]) for finding in alone)


def doubled() -> pd.DataFrame:
    """Rows 0 and 3 tell unlike hair of one picture; 6 and 7 alike; 12 and 24 in two splits."""
    rows = clean()
    for copy, of in ((3, 0), (7, 6), (24, 12)):
        rows.at[copy, "picture"] = rows.at[of, "picture"]
    return rows


@pytest.mark.parametrize(
    ("how", "gone", "left"),
    [
        ("drop_conflicting", [0, 3], {"no picture lies in two splits": ["p12", "p24"]}),
        ("drop", [0, 3, 7, 12], {}),  # of two splits, test keeps its picture
    ],
)
def test_rows_of_equal_pictures_are_set_aside_as_params_say(
    how: str, gone: list[int], left: dict[str, list[str]], tmp_path: Path
) -> None:
    rows = doubled()
    pictures = rows["picture"].tolist()
    raw = RawData(rows.drop(columns="picture"), ("dark", "blond"), ("hair",), pictures.__getitem__)
    path = tmp_path / "data.parquet"
    ingested = ingest(raw, normalize_rows(raw), AS_IS, path, keep=set(), duplicates=how)  # type: ignore[arg-type]
    found = inspect(ingested.rows, raw.classes, raw.groups, limits(min_subgroup=2))[0]
    told = failed(found)
    assert told.pop("no row is left out for its duplicates") == [f"p{row:02d}" for row in gone]
    told.pop("no picture stands twice in a split", None)
    assert told == left
    kept = pq.read_table(path).to_pandas()
    assert kept["id"].tolist() == [f"p{row:02d}" for row in range(36) if row not in gone]
    train = np.stack([decode(p) for p in kept.loc[kept["split"] == "train", "image"]])
    assert ingested.mean == pytest.approx(train.mean((0, 1, 2)) / 255, abs=1e-6)
    assert ingested.std == pytest.approx(train.std((0, 1, 2)) / 255, abs=1e-6)


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_share_that_a_class_must_have_falls_with_their_number(classes: int) -> None:
    rows = pd.DataFrame([(s, y) for s in SPLITS for y in range(classes) for _ in range(3)])
    rows = rows.set_axis(["split", "label"], axis=1).assign(identity=None, weight=1.0)
    rows["id"] = [f"p{at}" for at in range(len(rows))]
    raw = RawData(rows, tuple(map(str, range(classes))), ("label",), bytes)

    def refused(raw: RawData) -> list[str]:
        found = inspect_rows(
            normalize_rows(raw), raw.classes, raw.groups, limits(class_share=None)
        )[0]
        return [finding.sentence for finding in unfit(found)]

    assert refused(raw) == []
    extra = rows[rows["label"] == 1].head(1)
    extra = pd.concat([extra] * 100 * classes).assign(id=[f"q{at}" for at in range(100 * classes)])
    skew = RawData(pd.concat([rows, extra]), raw.classes, raw.groups, bytes)
    (said,) = refused(skew)
    assert f"are not within {0.04 / classes:g} to {1 - 0.04 / classes:g}" in said


def test_near_copies_in_other_splits_or_of_other_labels_are_told_and_stay(tmp_path: Path) -> None:
    rows = clean()
    here = rows.loc[rows["split"] == "train"].index[0]
    shown = np.asarray(Image.open(io.BytesIO(rows.at[here, "picture"])).convert("RGB"))
    brighter, mirrored = np.clip(shown * 0.8 + 20, 0, 255).astype(np.uint8), shown[:, ::-1]
    test = rows.loc[rows["split"] == "test"].index[-1]
    other = rows.loc[(rows["split"] == "train") & (rows["label"] != rows.at[here, "label"])]
    for row, pixels in ((test, brighter), (other.index[0], mirrored)):
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
        rows.at[row, "picture"] = buffer.getvalue()
    findings = look(rows, tmp_path)
    ids = [rows.at[row, "id"] for row in (here, other.index[0], test)]
    assert failed(findings) == {
        "no near copy of a picture lies in another split": ids,
        "near copies have equal labels": ids,
    }
    assert not unfit(findings)
    (told,) = [f.sentence for f in findings if "another split" in f.check]
    assert f"{ids[0]} (dark in train) ~ " in told and f"{ids[2]} (blond in test)" in told


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("Ann Lee", "ann lee", True), ("p7", "p7 ", True), ("p_7", "P-7", True),
        ("007", "7", True), ("p7", "p8", False), ("Ann Lee", "Ann Leo", False),
    ],
)  # fmt: skip
def test_people_who_differ_in_capitals_or_blanks_alone_are_told(
    one: str, other: str, told: bool
) -> None:
    rows = clean().drop(columns="picture").astype({"identity": object})
    rows.loc[[3, 30], "identity"] = [one, other]
    raw = RawData(rows, ("dark", "blond"), ("hair",), bytes)
    findings = inspect_rows(normalize_rows(raw), raw.classes, raw.groups, limits())[0]
    assert unfit(findings) == []
    (found,) = [f for f in findings if f.check == "nobody is spelt in two ways"]
    assert found.ok is not told and (not told or repr(one) in found.sentence)
