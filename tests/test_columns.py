import numpy as np
import pandas as pd
import pytest

from faircompress.config import params, plugins
from faircompress.config.params import BadParams
from faircompress.data.columns import named
from faircompress.data.csv_text import meant
from faircompress.data.dataset import encode
from faircompress.data.splitting import by_pixels, cut, drawn, splits, spread


def words(*values: str | None) -> pd.Series:
    rows = [f"r{row}" for row in range(len(values))]
    return pd.Series(values, rows, dtype=object, name="age")


def test_codes_get_names_and_classes_keep_the_order_of_names() -> None:
    found, order = named(words("1", "0", None), {"names": {"1": "b", "0": "a"}}, where="here")
    assert found.tolist() == ["b", "a", None] and order == ("b", "a")


def test_numbers_that_measure_are_no_groups_and_bins_are_proposed() -> None:
    ages = words(*(str(at % 90) for at in range(900)))
    proposed = r"bins: \{low: \[null, 30\], middle: \[30, 60\], high: \[60, null\]\}"
    with pytest.raises(ValueError, match=f"'age' has 90 values in 900 rows.*{proposed}.*are codes"):
        named(ages, {}, where="data.table.groups.age")
    assert len(named(ages, {}, where="data.table.label")[1]) == 90  # classes may be many
    codes = words(*(str(at % 20) for at in range(900)))
    assert len(named(codes, {}, where="data.table.groups.code")[1]) == 20


def test_a_field_that_is_no_number_is_told_with_what_it_may_have_been() -> None:
    bins = {"bins": {"young": [0, 30], "old": [30, None]}}
    ages = words("10-19", "9-May", "34")
    with pytest.raises(ValueError, match="are no numbers in 2 rows.*'9-May' looks like a range"):
        named(ages, bins, where="groups.age")
    commas = named(words("29,5", "30,5", None), bins, where="groups.age")[0]
    assert commas.tolist() == ["young", "old", None]


def test_several_codes_may_share_a_name() -> None:
    found, order = named(words("1", "2", "3"), {"names": {"1": "low", "2": "low", "3": "high"}},
                         where="here")  # fmt: skip
    assert found.tolist() == ["low", "low", "high"] and order == ("low", "high")


def test_a_bin_holds_its_lower_end_and_not_its_upper() -> None:
    how = {"bins": {"young": [0, 30], "old": [30, None]}}
    found, order = named(words("0", "29.9", "30", "101", None), how, where="here")
    assert found.tolist() == ["young", "young", "old", "old", None] and order == ("young", "old")


def test_numbers_stand_by_size_where_nothing_is_named() -> None:
    assert named(words(*["10", "9", "-1", "b", "2.5", "²"] * 2), {}, where="here")[1] == (
        "-1", "2.5", "9", "10", "b", "²",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "how", "error"),
    [
        (["m", "x"], {"names": {"m": "male"}}, r"have no name in 1 rows: 'x' \(rows r1\)"),
        (["0", "1"], {"names": {"0": "m", "1": "m", "2": "f"}},
         "no row of column 'age' is called 'f'; its values are '0', '1'"),
        ([None], {"names": {"m": "male"}}, "is called 'male'; its values are empty"),
        (["5", "x"], {"bins": {"all": [0, 9]}}, r"are no numbers in 1 rows: 'x' \(rows r1\)"),
        (["5", "9"], {"bins": {"all": [0, 9]}}, r"are in no bin in 1 rows: '9' \(rows r1\)"),
        (["5"], {"bins": {"a": [0, 9], "b": [9, 12]}}, r"no row is in bin 'b', .* from 5 to 5"),
        (["5"], {"bins": {"a": [0, 9], "b": [5, 12]}}, r"bin 'b' \[5, 12\) overlaps another"),
        (["5"], {"bins": {"a": [0, 9]}, "names": {"5": "five"}}, "both names and bins"),
        (["a", "b", "c"], {}, r"'age' has 3 values in 3 rows, such as 'a' and 'b'"),
    ],
)  # fmt: skip
def test_a_value_without_a_name_and_a_name_without_a_value_are_told(
    values: list[str], how: dict, error: str
) -> None:
    with pytest.raises(ValueError, match=f"here.*{error}"):
        named(words(*values), how, where="here")


def test_the_word_that_was_meant_is_told_or_all_there_are() -> None:
    assert meant("gendre", ["age", "gender"]) == " Did you mean 'gender'?"
    assert meant("zzz", ["age", "gender"]) == " There are: age, gender."


