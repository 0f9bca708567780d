"""Networks that others wrote: of timm, of Hugging Face, of the user's own project.

``timm:NAME`` and ``hf:FOLDER`` are built by these libraries, ``package.module:factory`` by a file
of the project. They give logits in whatever form; ``outputs.py`` takes them out.
"""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

from torch import nn

from faircompress.config.brought_names import TIMM, kind_of, project_file, project_path
from faircompress.networks.layers import MISFITS
from faircompress.networks.outputs import adapt
from faircompress.support.errors import InputError


def build_brought(name: str, classes: int, *, pretrained: bool = False) -> nn.Module:
    """Build a network of others with so many classes.

    Args:
        name: ``timm:NAME``, ``hf:FOLDER`` or ``package.module:factory``.
        classes: Of the data.
        pretrained: With ImageNet's weights, which timm alone has.

    Raises:
        InputError: If there is none of that name, or it cannot be built.
    """
    kind, rest = kind_of(name), name.partition(":")[2]
    if pretrained and kind != TIMM:
        raise InputError(f"{name} has no imagenet weights; set train.weights: null and train.from")
    if kind == TIMM:
        return _of_timm(rest, classes, pretrained)
    net = (
        _of_hugging_face(project_path(rest), classes)
        if kind == "hf"
        else _of_project(name, classes)
    )
    return adapt(net, classes)


def _of_timm(name: str, classes: int, pretrained: bool) -> nn.Module:
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:8]}*")[:5]
        raise InputError(f"timm has no model {name!r}. Near: {', '.join(near) or 'none'}")
    try:
        net: nn.Module = timm.create_model(name, pretrained=pretrained, num_classes=classes)
    except OSError as error:
        raise InputError(
            f"ImageNet weights of timm:{name} could not be downloaded ({error}). Go online once, "
            "or set train.weights: null, or train.from to a file of them"
        ) from error
    return net


def _of_hugging_face(folder: Path, classes: int) -> nn.Module:
    from transformers import AutoConfig, AutoModelForImageClassification

    if not (folder / "config.json").is_file():
        raise InputError(
            f"hf:{folder} is no folder with a config.json. Download the network once, with its "
            f"own tools, and name the folder; nothing is fetched here"
        )
    try:
        config = AutoConfig.from_pretrained(
            folder, num_labels=classes, local_files_only=True, trust_remote_code=False
        )
        # transformers gives no types for it
        # transformers gives this call no types
        made = AutoModelForImageClassification.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"hf:{folder} is no image classifier that transformers knows: {error}"
        ) from error
    net: nn.Module = made.float()  # whatever its folder says, as its weights are widened
    return net


def _of_project(name: str, classes: int) -> nn.Module:
    module, _, factory = name.partition(":")
    file, root = project_file(module)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        found = importlib.import_module(module)
    except (ImportError, SyntaxError, *MISFITS) as error:
        raise InputError(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
    if Path(str(found.__file__)).resolve() != file.resolve():
        raise InputError(
            f"{module} is also the name of {found.__file__}; rename {file.name}, and train.model"
        )
    make = getattr(found, factory, None)
    if make is None:
        raise InputError(f"{file} has no {factory!r}")
    try:
        net = make(**_arguments(make, classes)) if not isinstance(make, nn.Module) else make
    except MISFITS as error:
        raise InputError(f"{name} stopped: {type(error).__name__}: {error}") from error
    if not isinstance(net, nn.Module):
        raise InputError(f"{name} gave a {type(net).__name__}, and needed is a torch.nn.Module")
    return net


def _arguments(make: Any, classes: int) -> dict[str, int]:
    """Return what a factory is told: how many classes, if it asks."""
    asked = inspect.signature(make).parameters
    return next(({n: classes} for n in ("classes", "num_classes", "n_classes") if n in asked), {})
