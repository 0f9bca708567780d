"""Weights from a file of others: which of its tensors are those of a network, if any are."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from faircompress.networks.layers import head
from faircompress.networks.tensors import tensors_of
from faircompress.networks.weight_files import StateDict, read_state_dicts
from faircompress.support.errors import InputError

COUNTERS = ("num_batches_tracked", "position_ids", "relative_position_index")  # no weights
WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
ASIDE = ("criterion", "loss", "metric", "accuracy")  # in names of what serves training alone


@dataclass(frozen=True)
class _Candidate:
    """Tensors of a file that may be those of a network.

    Args:
        keys: That lead to their state dict.
        prefix: Before their names there.
        tensors: By their names in the network.
        beside: Tensors of its state dict without that prefix.
    """

    keys: tuple[str, ...]
    prefix: str
    tensors: StateDict
    beside: StateDict

    def __str__(self) -> str:
        """Return where they stand."""
        return repr(".".join([*self.keys, self.prefix]).strip(".") or "the file itself")


def load_weights(net: nn.Module, path: Path, *, fresh_head: bool) -> list[str]:
    """Give a network the weights of a file.

    Args:
        net: As wide as the network the weights are of; changed in place.
        path: A state dict that torch.save wrote, alone or in a checkpoint, or safetensors.
        fresh_head: Whether the layer of the classes may stay as it is, if it does not fit.

    Returns:
        The tensors that stayed as they were.

    Raises:
        InputError: If the file is of another kind, of another network, or of several that fit.
    """
    own = tensors_of(net)
    last = next(n for n, m in net.named_modules() if m is head(net))
    of_head = {name for name in own if name.rpartition(".")[0] == last}
    state_dicts = read_state_dicts(path)
    found = _chosen(state_dicts, own, path, of_head if fresh_head else set())
    misfits = {*_misshapen(own, found), *_missing(own, found)}
    stay = of_head if misfits else set()
    given = {
        name: _values(tensor, own[name], f"train.from {path}: {name}")
        for name, tensor in found.items()
        if name in own and name not in stay and tensor.shape == own[name].shape
    }
    _refuse_two_of_one(own, given, path)
    nn.Module.load_state_dict(net, given, strict=False)  # its own may be another
    return sorted(stay)


def _chosen(
    state_dicts: Mapping[tuple[str, ...], StateDict],
    own: Mapping[str, Tensor],
    path: Path,
    excused: set[str],
) -> StateDict:
    """Return the only tensors of a file that fit a network."""
    every = [one for keys, found in state_dicts.items() for one in _candidates(keys, found, own)]
    fitting = [one for one in every if _fits(one.tensors, own, excused)]
    known = {(one.keys, one.prefix + name) for one in fitting for name in one.tensors}
    whole = [
        one for one in fitting
        if all((one.keys, name) in known or _is_aside(name, t) for name, t in one.beside.items())
    ]  # fmt: skip
    if not whole:
        nearest = max(every, key=lambda one: len(one.tensors.keys() & own.keys()))
        beside = {name: t for name, t in nearest.beside.items() if not _is_aside(name, t)}
        found = {**nearest.tensors, **beside}
        raise InputError(f"train.from {path} {_difference(own, found)}")
    first = whole[0]
    if others := [one for one in whole[1:] if not _equal(one.tensors, first.tensors)]:
        listed = ", ".join(map(str, [first, *others][:4]))
        raise InputError(
            f"train.from {path} holds several sets of weights that fit, {listed}, and they differ. "
            f"Write the one that is meant into a file of its own: {_extraction(others[0], path)}"
        )
    return first.tensors


def _candidates(
    keys: tuple[str, ...], found: StateDict, own: Mapping[str, Tensor]
) -> Iterator[_Candidate]:
    """Give what a state dict holds for each prefix that leaves names of the network."""
    known = {part for name in own for part in name.split(".")}
    off = WRAPPERS - known
    plain = {".".join(p for p in n.split(".") if p not in off): t for n, t in found.items()}
    if len(plain) < len(found):
        plain = found
    prefixes = {""}
    for name in plain:
        parts = name.split(".")
        ends = {".".join(parts[start:]): start for start in range(1, len(parts))}
        prefixes |= {".".join(parts[: ends[end]]) + "." for end in ends.keys() & own.keys()}
    for prefix in sorted(prefixes):
        tensors = {n.removeprefix(prefix): t for n, t in plain.items() if n.startswith(prefix)}
        beside = {name: t for name, t in plain.items() if not name.startswith(prefix)}
        yield _Candidate(keys, prefix, tensors, beside)


def _fits(found: StateDict, own: Mapping[str, Tensor], excused: set[str]) -> bool:
    unfit = {*_misshapen(own, found), *_missing(own, found)} - excused
    return not unfit and not _extra(own, found) and bool(found.keys() & own.keys())


def _is_aside(name: str, tensor: Tensor) -> bool:
    """Tell whether a tensor beside a network's is of its training: a loss, a metric, a count."""
    counts = tensor.ndim == 0 and not tensor.is_floating_point()
    return counts or any(word in name.partition(".")[0].lower() for word in ASIDE)


