"""Keep torch from overrunning its memory, or erring, in the gradient of 1x1 convolutions.

Both faults are oneDNN's (3.13.3, in torch 2.15.0, on processors with AVX-512), in channels-last
order; ``bench/convolution_crash.py`` shows them, and looks for others. With a stride and fewer
than 16 input channels it writes beyond the buffer in which it gathers what the convolution read:
the process dies, at once or later, or goes on with damaged memory. The shortcuts of every residual
network that lost most of its channels are such convolutions. With a dilation, which means nothing
to a 1x1 kernel, depth-wise and in bfloat16, the gradient of the weights is wrong.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor

GATHERED = 16  # channels from which on the buffer is large enough
_KEPT: list[Any] = []  # torch forgets what is registered when its library is collected


@cache
def mend_convolutions() -> None:
    """See that this process computes the gradients of 1x1 convolutions without stride or dilation.

    A 1x1 convolution with stride s reads every s-th pixel alone. Its gradients are those of a
    convolution without stride over these pixels, where torch takes other code. The mending sits
    below autograd, on the CPU: it serves every network and criterion, and neither layers nor
    traces, files or counts of multiply-adds see it. All other convolutions go to torch's own code.
    """
    from torch.library import Library, get_kernel

    own = get_kernel("aten::convolution_backward", "CPU")

    def backward(
        keys: torch.DispatchKeySet,
        gradient: Tensor,
        inputs: Tensor,
        weight: Tensor,
        bias: list[int] | None,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
        transposed: bool,
        *how: Any,
    ) -> Any:
        def gradients(inputs: Tensor, stride: list[int]) -> Any:
            given = (stride, padding, dilation, transposed, *how)
            return own.call_boxed(keys, gradient, inputs, weight, bias, *given)

        if transposed or any(padding) or weight.shape[2:].numel() > 1:
            return gradients(inputs, stride)
        dilation = [1] * len(dilation)
        if max(stride) == 1 or inputs.shape[1] >= GATHERED or len(stride) != inputs.ndim - 2:
            return gradients(inputs, stride)
        read = (slice(None), slice(None), *(slice(None, None, step) for step in stride))
        of_read, of_weight, of_bias = gradients(inputs[read], [1] * len(stride))
        return _spread(of_read, inputs, read), of_weight, of_bias

    # torch gives no types for them
    # torch gives neither call types
    library = Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    library.impl("convolution_backward", backward, "CPU", with_keyset=True)  # type: ignore[no-untyped-call]
    _KEPT.append(library)


def _spread(of_read: Tensor | None, inputs: Tensor, read: tuple[slice, ...]) -> Tensor | None:
    """Return the gradient of all inputs, which is zero where nothing was read."""
    if of_read is None:  # not asked for
        return None
    of_inputs = torch.zeros_like(inputs)
    of_inputs[read] = of_read
    return of_inputs
