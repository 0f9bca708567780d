import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faircompress import plugins
from faircompress.dataset import encode
from faircompress.datasets import SPLITS, RawData
from faircompress.datasets.celeba import celeba
from faircompress.datasets.cifar10 import cifar10
from faircompress.ingest import tidy
from faircompress.pictures import rgb

BESIDE = Path(__file__).parents[2] / "shared" / "data"
DATA = Path(os.environ.get("FAIRCOMPRESS_DATA", BESIDE))


def options(name: str) -> dict[str, Any]:
    """Return a plug-in's defaults, with its root in the folder of test data."""
    section = plugins.choice("datasets")(name=name)
    given = plugins.options_of(section)
    if "root" in given:
        given["root"] = str(DATA / name)
        if not (DATA / name).is_dir():
            pytest.skip(f"{DATA / name} is absent; set FAIRCOMPRESS_DATA to a folder that has it")
    return given


@pytest.mark.parametrize("name", plugins.names("datasets"))
def test_a_plugin_keeps_the_contract(name: str) -> None:
    try:
        raw = plugins.find("datasets", name)(**options(name))
    except FileNotFoundError as error:
        pytest.skip(f"the test data of {name} is not whole: {error}")
    rows = tidy(raw)
    assert rows["id"].is_unique and rows["id"].notna().all()
    assert set(rows["split"]) == set(SPLITS)
    assert set(rows["label"]) == set(range(len(raw.classes)))
    assert (rows["weight"] > 0).all()
    assert raw.groups
    for at in (0, len(rows) // 2, len(rows) - 1):
        pixels, _ = rgb(raw.read(at))
        again, _ = rgb(raw.read(at))
        assert pixels.size and np.array_equal(pixels, again)


@pytest.mark.parametrize("name", plugins.names("datasets"))
def test_a_plugin_gives_the_same_rows_twice(name: str) -> None:
    find, given = plugins.find("datasets", name), options(name)
    if name == "cifar10":
        pytest.skip("reads 60,000 pictures; its cut is tested on a small copy below")
    try:
        pd.testing.assert_frame_equal(find(**given).rows, find(**given).rows)
    except FileNotFoundError as error:
        pytest.skip(f"the test data of {name} is not whole: {error}")


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


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Sixty pictures of ten classes; the last ten are the test split, one of them a copy."""
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), np.uint8)
    images[59] = images[4]
    return images, np.arange(60) % 10


def batches(root: Path, protocol: int = 2) -> Path:
    images, labels = pictures()
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    planes = images.transpose(0, 3, 1, 2).reshape(60, -1)
    for at, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        part = slice(at * 10, at * 10 + 10)
        content = {"data": planes[part], "labels": labels[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))
    return root


def tables(root: Path) -> Path:
    images, labels = pictures()
    (root / "plain_text").mkdir(parents=True)
    for name, part in (("train", slice(0, 50)), ("test", slice(50, 60))):
        encoded = [{"bytes": encode(image), "path": None} for image in images[part]]
        table = pa.table({"img": encoded, "label": labels[part]})
        pq.write_table(table, root / "plain_text" / f"{name}-00000-of-00001.parquet")
    return root


def test_both_layouts_of_cifar10_give_the_same_data(tmp_path: Path) -> None:
    one, other = (
        cifar10(root=str(batches(tmp_path / "a"))),
        cifar10(root=str(tables(tmp_path / "b"))),
    )
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert all(np.array_equal(one.read(at), other.read(at)) for at in range(len(one.rows)))


def test_a_train_picture_that_is_also_a_test_picture_is_left_out_and_told(tmp_path: Path) -> None:
    raw = cifar10(root=str(batches(tmp_path)))
    assert len(raw.rows) == 59 and "00004" not in raw.rows["id"].tolist()
    assert raw.rows.attrs["notes"] == [
        "1 official train pictures equal a test picture and were left out: 00004"
    ]
    at = raw.rows["id"].tolist().index("00005")
    assert np.array_equal(raw.read(at), pictures()[0][5])
    assert raw.rows["label"].tolist()[at] == 5


def test_a_larger_validation_share_moves_no_picture_back_to_train(tmp_path: Path) -> None:
    def held(raw: RawData) -> set[str]:
        return set(raw.rows.loc[raw.rows["split"] == "validation", "id"])

    root = str(batches(tmp_path))
    some, more = held(cifar10(root=root)), held(cifar10(root=root, validation=0.5))
    assert some < more
    assert 15 < len(more) < 35


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("owned",)


def test_a_batch_that_wants_to_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = batches(tmp_path / "data")
    bad = pickle.dumps({"data": Evil(), "labels": []})
    (root / "cifar-10-batches-py" / "data_batch_3").write_bytes(bad)
    with pytest.raises(ValueError, match=r"data_batch_3 .* asks for posix\.mkdir"):
        cifar10(root=str(root))
    assert not (tmp_path / "owned").exists()


def test_cifar10_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.cifar10\.root: .*plain_text/train"):
        cifar10(root=str(tmp_path))
    root = batches(tmp_path)
    (root / "cifar-10-batches-py" / "data_batch_2").unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_2 is missing"):
        cifar10(root=str(root))
