"""Whether a network can be cut, trained and judged at all, told before that is tried."""

import inspect

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from faircompress.networks.copies import evaluating
from faircompress.networks.layers import MISFITS, Scored, forget
from faircompress.networks.outputs import given_output, probabilities_given, tensors_in
from faircompress.networks.place import Place
from faircompress.networks.precision import refuse_other_precision
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

BOUND = "what it says of a picture depends on the pictures beside it"


def refuse_unfit(net: nn.Module, pictures: Tensor) -> None:
    """Raise if a network cannot be used, whatever it learns.

    Args:
        net: Gives logits; left as it is.
        pictures: Normalised, random, two or more.

    Raises:
        InputError: Naming the layer.
    """
    refuse_compiled(net)
    _refuse_computed_weights(net)
    _refuse_several_inputs(net)
    was = {module: module.training for module in net.modules()}
    try:
        refuse_other_precision(evaluating(net), pictures)
        _refuse_output(net, pictures)
    finally:
        for module, training in was.items():
            module.training = training
        forget(net)


def refuse_compiled(net: object) -> None:
    """Raise if something is no network of layers, of which some could be cut or named.

    Raises:
        InputError: Saying what to give in its place.
    """
    compiled = {torch.jit.ScriptModule: "TorchScript", torch.fx.GraphModule: "a traced graph"}
    for kind, what in compiled.items():
        if isinstance(net, kind):
            raise InputError(
                f"it is {what}, of which no layer can be cut. Give the nn.Module that it was made "
                "of, and its state_dict()"
            )
    for name, module in net.named_modules() if isinstance(net, nn.Module) else ():
        part = f"its part {name}" if name else "it"
        if isinstance(module, torch.jit.ScriptModule):
            raise InputError(
                f"{part} is TorchScript, of which no layer can be cut. Give the nn.Module that it "
                "was made of"
            )
        if hasattr(module, "_orig_mod"):
            raise InputError(f"{part} is compiled. Give the nn.Module that torch.compile was given")
    if not isinstance(net, nn.Module):
        raise InputError(f"it is a {type(net).__name__}, and needed is a torch.nn.Module")
    _refuse_lazy(net)


def _refuse_lazy(net: nn.Module) -> None:
    lazy = [
        name
        for name, module in net.named_modules()
        if any(map(is_lazy, (*module._parameters.values(), *module._buffers.values())))
    ]
    if lazy:
        raise InputError(
            f"{_listed(lazy)} have no shape yet (lazy modules). Call the network once on pictures "
            "before it is given, where it is made: net(torch.zeros(2, 3, height, width))"
        )


def refuse_batch_bound(net: nn.Module, pictures: Tensor) -> None:
    """Raise if what a network in evaluation mode says of a picture depends on those beside it.

    Args:
        net: Gives logits; in evaluation mode.
        pictures: As it takes them; each is given alone, too.

    Raises:
        InputError: Naming the layer, if it is a norm without statistics.
    """
    for name, module in net.named_modules():
        if isinstance(module, _BatchNorm) and module.running_mean is None:
            raise InputError(
                f"{BOUND}: {name} is a norm without statistics. Set track_running_stats=True"
            )
    try:
        with torch.no_grad():
            together = net(pictures)
    except InputError:
        raise
    except MISFITS as error:
        shape = list(pictures.shape[1:])
        raise InputError(f"it stops on pictures of {shape} ({_in_short(error)})") from error
    _refuse_probabilities(together)
    try:
        with torch.no_grad():
            alone = torch.cat([net(picture[None]) for picture in pictures])
            far = (together - alone).abs().max()
    except InputError:
        raise
    except MISFITS as error:
        raise InputError(
            f"{BOUND}: where each is alone it stops, or gives another shape ({_in_short(error)}). "
            "Does a squeeze() take the axis of pictures away? Name the axis that it is to take"
        ) from error
    forget(net)
    spread = together.std() + together.abs().mean()
    if far > 0.01 * spread:
        raise InputError(f"{BOUND}. Something in it looks at the whole batch; take that out")


def _in_short(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(str(error), 200)}"


def _refuse_computed_weights(net: nn.Module) -> None:
    """Refuse weights that are computed from others: a cut would not reach those."""
    for name, module in net.named_modules():
        old = {"weight_g", "weight_orig"} & {n for n, _ in module.named_parameters(recurse=False)}
        if parametrize.is_parametrized(module) or old:
            raise InputError(
                f"the weights of {name} are computed from others (weight_norm, spectral_norm or "
                "another parametrisation). Take it off first: torch.nn.utils.parametrize."
                f"remove_parametrizations(net.{name}, 'weight'), or torch.nn.utils."
                f"remove_weight_norm(net.{name})"
            )


def _refuse_several_inputs(net: nn.Module) -> None:
    taken = [*inspect.signature(type(net).forward).parameters.values()][1:]  # without self
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p.name for p in taken if p.default is p.empty and p.kind in kinds]
    if len(needed) > 1:
        raise InputError(
            f"its forward needs {', '.join(needed)}, and given are pictures alone. Wrap it in a "
            "module that takes a picture and fills in the rest"
        )


