"""A project made around the installed package: what ``faircompress init`` writes.

The files are those of this repository's top level; the build copies them into the wheel. Keys that
belong to the user's data are set by what the table's columns hold, and each guess is marked.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from faircompress.config.widths import NARROW
from faircompress.support.dvc_folder import make_dvc_folder
from faircompress.support.errors import InputError
from faircompress.support.files import write_text

FILES = ("params.yaml", "presets.yaml", "dvc.yaml", "flows", "infra")
REPOSITORY = Path(__file__).parents[3]  # where this is an editable install
ONLY_LABEL: dict[str, Any] = {"label": {}}
OF_OTHER_GROUPS = re.compile(  # what binds no group where each class is one, as it is the AUROC
    r"(?m)^    - \{rule: change, metric: cross_group_auroc,.*\n"
)
NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
IGNORED = """\
# what faircompress writes and git does not keep
/data
/artifacts/*/
/artifacts/.*
/artifacts/champion.json
/artifacts/look.json
/.checkpoints/
/variants/
/state/
/mlflow.db*
/.mlflow.db*
/mlruns/
/mlartifacts/
/infra/.env
/.services/
__pycache__/
"""
DVC_IGNORED = "__pycache__\n*.pyc\n/mlartifacts\n"  # MLflow keeps a dvc.yaml of each version there
README = """\
# {name}

A project of faircompress, made by `faircompress init`.

```console
faircompress params     # check params.yaml, the rows and the network, in seconds
faircompress run        # data -> dense model -> pruned model -> ONNX -> verdict
faircompress status     # what the next run would do, last verdict, champion, variants
faircompress open       # the report, in the browser
faircompress ui         # everything that was run, in MLflow
```

`params.yaml` holds every choice. `flows/` and `infra/` are yours to edit. Commit all of it;
`.gitignore` names what stays out.
After a run, commit `dvc.lock` and `artifacts/*.json` too: `dvc pull` then fetches what they name.
"""


@dataclass(frozen=True)
class Source:
    """Where a project's pictures come from.

    Args:
        kind: A data source, ``table`` or ``folder``; ``portraits`` is the embedded one.
        place: Folder that is linked as ``data/KIND``; None: nothing is linked.
        options: Keys of the section ``data.KIND``.
        guesses: Why a key has its value, by key; written beside it.
        side: Pixels to which pictures are brought; None: they stay as they are.
        notes: What else is worth telling.
    """

    kind: str = "portraits"
    place: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    guesses: Mapping[str, str] = field(default_factory=dict)
    side: int | None = None
    notes: tuple[str, ...] = ()


class ProjectExistsError(InputError):
    """Where a project would be written, there is something already."""


def template() -> Path:
    """Return the folder of the files that a project is made of."""
    packed = Path(str(resources.files("faircompress"))) / "project"
    return packed if packed.is_dir() else REPOSITORY


def create(folder: Path, source: Source, *, name: str, model: str | None = None) -> list[Path]:
    """Write a project; return its files and folders.

    Args:
        folder: Where; made if missing.
        source: Where its pictures come from.
        name: Of experiment, registered model and ledger.
        model: The network; None: that of the embedded project.

    Raises:
        ProjectExistsError: If the folder holds a file that would be written.
        ValueError: If the name cannot be one.
    """
    if not NAME.fullmatch(name):
        raise InputError(
            f"the project cannot be named {name!r}: needed are up to 50 lower-case letters, "
            "digits, - and _, a letter first. Give --name."
        )
    written = [".gitignore", ".dvcignore", ".dvc", "README.md", *FILES]
    _refuse_place(folder, source.place, written)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".init-", dir=folder.parent) as aside:
        made = Path(aside) / "project"
        _write(made, source, name=name, model=model)
        if folder.exists():  # the last word, params.yaml, says that all is there
            for one in sorted(made.iterdir(), key=lambda path: path.name == "params.yaml"):
                one.rename(folder / one.name)
        else:
            made.rename(folder)
    return [folder / one for one in written]


def _refuse_place(folder: Path, pictures: Path | None, written: Sequence[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise ProjectExistsError(f"{folder} is a file. Name a folder, or one that is to be made.")
    wanted = [*written, *([] if pictures is None else ["data"])]
    taken = [one for one in wanted if os.path.lexists(folder / one)]
    if taken:
        raise ProjectExistsError(
            f"{folder} holds {', '.join(taken)} already; nothing was written. Name an empty folder."
        )
    if pictures is not None and folder.resolve().is_relative_to(pictures.resolve()):
        raise InputError(
            f"the project {folder} would lie in the folder of its pictures, {pictures}, and be "
            "taken for data. Name a folder elsewhere."
        )


def _write(folder: Path, source: Source, *, name: str, model: str | None) -> None:
    folder.mkdir()
    for one in FILES:
        _copy(template() / one, folder / one)
    params = (folder / "params.yaml").read_text("utf-8")
    write_text(folder / "params.yaml", configured(params, source, name=name, model=model))
    write_text(folder / ".gitignore", IGNORED)
    write_text(folder / ".dvcignore", DVC_IGNORED)
    make_dvc_folder(folder)
    write_text(folder / "README.md", README.format(name=name))
    if source.place is not None:
        link = folder / "data" / source.kind
        link.parent.mkdir()
        link.symlink_to(source.place.resolve(), target_is_directory=True)


def configured(params: str, source: Source, *, name: str, model: str | None) -> str:
    """Return the text of params.yaml with a project's own keys; comments stay."""
    text = re.sub(r"(?m)^name: \S+", f"name: {name}", params, count=1)
    if model is not None:
        line = f"  model: {_flow(model)}"
        text = re.sub(r"(?m)^  model: \S+", lambda _: line, text, count=1)
        if model not in NARROW:
            text = re.sub(r"(?m)^  round_to: \S+", "  round_to: auto", text, count=1)
    if source.kind == "portraits":
        return text
    if source.options.get("groups") == ONLY_LABEL:
        text = OF_OTHER_GROUPS.sub("", text)
    return re.sub(r"(?ms)^data:\n.*?(?=^\w)", lambda _: _section(source) + "\n", text, count=1)


def _section(source: Source) -> str:
    side = _flow(source.side)
    lines = [
        "data:",
        f"  name: {source.kind}",
        f"  resize: {side:<13}  # shorter side, or [height, width], pixels; null: as it is",
        f"  crop: {side:<15}  # centre; side or [height, width], pixels; null: none",
        "  resampler: bilinear      # bilinear, bicubic, lanczos, box",
        "  levels: null             # of grey of more than 8 bits, black and white; null: 16 bits",
        "  transparent: white       # what transparent parts lie on: white, black",
        "  exif: turn               # the rotation that a camera noted: turn, ignore",
        "  counts: pictures         # what rates count: pictures; people: each once",
        f"  {source.kind}:",
        f"    root: data/{source.kind:<13} # a link to your pictures",
    ]
    for key, value in source.options.items():
        reason = " ".join(source.guesses.get(key, "").split())  # it may hold a name of a column
        why = f"  # {reason}" if reason else ""
        lines.append(f"    {key}: {_flow(value)}{why}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
        .removesuffix("...\n")
        .strip()
    )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".env")
        shutil.copytree(source, target, ignore=ignored)
    else:
        shutil.copyfile(source, target)
