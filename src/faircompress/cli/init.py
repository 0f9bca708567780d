"""``faircompress init``: a project of one's own, without a clone."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faircompress.support.errors import InputError, MissingFileError

if TYPE_CHECKING:
    from faircompress.config.new_project import Source


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if missing.")],
    table: Annotated[
        str | None,
        typer.Option(
            help="CSV or Parquet file that names or holds your pictures; of several a folder, or a "
            "pattern: '{split}.csv', 'part-*.parquet'."
        ),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--folder", help="Folder of pictures whose paths say the label.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="The table's column of the label.")] = None,
    image: Annotated[
        str | None,
        typer.Option(help="The table's column of paths, or how to make them: 'pictures/{id}.jpg'."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A column of groups; may be given more than once.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            help="Of the folder's paths, such as '{split}/{label}/*'; each word is a column."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A network: small, resnet18, any torchvision classifier.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of experiment, registered model and ledger; else DIR's.")
    ] = None,
) -> None:
    """Make a project: params.yaml with comments, dvc.yaml, flows/, README.

    Without --table and --folder it has the embedded data.
    What is guessed of a table or a folder says so.
    """
    from faircompress.config import new_project

    if table and pictures:
        raise InputError("--table and --folder are two ways to say where pictures are. Give one.")
    _refuse_idle({"--image": image}, bool(table), "--table")
    _refuse_idle({"--pattern": pattern}, bool(pictures), "--folder")
    both = bool(table or pictures)
    _refuse_idle({"--label": label, "--group": group}, both, "--table or --folder")
    source = new_project.Source()
    if table:
        source = _of_table(table, label, group or [], image, model)
    elif pictures:
        source = _of_folder(pictures, pattern, label, group or [], model)
    name = name or re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    written = new_project.create(folder, source, name=name, model=model)
    typer.echo(f"Wrote {', '.join(one.name for one in written)} in {folder}.")
    for key, value in source.options.items():
        reason = f"   ({source.guesses[key]})" if key in source.guesses else ""
        typer.echo(f"  data.{source.kind}.{key}: {value}{reason}")
    for note in source.notes:
        typer.echo(f"  {note}")
    typer.echo(
        f"Next: look at {folder / 'params.yaml'}, then\n  cd {folder} && faircompress params"
    )


def _refuse_idle(given: dict[str, object], used: bool, by: str) -> None:
    """Refuse options that nothing reads."""
    idle = [name for name, value in given.items() if value]
    if idle and not used:
        raise InputError(f"{idle[0]} is for {by}, which is not given. Leave it out, or give both.")


def _of_table(
    table: str, label: str | None, groups: list[str], image: str | None, model: str | None
) -> "Source":
    from faircompress.config.new_project import Source
    from faircompress.data.guessing_sizes import picture_paths, pictures_side
    from faircompress.data.guessing_tables import guess_table

    home, guess = guess_table(table, label=label, groups=groups, image=image)
    paths = picture_paths(home, str(guess.options["file"]), str(guess.options["image"]))
    side = pictures_side(home, paths, model=model)
    return Source("table", home, guess.options, guess.reasons, side, guess.notes)


def _of_folder(
    pictures: Path, pattern: str | None, label: str | None, groups: list[str], model: str | None
) -> "Source":
    from faircompress.config.new_project import Source
    from faircompress.data.guessing_folder import guess_folder
    from faircompress.data.guessing_sizes import pictures_side
    from faircompress.data.picture_files import PICTURES
    from faircompress.data.table_head import SAMPLE
    from faircompress.data.trees import files_under

    if not pictures.is_dir():
        raise MissingFileError(f"--folder: {pictures} is no folder.")
    guess = guess_folder(pictures, pattern=pattern, label=label, groups=groups)
    found = [path for path in files_under(pictures) if path.lower().endswith(PICTURES)]
    some = found[:: max(len(found) // SAMPLE, 1)][:SAMPLE]  # of all folders
    side = pictures_side(pictures, some, model=model)
    return Source("folder", pictures, guess.options, guess.reasons, side, guess.notes)
