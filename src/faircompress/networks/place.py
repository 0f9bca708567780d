"""Where in a network one is, for whom it stops."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from faircompress.networks.layers import MISFITS

OVERWRITTEN = "modified by an inplace operation"  # as torch says it, long after it was done


class Place:
    """Where in a network one is, for whom it stops."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.behind = ""
        self.given: tuple[Any, ...] = ()

    @contextmanager
    def watching(self, net: nn.Module) -> Iterator[None]:
        """Follow what runs."""
        try:
            with self._followed(net):
                yield
        except RuntimeError as error:
            if OVERWRITTEN in str(error):
                self._go_to_overwritten(net)
            raise

    def words(self) -> str:
        """Name the innermost layer that did not end, or else the last that did."""
        if self.inside and self.inside[-1]:
            return f" in layer {self.inside[-1]}"
        return f" behind layer {self.behind}" if self.behind else ""

    @contextmanager
    def _followed(self, net: nn.Module) -> Iterator[None]:
        with ExitStack() as hooks:
            for name, module in net.named_modules():
                hooks.enter_context(module.register_forward_pre_hook(self._enters(name)))
                hooks.enter_context(module.register_forward_hook(self._leaves))
            yield

    def _enters(self, name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def enter(module: nn.Module, given: tuple[Any, ...]) -> None:  # noqa: ARG001 - torch's form
            self.inside.append(name)
            if not name:
                self.given = given

        return enter

    def _leaves(self, module: nn.Module, given: object, output: object) -> None:  # noqa: ARG002
        self.behind = self.inside.pop()

    def _go_to_overwritten(self, net: nn.Module) -> None:
        """Find what the gradient needs and was overwritten; torch tells only when it is late."""
        needed: list[tuple[tuple[list[str], str], Tensor, int]] = []

        def keep(tensor: Tensor) -> Tensor:
            needed.append((([*self.inside], self.behind), tensor, tensor._version))
            return tensor

        given, self.inside, self.behind = self.given, [], ""
        with (
            suppress(*MISFITS), self._followed(net), torch.enable_grad(),
            saved_tensors_hooks(keep, lambda tensor: tensor),
        ):  # fmt: skip
            net(*given)
        changed = (where for where, tensor, version in needed if tensor._version != version)
        self.inside, self.behind = next(changed, ([], ""))
