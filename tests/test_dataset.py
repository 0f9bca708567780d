import os
import pickle
from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faircompress.config import plugins
from faircompress.data.dataset import encode, load_split, pixel_sha256
from faircompress.data.ingest import normalize_rows
from faircompress.data.pictures import rgb
from faircompress.data.sources import SPLITS, RawData
from faircompress.data.sources.celeba import celeba
from faircompress.data.sources.cifar10 import cifar10, squared
from faircompress.support.files import write_json

BESIDE = Path(__file__).parents[2] / "shared" / "data"
DATA = Path(os.environ.get("FAIRCOMPRESS_DATA", BESIDE))


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_a_plugin_keeps_the_contract(name: str, tmp_path: Path) -> None:
    given = getattr(galleries, name)(tmp_path)
    section = plugins.choice("sources").model_validate({"name": name, name: given})
    raw = plugins.find("sources", name)(**plugins.options_of(section))
    rows = normalize_rows(raw)
    assert rows["id"].is_unique and rows["id"].notna().all()
    assert set(rows["split"]) == set(SPLITS)
    assert set(rows["label"]) == set(range(len(raw.classes)))
    assert (rows["weight"] > 0).all()
    assert raw.groups
    for at in (0, len(rows) // 2, len(rows) - 1):
        pixels, _ = rgb(raw.read(at))
        again, _ = rgb(raw.read(at))
        assert pixels.size and np.array_equal(pixels, again)
    again = plugins.find("sources", name)(**plugins.options_of(section))
    pd.testing.assert_frame_equal(raw.rows, again.rows)


@pytest.mark.parametrize("others", [["a", "z", "b"], ["zz"], []])
def test_groups_that_only_the_test_split_has_renumber_nothing_in_training(
    others: list[str], tmp_path: Path
) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    kept = {"weight": 1.0, "sha256": pixel_sha256(picture), "image": encode(picture)}
    rows = [
        {"id": f"{split}-{at}", "split": split, "label": at % 2, "hair": hair, **kept}
        for split, hairs in (("train", "bcb"), ("validation", "cb"), ("test", others))
        for at, hair in enumerate(hairs)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data.parquet")
    facts = {"classes": ["no", "yes"], "groups": ["hair"], "size": [4, 4], "mean": [0.5] * 3,
             "std": [0.5] * 3, "sha256": "", "preparation": {}}  # fmt: skip
    write_json(tmp_path / "facts.json", facts)
    train = load_split(tmp_path, "train")
    assert (train.groups.tolist(), train.group_count) == ([0, 1, 0], 2)


def real(name: str) -> str:
    """Return where the real data set lies, or skip."""
    if not (DATA / name).is_dir():
        pytest.skip(f"{DATA / name} is absent; set FAIRCOMPRESS_DATA to a folder that has it")
    return str(DATA / name)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """CelebA's layout with three pictures."""
    (tmp_path / "img_align_celeba").mkdir()
    for at in (1, 2, 3):
        picture = encode(np.full((4, 4, 3), at, np.uint8))
        (tmp_path / "img_align_celeba" / f"00000{at}.jpg").write_bytes(picture)
    (tmp_path / "list_attr_celeba.txt").write_text(
        "3\nBlond_Hair Male Young\n000001.jpg 1 -1 1\n000002.jpg -1  1 1\n000003.jpg 1 1 -1\n"
    )
    (tmp_path / "identity_CelebA.txt").write_text("000001.jpg 5\n000002.jpg 6\n000003.jpg 7\n")
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    return tmp_path


def test_celeba_takes_label_and_groups_from_its_attributes(faces: Path) -> None:
    raw = celeba(root=str(faces), label="Blond_Hair", groups=["Male", "Young"])
    assert raw.classes == ("not Blond_Hair", "Blond_Hair")
    assert raw.groups == ("Male", "Young")
    assert raw.rows["split"].tolist() == list(SPLITS)
    assert raw.rows["label"].tolist() == [1, 0, 1]
    assert raw.rows["Male"].tolist() == ["not Male", "Male", "Male"]
    assert raw.rows["identity"].tolist() == ["5", "6", "7"]
    assert rgb(raw.read(2))[0].max() == 3


def test_celeba_also_lies_in_the_folders_of_its_release(faces: Path) -> None:
    release = {
        "Anno": ["list_attr_celeba.txt", "identity_CelebA.txt"],
        "Eval": ["list_eval_partition.txt"],
        "Img": ["img_align_celeba"],
    }
    for part, names in release.items():
        (faces / part).mkdir()
        for name in names:
            (faces / name).rename(faces / part / name)
    assert len(celeba(root=str(faces)).rows) == 3


def test_celeba_names_a_missing_file_and_an_unknown_attribute(faces: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.celeba\.groups: no attribute 'Mal'.*'Male'"):
        celeba(root=str(faces), groups=["Mal"])
    with pytest.raises(ValueError, match=r"data\.celeba\.label: no attribute 'Blond'"):
        celeba(root=str(faces), label="Blond")
    (faces / "identity_CelebA.txt").rename(faces / "identity_celeba.txt")
    with pytest.raises(FileNotFoundError, match=r"identity_CelebA\.txt is missing.*'identity_cel"):
        celeba(root=str(faces))


def test_celeba_reads_no_file_that_a_list_names_outside_its_pictures(faces: Path) -> None:
    path = faces / "list_attr_celeba.txt"
    path.write_text(path.read_text().replace("000003.jpg", "../list_attr_celeba.txt"))
    raw = celeba(root=str(faces))
    with pytest.raises(ValueError, match="outside"):
        raw.read(2)


CELLS = [(0, 0, 30), (0, 1, 20), (1, 0, 9), (1, 1, 4)]  # blond, male, pictures


@pytest.mark.parametrize(
    ("balance", "kept"),
    [([1, 1], [4, 4, 4, 4]), ([5, 1], [20, 4, 9, 4]), ([1, 5], [20, 20, 4, 4])],
)
def test_a_balanced_celeba_keeps_the_rarest_cell_and_multiples_of_it(
    balance: list[int], kept: list[int], tmp_path: Path
) -> None:
    given = galleries.celeba(tmp_path, {"0": CELLS, "1": CELLS, "2": CELLS})
    rows = celeba(**given, balance=balance).rows
    counts = rows.groupby(["split", "label", "Male"])["id"].count().unstack([1, 2])
    order = [(0, "not Male"), (0, "Male"), (1, "not Male"), (1, "Male")]
    assert counts.loc["train", order].tolist() == kept
    assert counts.loc["validation", order].tolist() == [30, 20, 9, 4]
    assert counts.loc["test", order].tolist() == [30, 20, 9, 4]


def test_a_balanced_celeba_says_which_cell_had_too_few_and_reads_its_own_pictures(
    tmp_path: Path,
) -> None:
    given = galleries.celeba(tmp_path, {"0": CELLS, "1": CELLS, "2": CELLS})
    raw = celeba(**given, balance=[5, 1])
    assert "Blond_Hair=1 not Male: 9 of 9, all there are (asked: 20)" in raw.notes[0]
    assert "Blond_Hair=0 Male: 4 of 20;" in raw.notes[0]
    last = len(raw.rows) - 1
    assert raw.read(last) == galleries.jpeg(int(raw.rows["id"][last][:6]))
    with pytest.raises(ValueError, match=r"balance needs one group; groups are \[\]"):
        celeba(**given, groups=[], balance=[1, 1])


def test_the_real_celeba_has_every_cell_at_every_cut_anew() -> None:
    root = real("celeba")
    published, sides = celeba(root=root).rows, []
    for seed in (1, 2, 3):
        raw = celeba(root=root, resplit=seed, balance=[1, 1])
        whole = celeba(root=root, resplit=seed).rows
        assert raw.rows.groupby(["split", "label", "Male"]).size().size == 12
        assert whole.groupby("identity")["split"].nunique().max() == 1
        assert whole["split"].eq("test").equals(published["split"].eq("test"))
        share = whole["split"].value_counts()["validation"] / 6501
        assert share == pytest.approx(1501 / 6501, abs=0.02)
        sides.append(whole["split"].tolist())
    assert sides[0] != sides[1] != sides[2]


def tables(root: Path) -> Path:
    images, labels = galleries.cifar10_pictures()
    (root / "plain_text").mkdir(parents=True)
    for name, part in (("train", slice(0, 50)), ("test", slice(50, 60))):
        encoded = [{"bytes": encode(image), "path": None} for image in images[part]]
        table = pa.table({"img": encoded, "label": labels[part]})
        pq.write_table(table, root / "plain_text" / f"{name}-00000-of-00001.parquet")
    return root


def test_both_layouts_of_cifar10_give_the_same_data(tmp_path: Path) -> None:
    one = cifar10(**galleries.cifar10(tmp_path / "a"))
    other = cifar10(root=str(tables(tmp_path / "b")))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert all(np.array_equal(one.read(at), other.read(at)) for at in range(len(one.rows)))


def test_a_train_picture_that_is_also_a_test_picture_is_left_out_and_told(tmp_path: Path) -> None:
    raw = cifar10(**galleries.cifar10(tmp_path))
    assert len(raw.rows) == 59 and "00004" not in raw.rows["id"].tolist()
    assert raw.notes == ("1 official train pictures equal a test picture and were left out: 00004",)
    at = raw.rows["id"].tolist().index("00005")
    assert np.array_equal(raw.read(at), galleries.cifar10_pictures()[0][5])
    assert raw.rows["label"].tolist()[at] == 5


def test_a_larger_validation_share_moves_no_picture_back_to_train(tmp_path: Path) -> None:
    def held(raw: RawData) -> set[str]:
        return set(raw.rows.loc[raw.rows["split"] == "validation", "id"])

    given = galleries.cifar10(tmp_path)
    some, more = held(cifar10(**given)), held(cifar10(**given, validation=0.5))
    assert some < more
    assert 15 < len(more) < 35


def test_imbalanced_takes_four_fifths_of_cats_and_dogs_and_nothing_of_test(tmp_path: Path) -> None:
    given = galleries.cifar10(tmp_path, each=100)
    plain, less = (cifar10(**given, validation=0.4, bias=b).rows for b in (None, "imbalanced"))
    before, after = (rows.groupby(["split", "label"]).size() for rows in (plain, less))
    for split in ("train", "validation"):
        for dog_or_cat in (3, 5):
            all_of = before[split, dog_or_cat]
            assert after[split, dog_or_cat] == round(all_of / 5)
    untouched = before.index.map(lambda cell: cell[0] == "test" or cell[1] not in (3, 5))
    assert after[untouched].equals(before[untouched])


def test_shortcut_marks_dogs_and_shows_each_test_picture_twice(tmp_path: Path) -> None:
    given = galleries.cifar10(tmp_path, each=500)
    raw = cifar10(**given, validation=0.4, bias="shortcut")
    assert raw.groups == ("label", "square")
    marked = raw.rows.assign(marked=raw.rows["square"] == "with").groupby(["split", "label"])
    for (split, label), share in marked["marked"].mean().items():
        wanted = {"test": 0.5}.get(split, 0.98 if label == 5 else 0.02)
        assert share == pytest.approx(wanted, abs=0.01)  # cells of 100 and of 150
    test = raw.rows[raw.rows["split"] == "test"]
    assert len(test) == 1000 and test.groupby("identity")["square"].nunique().eq(2).all()
    plain, twin = test[test["identity"] == test["identity"].iloc[0]].index
    differs = (raw.read(plain) != raw.read(twin)).any(axis=2)
    assert differs.sum() == 16 and (raw.read(twin)[differs] == (255, 255, 0)).all()


def test_a_square_lies_near_the_middle_in_a_place_of_its_own() -> None:
    black = np.zeros((32, 32, 3), np.uint8)
    corners = [np.argwhere(squared(black, str(key)).any(axis=2))[0] for key in range(400)]
    assert np.min(corners) == 7 and np.max(corners) == 21  # the middle one would be at 14
    assert len({tuple(corner) for corner in corners}) > 150
    assert not black.any()


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("owned",)


def test_a_batch_that_wants_to_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data"
    galleries.cifar10(root)
    bad = pickle.dumps({"data": Evil(), "labels": []})
    (root / "cifar-10-batches-py" / "data_batch_3").write_bytes(bad)
    with pytest.raises(ValueError, match=r"data_batch_3 .* asks for posix\.mkdir"):
        cifar10(root=str(root))
    assert not (tmp_path / "owned").exists()


def test_cifar10_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.cifar10\.root: .*plain_text/train"):
        cifar10(root=str(tmp_path))
    given = galleries.cifar10(tmp_path)
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_2 is missing"):
        cifar10(**given)


def test_celebas_attributes_may_lack_their_count_and_are_refused_where_one_is_cut(
    tmp_path: Path,
) -> None:
    given = galleries.celeba(tmp_path)
    file = tmp_path / "list_attr_celeba.txt"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(lines[1:]), "utf-8")
    assert len(celeba(**given).rows) == len(lines) - 2
    file.write_text("\n".join([*lines[:5], lines[5].rsplit(" ", 1)[0], *lines[6:]]), "utf-8")
    with pytest.raises(ValueError, match="with 1 or -1 for every name; column 'Male' has other"):
        celeba(**given)