def _needed(own: Mapping[str, Tensor]) -> set[str]:
    return {name for name in own if not name.endswith(COUNTERS)}


def _misshapen(own: Mapping[str, Tensor], found: StateDict) -> list[str]:
    both = sorted(_needed(own) & found.keys())
    return [name for name in both if found[name].shape != own[name].shape]


def _missing(own: Mapping[str, Tensor], found: StateDict) -> set[str]:
    """Return what a file lacks; of one tensor with two names it needs one."""
    there = {_place(own[name]) for name in own.keys() & found.keys()}
    return {n for n in _needed(own) - found.keys() if _place(own[n]) not in there}


def _extra(own: Mapping[str, Tensor], found: StateDict) -> list[str]:
    return sorted(name for name in found.keys() - own.keys() if not name.endswith(COUNTERS))


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...]]:
    return tensor.data_ptr(), tuple(tensor.shape)


def _equal(one: StateDict, other: StateDict) -> bool:
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape
        and one[name].dtype == other[name].dtype
        and torch.equal(one[name], other[name])
        for name in one
    )


def _refuse_two_of_one(own: Mapping[str, Tensor], given: StateDict, path: Path) -> None:
    """Refuse two values of a tensor that has two names in the network."""
    first: dict[tuple[int, tuple[int, ...]], str] = {}
    for name in sorted(given):
        other = first.setdefault(_place(own[name]), name)
        if own[name].numel() and not torch.equal(given[name], given[other]):
            raise InputError(
                f"train.from {path} gives {other} and {name} different values, and they are one "
                "tensor in train.model. Is it the network that the weights are of?"
            )


def _values(tensor: Tensor, own: Tensor, what: str) -> Tensor:
    """Return a tensor's numbers; refuse what would not be the same numbers in the network."""
    if tensor.is_meta:
        raise InputError(f"{what} has no values: it was saved from the device meta")
    if tensor.is_quantized or _sort_of(tensor) != _sort_of(own):
        raise InputError(
            f"{what} is {_kind(tensor)} there and {_kind(own)} here. Write the weights of the "
            "network as it was before it was quantised or converted"
        )
    values = tensor if tensor.layout == torch.strided else tensor.to_dense()
    if _finite(own) and not _finite(values):
        raise InputError(f"{what} holds numbers that are not finite; needed are trained weights")
    return values


def _finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor.float() if tensor.is_floating_point() else tensor).all())


def _sort_of(tensor: Tensor) -> str:
    if tensor.is_complex():
        return "complex"
    return "real" if tensor.is_floating_point() else "whole"


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _extraction(one: _Candidate, path: Path) -> str:
    """Return the lines that write a set of weights into a file of its own."""
    if path.suffix == ".safetensors":
        held = f"safetensors.torch.load_file({str(path)!r})"
    else:
        held = f"torch.load({str(path)!r}, weights_only=True)"
    held += "".join(f"[{key!r}]" for key in one.keys)
    if one.prefix:
        held = f"{{n: t for n, t in {held}.items() if n.startswith({one.prefix!r})}}"
    return f"torch.save({held}, 'weights.pt')"


def _difference(own: Mapping[str, Tensor], found: StateDict) -> str:
    wrong, missing, extra = (
        _misshapen(own, found), _missing(own, found), _extra(own, found)
    )  # fmt: skip
    parts = [
        f"{n} is {list(found[n].shape)} there and {list(own[n].shape)} here" for n in wrong[:2]
    ]
    if missing:
        parts.append(f"it lacks {len(missing)} of {len(own)} tensors, {_listed(missing)}")
    if extra:
        parts.append(f"it has {len(extra)} that are not known, {_listed(extra)}")
    listing = "; ".join(parts)
    return f"holds the weights of another network: {listing}. Is train.model the one they are of?"


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (" ..." if len(names) > 3 else "")
