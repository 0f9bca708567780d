"""`faircompress init`: a project of one's own."""

import subprocess
import sys
from pathlib import Path

import galleries
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.config import params
from faircompress.config.new_project import ProjectExistsError, Source, create
from faircompress.data.guessing import guess_columns


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Give a table of 60 pictures of 20 people, 40 x 32 pixels."""
    folder = tmp_path / "faces"
    (folder / "pics").mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = [f"pics/{number:03d}.png" for number in range(60)]
    for name in names:
        pixels = rng.integers(0, 256, (32, 40, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    frame = pd.DataFrame({
        "path": names, "label": ["yes", "no"] * 30, "sex": ["f", "m", "m"] * 20,
        "age": rng.integers(18, 80, 60), "note": [f"note {number}" for number in range(60)],
        "patient_id": np.repeat(np.arange(20), 3),
    })  # fmt: skip
    frame.to_csv(folder / "faces.csv", index=False)
    return folder / "faces.csv"


def init(*words: str | Path) -> str:
    said = CliRunner().invoke(app, ["init", *map(str, words)], catch_exceptions=False)
    assert said.exit_code == 0, said.output
    return said.output


def test_the_columns_of_a_table_are_guessed_and_each_guess_says_so(
    faces: Path, tmp_path: Path
) -> None:
    said = init(tmp_path / "mine", "--table", faces)
    text = (tmp_path / "mine/params.yaml").read_text()
    assert "groups: {sex: {}, age: {bins: {low: [null, " in text
    assert "# guessed: delete what is no group" in text
    assert "data.table.identity: patient_id   (whose picture it is)" in said
    found = params.load(tmp_path / "mine/params.yaml")
    assert (found.name, found.key, found.data.name) == ("mine", "mine", "table")
    table = found.data.table
    assert (table.image, table.label, table.identity) == ("path", "label", "patient_id")
    assert table.max_weight == 4  # two pictures of a class, twice for people of both
    assert found.data.resize is None  # all are 40 x 32
    assert (tmp_path / "mine/data/table").resolve() == faces.parent


def test_the_project_lists_only_what_git_should_keep(tmp_path: Path) -> None:
    init(tmp_path / "mine")
    names = {path.name for path in (tmp_path / "mine").iterdir()}
    assert names == {".gitignore", ".dvcignore", ".dvc", "README.md", "params.yaml",
                     "presets.yaml", "dvc.yaml", "flows", "infra"}  # fmt: skip
    ignored = (tmp_path / "mine/.gitignore").read_text().split()
    assert {"/data", "/state/", "/variants/", "/mlflow.db*"} <= set(ignored)
    assert params.load(tmp_path / "mine/params.yaml").data.name == "portraits"


def test_git_is_never_given_the_cache_or_the_keys_of_a_remote(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    init(mine)
    for name in (".dvc/cache/files/md5/00/picture", ".dvc/tmp/lock"):
        (mine / name).parent.mkdir(parents=True)
        (mine / name).write_text("")
    dvc = (sys.executable, "-m", "dvc")
    for command in (
        (*dvc, "remote", "add", "-d", "store", "s3://bucket/path"),
        (*dvc, "remote", "modify", "--local", "store", "secret_access_key", "a-secret"),
        ("git", "add", "--all"),
    ):
        if command[0] == "git":
            subprocess.run(("git", "init", "-q"), cwd=mine, check=True)
        subprocess.run(command, cwd=mine, check=True, capture_output=True)
    held = subprocess.check_output(("git", "ls-files", ".dvc"), cwd=mine, text=True).split()
    assert held == [".dvc/.gitignore", ".dvc/config"]
    assert "a-secret" in (mine / ".dvc/config.local").read_text()


def test_named_columns_model_and_name_are_taken(faces: Path, tmp_path: Path) -> None:
    init(tmp_path / "b", "--table", faces, "--group", "sex", "--model", "resnet18", "--name", "f")
    found = params.load(tmp_path / "b/params.yaml")
    assert (found.key, found.train.model, list(found.data.table.groups)) == (
        "f",
        "resnet18",
        ["sex"],
    )


@pytest.mark.parametrize(
    ("model", "multiple"), [("timm:mobilenetv3_small_050", "auto"), ("resnet20", 1), (None, 1)]
)
def test_wide_networks_keep_the_widths_that_machines_like(
    model: str | None, multiple: str | int, tmp_path: Path
) -> None:
    create(tmp_path / "mine", Source(), name="mine", model=model)
    found = params.load(tmp_path / "mine/params.yaml")
    assert found.prune.round_to == multiple
    assert found.train.model == (model or "small")


def test_a_folder_of_pictures_is_linked_and_its_pattern_kept(faces: Path, tmp_path: Path) -> None:
    init(tmp_path / "mine", "--folder", faces.parent, "--pattern", "{label}/{sex}_*.png",
         "--group", "sex")  # fmt: skip
    found = params.load(tmp_path / "mine/params.yaml").data
    assert (found.name, found.folder.pattern) == ("folder", "{label}/{sex}_*.png")
    assert list(found.folder.groups) == ["sex"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    create(tmp_path / "mine", Source(), name="mine")
    (tmp_path / "mine/params.yaml").write_text("mine")
    with pytest.raises(ProjectExistsError, match=r"params\.yaml.*nothing was written"):
        create(tmp_path / "mine", Source(), name="mine")
    assert (tmp_path / "mine/params.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"label": ["a", "b"]}, "no column of .* holds paths of pictures"),
        ({"image": ["a.png", "b.png"], "smile": [0, 1]}, "which column of .* is the label"),
        ({"image": ["a.png", "b.png"], "label": ["x", "x"]}, "one value, 'x'"),
    ],
)
def test_a_table_that_cannot_be_guessed_names_its_columns(
    tmp_path: Path, columns: dict[str, list[object]], complaint: str
) -> None:
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=complaint):
        guess_columns(tmp_path / "t.csv")


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be named '2 fast'"):
        create(tmp_path / "mine", Source(), name="2 fast")
    assert not (tmp_path / "mine").exists()


def test_other_data_never_share_the_projects_champion(tmp_path: Path) -> None:
    create(tmp_path / "mine", Source(), name="mine")
    file = tmp_path / "mine/params.yaml"
    with pytest.raises(params.BadParams, match="Add -S name=ANOTHER"):
        params.load(file, ["data.name=cifar10"])
    assert params.load(file, ["data.name=cifar10", "name=tens"]).key == "tens"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("empty.csv", b"", "is empty; needed are names of columns"),
        ("latin.csv", b"image,label\na.png,caf\xe9\nb.png,y\n", "is not a text in UTF-8"),
        ("ragged.csv", b"image,label\na.png,x\nb.png,y,z,w\n", "Expected 2 fields in line 3"),
        ("not.parquet", b"nothing", "is no Parquet table"),
    ],
)
def test_a_file_that_is_no_table_is_named(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"--table: .*{name}.*{complaint}"):
        guess_columns(tmp_path / name)


def test_other_separators_and_names_that_mean_something_in_yaml_are_kept(tmp_path: Path) -> None:
    names = ["image", " label", "a: b", "yes", "{x}", "q'"]
    rows = [["a.png", "x", 1, 0, "u", "v"], *(["b.png", "y", 0, 1, "w", "z"],) * 2]
    (tmp_path / "pics").mkdir()
    file = tmp_path / "pics" / "t.csv"
    pd.DataFrame(rows, columns=names).to_csv(file, sep=";", index=False)
    init(tmp_path / "mine", "--table", file, "--model", "x\n  evil: 1 \\g<0>")
    raw = yaml.safe_load((tmp_path / "mine/params.yaml").read_text())
    table = raw["data"]["table"]
    assert "separator" not in table and table["label"] == "label"
    assert list(table["groups"]) == ["a: b", "yes", "{x}", "q'"]
    assert raw["train"]["model"] == "x\n  evil: 1 \\g<0>"


def test_a_project_does_not_lie_among_its_pictures(faces: Path) -> None:
    for folder in (faces.parent, faces.parent / "mine"):
        with pytest.raises(ValueError, match="would lie in the folder of its pictures"):
            create(folder, Source("table", faces.parent), name="mine")
    assert sorted(path.name for path in faces.parent.iterdir()) == ["faces.csv", "pics"]


def test_a_project_that_could_not_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faircompress.config.new_project.FILES", ("params.yaml", "absent"))
    with pytest.raises(FileNotFoundError):
        create(tmp_path / "mine", Source(), name="mine")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder_for_a_project(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(ProjectExistsError, match="is a file"):
        create(tmp_path / "mine", Source(), name="mine")


def test_classes_in_a_column_each_are_told_with_how_to_join_them(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    for at in range(9):
        (tmp_path / f"{at}.jpg").write_bytes(galleries.jpeg(at))
    rows = [
        {"image": f"{at}.jpg", "MEL": int(at % 3 == 0), "NV": int(at % 3 > 0)} for at in range(9)
    ]
    galleries.write_csv(file, rows)
    with pytest.raises(ValueError, match=r"a 1 in one of 'MEL', 'NV'; needed is one column"):
        guess_columns(file)
    rows[0]["NV"] = 1  # two findings of one picture: no classes
    galleries.write_csv(file, rows)
    with pytest.raises(ValueError, match="which column of .* is the label"):
        guess_columns(file)


def test_a_label_that_is_named_as_group_makes_each_class_one(tmp_path: Path) -> None:
    rows = ["image,kind,sex"] + [f"{n}.png,{'abc'[n % 3]},{'fm'[n % 2]}" for n in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    alone = guess_columns(tmp_path / "t.csv", label="kind", groups=["kind"])
    assert alone.options["groups"] == {"label": {}}
    both = guess_columns(tmp_path / "t.csv", label="kind", groups=["sex", "kind"])
    assert both.options["groups"] == {"label": {}, "sex": {}}
