"""Weights from a file of others: a state dict or safetensors. No code in a file is ever run."""

import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from faircompress.networks.layers import head
from faircompress.networks.tensors import tensors_of
from faircompress.support.errors import InputError, MissingFileError

HOLDERS = ("state_dict", "model_state_dict", "model", "weights", "net", "module", "params")
WAY_OUT = (
    "where the network can be loaded, write its weights alone: "
    "torch.save(net.state_dict(), 'weights.pt')"
)
DAMAGED = (  # what PyTorch's reader raises where bytes of a file are others than were written
    pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, TypeError,
    AttributeError, AssertionError, OSError, OverflowError, MemoryError, struct.error,
    zipfile.BadZipFile,
)  # fmt: skip
COUNTERS = ("num_batches_tracked", "position_ids", "relative_position_index")  # no weights


def load_weights(net: nn.Module, path: Path, *, fresh_head: bool) -> list[str]:
    """Give a network the weights of a file.

    Args:
        net: As wide as the network the weights are of; changed in place.
        path: A state dict that torch.save wrote, alone or in a checkpoint, or safetensors.
        fresh_head: Whether the layer of the classes may stay as it is, if it does not fit.

    Returns:
        The tensors that stayed as they were.

    Raises:
        InputError: If the file is of another kind, or of another network.
    """
    own = tensors_of(net)
    found = _named_alike(read_weights(path), own)
    needed = {name for name in own if not name.endswith(COUNTERS)}
    wrong = [name for name in needed & found.keys() if found[name].shape != own[name].shape]
    missing, extra = needed - found.keys(), {*found} - {*own}
    last = next(n for n, m in net.named_modules() if m is head(net))
    of_head = {name for name in own if name.rpartition(".")[0] == last}
    excused = of_head if fresh_head else set()
    if {*wrong} - excused or missing - excused or any(not n.endswith(COUNTERS) for n in extra):
        raise InputError(f"train.from {path} {_difference(own, found, wrong, missing, extra)}")
    stay = of_head if {*wrong, *missing} else set()
    given = {name: tensor for name, tensor in found.items() if name in own and name not in stay}
    nn.Module.load_state_dict(net, given, strict=False)  # its own may be another
    return sorted(stay)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name.

    Raises:
        MissingFileError: If it is not there.
        InputError: If it is no file of weights, with the way out.
    """
    if not path.is_file():
        raise MissingFileError(f"train.from {path}: there is no such file (from {Path.cwd()})")
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size:
        return _safetensors(path)
    if zipfile.is_zipfile(path):
        _refuse_programs(path)
    elif start[:1] != b"\x80":
        raise InputError(
            f"train.from {path} is neither safetensors nor written by torch.save; {WAY_OUT}"
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise InputError(
            f"train.from {path} holds more than tensors, such as a whole pickled network, whose "
            f"code is never run here, or it is damaged; {WAY_OUT} "
            f"({' '.join(str(error).split())[:120]})"
        ) from error
    return _tensors(content, path)


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found: dict[str, Tensor] = load_file(path)
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


def _tensors(content: Any, path: Path) -> dict[str, Tensor]:
    """Return the state dict in a checkpoint."""
    while isinstance(content, Mapping):
        found = {str(n): t for n, t in content.items() if isinstance(t, Tensor)}
        inner = next((n for n in HOLDERS if isinstance(content.get(n), Mapping)), None)
        if inner is None and found:
            return found
        if inner is None:
            break
        content = content[inner]
    raise InputError(f"train.from {path} holds no state dict; {WAY_OUT}")


def _named_alike(found: dict[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off what wrappers put before the names, if more of them are known without it."""
    best = found
    while found:
        first = {name.partition(".")[0] for name in found}
        if len(first) != 1 or not all("." in name for name in found):
            break
        found = {name.partition(".")[2]: tensor for name, tensor in found.items()}
        if len(found.keys() & own.keys()) > len(best.keys() & own.keys()):
            best = found
    return best


def _difference(
    own: Mapping[str, Tensor],
    found: Mapping[str, Tensor],
    wrong: list[str],
    missing: set[str],
    extra: set[str],
) -> str:
    parts = [
        f"{n} is {list(found[n].shape)} there and {list(own[n].shape)} here"
        for n in sorted(wrong)[:2]
    ]
    if missing:
        parts.append(f"it lacks {len(missing)} of {len(own)} tensors, {_listed(missing)}")
    if extra:
        parts.append(f"it has {len(extra)} that are not known, {_listed(extra)}")
    listing = "; ".join(parts)
    return f"holds the weights of another network: {listing}. Is train.model the one they are of?"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (" ..." if len(names) > 3 else "")
