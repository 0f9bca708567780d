"""Names of networks that others wrote, and the files that they stand on. Imports nothing heavy."""

import hashlib
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from faircompress.config.code_sources import Source
from faircompress.support.errors import InputError

TIMM, HUGGING_FACE, PROJECT = "timm", "hf", "project"
OWN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def kind_of(name: str) -> str | None:
    """Return who brings the network of a name; None: it is ours or torchvision's.

    Raises:
        InputError: If it looks like one of theirs, and is none.
    """
    if ":" not in name:
        return None
    start, _, rest = name.partition(":")
    if start in (TIMM, HUGGING_FACE) and rest:
        return start
    if OWN.fullmatch(name) and start not in (TIMM, HUGGING_FACE):
        return PROJECT
    raise InputError(f"{name!r} is none of timm:NAME, hf:FOLDER and package.module:factory")


def project_file(module: str) -> tuple[Path, Path]:
    """Return the file of a module of the project, and the project's folder.

    Raises:
        InputError: If there is none.
    """
    roots = _roots()
    for root in roots:
        stem = root.joinpath(*module.split("."))
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file():
                return file, root
    wanted = Path(*module.split(".")).with_suffix(".py")
    raise InputError(f"{module} is no file of this project: {roots[-1]} has no {wanted}")


def project_path(path: str) -> Path:
    """Return a file or folder that is named from the project, also where a variant of it runs."""
    return next((root / path for root in _roots() if (root / path).exists()), Path(path))


def _roots() -> list[Path]:
    here = Path.cwd()
    return [here, here.parent.parent] if here.parent.name == "variants" else [here]


def stands_on(model: str, weights: str | None) -> list[list[str]]:
    """Return what a network of others is known by: names, and versions or sha256.

    Args:
        model: As in ``train.model``.
        weights: File of ``train.from``, if there is one.
    """
    kind, rest = kind_of(model), model.partition(":")[2]
    found: list[list[str]] = []
    if kind == TIMM:
        found.append(["timm", _version("timm")])
    elif kind == HUGGING_FACE:
        found.append(["transformers", _version("transformers")])
        found += _hashed(project_path(rest) / "config.json")
    elif kind == PROJECT:
        found += _modules(model.partition(":")[0])
    return found + (_hashed(project_path(weights)) if weights else [])


def _modules(first: str) -> list[list[str]]:
    """Return the modules of the project that a module imports, at any depth, and what they mean."""
    found, left = dict[str, str](), {first}
    while left:
        name = left.pop()
        try:
            file, _ = project_file(name)
        except InputError:
            continue
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        try:
            source = Source.of(file.read_bytes(), package)
        except SyntaxError as error:
            raise InputError(f"{file}, line {error.lineno}, is no Python: {error.msg}") from error
        found[name] = source.sha256
        near = {part for dotted in source.imports for part in (dotted, dotted.rpartition(".")[0])}
        left |= {part for part in near if part} - found.keys()
    return [[name, sha256] for name, sha256 in sorted(found.items())]


def _hashed(path: Path) -> list[list[str]]:
    with suppress(OSError), path.open("rb") as file:
        return [[path.name, hashlib.file_digest(file, "sha256").hexdigest()]]
    return []


def _version(library: str) -> str:
    with suppress(PackageNotFoundError):
        return ".".join(version(library).split(".")[:2])
    return "none"
