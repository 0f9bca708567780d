"""The precisions a pruned network goes out in, in the order in which their files are judged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator

from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from faircompress.config.params import Params

Precision = Literal["fp32", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def stem(precision: str) -> str:
    """Return the name of a precision's file, without suffix."""
    return "pruned" if precision == PRECISIONS[0] else f"pruned-{precision}"


def exported(artifacts: Path) -> dict[Precision, Path]:
    """Return the pruned file of each precision that ``export`` wrote, in the order of judging."""
    files = {
        precision: artifacts / "export" / f"{stem(precision)}.onnx" for precision in PRECISIONS
    }
    return {precision: file for precision, file in files.items() if file.exists()}


def verdict_folder(artifacts: Path, precision: str) -> Path:
    """Return the folder of what ``gate`` wrote on a precision that it judged.

    What it wrote on the file that goes out lies in its own folder itself.
    """
    own = artifacts / "gate" / precision
    return own if own.exists() else artifacts / "gate"


def in_order_of_evaluation(asked: Sequence[Precision]) -> Sequence[Precision]:
    """Return precisions as they are if they can be judged one after the other.

    Raises:
        ValueError: If the first is missing, one comes twice, or their order is another.
    """
    wanted = [p for p in PRECISIONS if p in asked or p == PRECISIONS[0]]
    if list(asked) != wanted:
        raise InputError(
            f"precisions are judged in the order {', '.join(PRECISIONS)}, starting with "
            f"{PRECISIONS[0]}; write [{', '.join(wanted)}]"
        )
    return asked


InOrder = Annotated[list[Precision], AfterValidator(in_order_of_evaluation)]


def one_file_is_topped_up(params: "Params") -> "Params":
    """Return params as they are, unless parts of a look would be of several files.

    Raises:
        ValueError: If topping up is declared for more than one file.
    """
    several = len(params.export.precisions)
    if params.gate.topping_up and several > 1:
        raise InputError(
            f"gate.topping_up is declared for one file, and export.precisions names {several}: a "
            "later one is evaluated only if all before it pass, so its parts would be others. "
            "Write export.precisions: [fp32], or leave topping_up out"
        )
    return params