def test_params_take_a_column_as_a_name_or_with_keys_and_codes_as_they_stand_in_files() -> None:
    given = {"label": "glad", "groups": {"sex": {"names": {0: "f", 1.5: "m"}, "drop": [-1, None]}}}
    section = plugins.choice("sources").model_validate({"name": "table", "table": given})
    assert plugins.options_of(section)["label"] == "glad"
    assert plugins.options_of(section)["groups"] == {
        "sex": {"names": {"0": "f", "1.5": "m"}, "drop": ["-1", ""]}
    }


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ("label={nmaes: {}}", r"data\.table\.label\.nmaes: unknown key"),
        ("label={names: {yes: glad}}", r"data\.table\.label.*put it in quotes"),
        ("groups={age: {bins: {young: [0]}}}", r"data\.table\.groups\.age\.bins\.young: .*2 items"),
        ("groups=7", r"data\.table\.groups: "),
    ],
)
def test_params_name_the_key_of_a_column_that_cannot_be_read(override: str, error: str) -> None:
    with pytest.raises(BadParams, match=error):
        params.load(params.Path(__file__).parents[1] / "params.yaml", [f"data.table.{override}"])


KEYS = [f"person-{number}" for number in range(2000)]


def test_a_cut_has_about_its_shares_and_moves_nobody_when_others_come() -> None:
    sides = cut(KEYS, validation=0.1, test=0.2, salt="s")
    assert sides[:100] == cut(KEYS[:100], validation=0.1, test=0.2, salt="s")
    assert sides.count("test") / 2000 == pytest.approx(0.2, abs=0.03)
    assert sides.count("validation") / 2000 == pytest.approx(0.1, abs=0.03)
    wider = cut(KEYS, validation=0.3, test=0.2, salt="s")
    assert all(new != "train" for old, new in zip(sides, wider, strict=True) if old != "train")
    assert sides != cut(KEYS, validation=0.1, test=0.2, salt="another")
    with pytest.raises(ValueError, match=r"validation 0\.5 and test 0\.5 leave no share"):
        cut(KEYS, validation=0.5, test=0.5, salt="s")


def test_a_draw_is_of_the_count_asked_for_and_grows_by_adding() -> None:
    few, more = drawn(KEYS, 10, salt="s"), drawn(KEYS, 20, salt="s")
    assert few.sum() == 10 and more.sum() == 20 and (few <= more).all()
    assert drawn(KEYS[:5], 10, salt="s").all()


def test_equal_pictures_have_equal_keys_and_an_unreadable_one_goes_alone() -> None:
    one, other = (np.full((2, 2, 3), shade, np.uint8) for shade in (1, 2))
    pictures = [one, encode(one), other, b"broken", b"broken"]
    keys = by_pixels(lambda row: pictures[row], range(5))
    assert keys[0] == keys[1] and len(set(keys)) == 4


def test_validation_comes_out_of_train_where_it_is_not_given() -> None:
    given = words(*["train"] * 300, *["test"] * 100)
    who = words(*[f"p{row // 2}" for row in range(400)])
    found, what = splits(who, given, bytes, key="k", seed=1, validation=0.25, test=0.9)
    assert found[300:] == ["test"] * 100
    assert found.count("validation") / 300 == pytest.approx(0.25, abs=0.08)
    assert found[0:300:2] == found[1:300:2]  # both pictures of a person
    assert what == "validation, out of train, by identity, seed 1"
    given.iloc[0] = "validation"
    assert splits(who, given, bytes, key="k", seed=1, validation=0.25, test=0.9)[1] == ""


def test_an_unknown_split_is_refused_with_what_to_write() -> None:
    none = words(None, None, None)
    with pytest.raises(
        ValueError, match=r"k\.split: 'tr' is no split.*names: \{tr: train, va: val"
    ):
        splits(none, words("tr", "va", "te"), bytes, key="k", seed=1, validation=0.1, test=0.1)
    with pytest.raises(ValueError, match=r"no row is of 'test'.*\{train: train, val: test\}"):
        splits(none, words("train", "val", None), bytes, key="k", seed=1, validation=0.1, test=0)
    with pytest.raises(ValueError, match="'eval' is no split.*eval: validation, holdout: test"):
        given = words("train", "eval", "holdout")
        splits(none, given, bytes, key="k", seed=1, validation=0.1, test=0.1)


@pytest.mark.parametrize(
    "spelt", [("Train", "val", "TEST"), ("Training", "dev", "test"), ("TRAIN", "Valid", "Testing")]
)
def test_usual_words_for_splits_are_taken_as_they_are(spelt: tuple[str, ...]) -> None:
    none = words(None, None, None)
    found, drawn_ = splits(none, words(*spelt), bytes, key="k", seed=1, validation=0.1, test=0.1)
    assert (found, drawn_) == (["train", "validation", "test"], "")


def test_how_a_cut_fell_out_is_told_by_class_and_group() -> None:
    rows = pd.DataFrame(
        {
            "split": ["train"] * 4 + ["validation"] * 2 + ["test"] * 2,
            "label": [0, 1, 0, 1, 0, 1, 0, 1],
            "hair": ["long", "long", "long", "short", "long", "short", "long", "short"],
        }
    )
    assert spread(rows, ("dark", "blond"), ("hair",)) == (
        "4 train, 2 validation, 2 test. Shares in train / validation / test: "
        "label=blond 0.500 / 0.500 / 0.500; label=dark 0.500 / 0.500 / 0.500; "
        "hair=long 0.750 / 0.500 / 0.500; hair=short 0.250 / 0.500 / 0.500; "
        "hair=long differs most, by 0.250."
    )