def _refuse_probabilities(output: Tensor) -> None:
    """Raise if all rows lie in 0 to 1 and sum to 1, by whatever way: a softmax would follow."""
    rows = output.detach()
    if rows.ndim != 2 or rows.shape[1] < 2 or len(rows) < 2 or (rows == rows[0]).all():
        return
    if (rows >= 0).all() and (rows.sum(1) - 1).abs().max() < 1e-4:
        raise InputError(
            "what it says of each picture lies in 0 to 1 and sums to 1: probabilities, and logits "
            "are needed. Return what stands before the softmax, or its logarithm (training and the "
            "exported file have a softmax of their own)"
        )


def _refuse_output(net: nn.Module, pictures: Tensor) -> None:
    place = Place()
    try:
        with place.watching(net), torch.enable_grad():
            once, used = _used(net, pictures)
        with torch.no_grad():
            again = net(pictures)
    except InputError:
        raise
    except MISFITS as error:
        why = " ".join(str(error).split()).partition(" Hint: enable anomaly")[0]
        raise InputError(f"{type(error).__name__}{place.words()}: {why[:300]}") from error
    if not torch.allclose(once, again, rtol=1e-3, atol=1e-5, equal_nan=True):
        raise InputError(
            "in evaluation mode it does not say the same twice. Is there functional.dropout "
            "without training=self.training?"
        )
    _refuse_learning(net, pictures)
    if ending := probabilities_given(once):
        raise InputError(
            f"it ends in a {ending}, and logits are needed: take the {ending} out of its forward "
            "(training and the exported file have their own)"
        )
    names = {m: n for n, m in net.named_modules() if isinstance(m, Scored)}
    apart = [m for m in names if m not in used]
    hidden = [m for m in apart if _matters(m, net, pictures)]
    if hidden:
        raise InputError(
            f"no gradient reaches {_listed([names[m] for m in hidden])}, which have a part in what "
            "it says. Take out no_grad and detach in its forward, and set use_reentrant=False "
            "where it checkpoints"
        )
    if apart:
        _refuse_several_heads([names[m] for m in apart], given_output(net, pictures))
    if apart and len(apart) == len(names):
        raise InputError(
            "none of its layers takes part in what it says. Is its forward a function that holds "
            "the network it was made for? Write it as a method of its class"
        )
    if apart:
        raise InputError(
            f"{_listed([names[m] for m in apart])} take no part in what it says of {len(pictures)} "
            "pictures in evaluation mode. Take them out: heads that serve training alone, "
            "left-overs, or ways that other pictures go (early exits, mixtures of experts), of "
            "which nothing can be proved"
        )


def _refuse_several_heads(apart: list[str], given: object) -> None:
    """Refuse layers that have no part in the logits, but may in what is given beside them."""
    beside = {} if isinstance(given, Tensor) else tensors_in(given)
    if len(beside) > 1:
        what = ", ".join(f"{name[1:]} {list(part.shape)}" for name, part in beside.items())
        raise InputError(
            f"{_listed(apart)} take no part in its logits; it gives {what}. Of several heads one "
            "is cut and judged: wrap it in a module that holds no layers of the others and returns "
            "that head's logits"
        )


@torch.no_grad()
def _refuse_learning(net: nn.Module, pictures: Tensor) -> None:
    """Refuse what other pictures change in evaluation mode: nothing can be proved of it."""
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    net(pictures.flip(0, -1) / 2)
    changed = [
        name
        for name, buffer in net.named_buffers()
        if name in before and not torch.allclose(buffer, before[name], 0, 0, equal_nan=True)
    ]
    if changed:
        raise InputError(
            f"in evaluation mode it changes {_listed(changed)} with each picture: an observer of "
            "quantisation, or statistics of its own. Take that out, or let eval() stop it"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")


@torch.no_grad()
def _matters(layer: Scored, net: nn.Module, pictures: Tensor) -> bool:
    """Tell whether a layer's weights matter to what a network says."""
    before, weight = net(pictures), layer.weight.clone()
    layer.weight.mul_(-2).add_(0.5)
    try:
        return not torch.equal(net(pictures), before)
    finally:
        layer.weight.copy_(weight)


def _used(net: nn.Module, pictures: Tensor) -> tuple[Tensor, set[nn.Module]]:
    """Return what a network says, and the layers whose weights that depends on."""
    layers = {m: m.weight for m in net.modules() if isinstance(m, Scored)}
    frozen = [weight for weight in layers.values() if not weight.requires_grad]
    for weight in frozen:
        weight.requires_grad_(True)
    try:
        output = net(pictures)
        if not output.requires_grad:
            raise InputError("no gradient reaches its layers: is there a no_grad in its forward?")
        found = torch.autograd.grad(output.sum(), [*layers.values()], allow_unused=True,
                                    retain_graph=True)  # fmt: skip
    finally:
        for weight in frozen:
            weight.requires_grad_(False)
    return output, {m for m, g in zip(layers, found, strict=True) if g is not None}
