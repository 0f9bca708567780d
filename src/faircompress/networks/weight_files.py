"""State dicts in a file of others: torch.save's or safetensors. No code in a file is ever run."""

import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faircompress.support.errors import InputError, MissingFileError
from faircompress.support.lines import one_line

WAY_OUT = (
    "where the network can be loaded, write its weights alone: "
    "torch.save(net.state_dict(), 'weights.pt')"
)
DAMAGED = (  # what PyTorch's reader raises where bytes of a file are others than were written
    pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, TypeError,
    AttributeError, AssertionError, OSError, OverflowError, MemoryError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip
OTHERS = {  # how files of other kinds begin
    b"PK\x03\x04": "begins as a file of torch.save does, but its end is missing: copy it again",
    b"version ": "is a pointer of Git LFS, and not the weights: run git lfs pull",
    b"\x1f\x8b": "is packed by gzip: unpack it",
    b"\x89HDF": "is an HDF5 file, as Keras writes, of which nothing is read here",
    b"GGUF": "is a GGUF file, of which nothing is read here",
    b"\x93NUMPY": "is an array of numpy, of which nothing is read here",
}
DEEP = 4  # mappings within mappings in which state dicts are looked for

StateDict = dict[str, Tensor]


class _Mapping:
    """What a name of somebody's code becomes, whatever it is called with: a mapping."""

    def __new__(cls, *_: object) -> Any:
        return OrderedDict()


class _Nothing:
    """What a name of numpy or pathlib becomes: their values are no weights."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def read_state_dicts(path: Path) -> dict[tuple[str, ...], StateDict]:
    """Return the state dicts of a file, by the keys that lead to each.

    Raises:
        MissingFileError: If it is not there.
        InputError: If it is no file of weights, with the way out.
    """
    if path.is_dir():
        raise InputError(
            f"train.from {path} is a folder; name the file of the weights in it, such as "
            f"{_named_in(path)}"
        )
    if not path.is_file():
        raise MissingFileError(f"train.from {path}: there is no such file (from {Path.cwd()})")
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size:
        return {(): _safetensors(path)}
    if zipfile.is_zipfile(path):
        _refuse_programs(path)
    elif start[:1] != b"\x80":
        raise InputError(f"train.from {path} {_other_kind(path, start)}")
    content, named = _loaded(path)
    found = dict(_state_dicts(content, ()))
    if not found and named:
        raise InputError(
            f"train.from {path} holds no state dict but objects of code, such as a whole pickled "
            f"network ({', '.join(named[:3])}), whose code is never run here; {WAY_OUT}"
        )
    if not found:
        raise InputError(f"train.from {path} holds no state dict; {WAY_OUT}")
    return found


def _named_in(folder: Path) -> str:
    kinds = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
    there = [one.name for one in sorted(folder.iterdir()) if one.suffix in kinds]
    return there[0] if there else "model.safetensors"


def _other_kind(path: Path, start: bytes) -> str:
    if path.name.endswith(".index.json"):
        return (
            "is the list of several files that hold the weights together, and one file is needed: "
            f"{WAY_OUT}"
        )
    known = next((what for begin, what in OTHERS.items() if start.startswith(begin)), "")
    words = known or "is neither safetensors nor written by torch.save"
    return f"{words}. Needed is a state dict: {WAY_OUT}"


def _loaded(path: Path) -> tuple[Any, list[str]]:
    """Return what torch.save wrote, and the names of code in it, for which nothing stands."""
    named: list[str] = []
    try:
        if zipfile.is_zipfile(path):
            named = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
        inert = [(type("Inert", (_stands_for(name),), {}), name) for name in named]
        with torch.serialization.safe_globals(inert):  # type: ignore[arg-type]  # takes pairs too
            return torch.load(path, map_location="cpu", weights_only=True), named
    except DAMAGED as error:
        raise InputError(
            f"train.from {path} holds more than tensors, such as a whole pickled network, whose "
            f"code is never run here, or it is damaged; {WAY_OUT} ({one_line(str(error), 120)})"
        ) from error


def _stands_for(name: str) -> type:
    return _Nothing if name.startswith(("numpy.", "pathlib.")) else _Mapping


def _safetensors(path: Path) -> StateDict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found: StateDict = load_file(path)
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"train.from {path} is damaged: {error}") from error
    return found


def _refuse_programs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            names = [name.partition("/")[2] or name for name in packed.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise InputError(f"train.from {path} is damaged: {error}; {WAY_OUT}") from error
    if any(name.startswith("code/") or name == "constants.pkl" for name in names):
        raise InputError(
            f"train.from {path} is TorchScript, of which no layer can be cut. Give the network's "
            "own code as train.model (package.module:factory) and its weights alone: "
            f"torch.save(torch.jit.load({str(path)!r}).state_dict(), 'weights.pt')"
        )
    exported = ("serialized_exported_program.json", "archive_format", "models/")
    if any(name.startswith(exported) for name in names):
        raise InputError(
            f"train.from {path} is a program of torch.export, of which no layer can be cut. Give "
            "the network's own code as train.model (package.module:factory) and its weights alone: "
            f"torch.save(torch.export.load({str(path)!r}).state_dict, 'weights.pt')"
        )
    if "data.pkl" not in names:
        raise InputError(
            f"train.from {path} is a zip file that torch.save did not write ({names[0]}). If the "
            f"weights are packed in it, unpack it; else, {WAY_OUT}"
            if names
            else f"train.from {path} is an empty zip file; {WAY_OUT}"
        )


def _state_dicts(
    content: Any, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], StateDict]]:
    """Give the mappings of a checkpoint that hold tensors, outermost first."""
    if not isinstance(content, Mapping) or len(keys) > DEEP:
        return
    tensors = {str(n): t for n, t in content.items() if isinstance(t, Tensor)}
    if tensors:
        yield keys, tensors
    for name, part in content.items():
        if isinstance(name, str):  # an optimiser's state is by number
            yield from _state_dicts(part, (*keys, name))
