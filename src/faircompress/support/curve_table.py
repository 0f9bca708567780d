"""A learning curve as the few columns that are plotted whatever the groups are called."""

from collections.abc import Iterator, Mapping

RATES = ("accuracy", "auroc")


def curve_table(epochs: Mapping[str, Mapping[str, float]]) -> list[dict[str, float | int | None]]:
    """Return a row for each epoch: loss, each rate of all rows, and of the worst group.

    Args:
        epochs: As ``Curve.epochs``: rates are named ``accuracy/all``, ``accuracy/hair=short``.
    """
    return [
        {"epoch": int(epoch), "loss": numbers.get("loss"), **dict(_rates(numbers))}
        for epoch, numbers in epochs.items()
    ]


def _rates(numbers: Mapping[str, float]) -> Iterator[tuple[str, float | None]]:
    for rate in RATES:
        of_groups = [
            value
            for name, value in numbers.items()
            if name.startswith(f"{rate}/") and name != f"{rate}/all"
        ]
        yield rate, numbers.get(f"{rate}/all")
        yield f"{rate} of the worst group", min(of_groups, default=None)
