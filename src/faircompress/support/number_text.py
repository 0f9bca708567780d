"""How numbers are written for people: one home, so that all pages write them alike."""

ARROW, DOT = "\N{RIGHTWARDS ARROW}", "\N{MIDDLE DOT}"
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
SAME = 1e-9  # numbers nearer than this differ by rounding alone
NOTHING = 0.0005  # a change that would be written as 0.000, or as 0.0 points


def decimals(number: float, *others: float, least: int = 3, most: int = 6) -> int:
    """Return how many decimals show on which side of some others a number lies."""
    apart = [other for other in others if abs(other - number) > SAME]
    for digits in range(least, most):
        if all(round(number, digits) != round(other, digits) for other in apart):
            return digits
    return most


def signed(number: float, *others: float) -> str:
    """Write a change with its sign, finely enough to tell it from others."""
    return minus(f"{number:+.{decimals(number, *others)}f}")


def unsigned(number: float, *others: float) -> str:
    """Write a rate, finely enough to tell it from others."""
    return minus(f"{number:.{decimals(number, *others)}f}")


def minus(text: str) -> str:
    """Write a proper minus sign, and none before a zero."""
    bare = text.lstrip("+-")
    zero = float(bare) == 0
    return bare if zero else text.replace("-", MINUS)


def as_number(text: str) -> float:
    """Read a number that was written with a proper minus sign."""
    return float(text.replace(MINUS, "-"))


def percent(share: float) -> str:
    """Write a confidence: 0.975 as 97.5 %."""
    return f"{100 * share:.4g} %"


def share(number: float, *others: float) -> str:
    """Write a share: 0.9917 as 99.2 %, finely enough to tell it from others."""
    digits = decimals(100 * number, *(100 * other for other in others), least=1, most=4)
    return f"{minus(f'{100 * number:.{digits}f}')} %"


def points(change: float, *others: float) -> str:
    """Write a change of a share: -0.159 as -15.9 points, with a proper minus sign."""
    digits = decimals(100 * change, *(100 * other for other in others), least=1, most=4)
    return f"{minus(f'{100 * change:+.{digits}f}')} points"


def plain_points(change: float) -> str:
    """Write the size of a change of a share: 0.1 as 10 points, 0.01 as 1 point."""
    text = f"{100 * abs(change):.3g}"
    return f"{text} point{'' if text == '1' else 's'}"


def went(before: float, after: float) -> str:
    """Write how a score went: 0.994 to 0.982, or that it is unchanged."""
    return _went(unsigned(before), unsigned(after), abs(after - before))


def went_share(before: float, after: float) -> str:
    """Write how a share went: 97.1 % to 81.2 %, or that it is unchanged."""
    return _went(share(before), share(after), abs(after - before))


def _went(old: str, new: str, change: float) -> str:
    if old == new or change < NOTHING:
        return f"unchanged ({new})"
    return f"{old.removesuffix(' %')} {ARROW} {new}"


def times(ratio: float) -> str:
    """Write how many times: 4.01 as 4.0 and a cross, 16.2 as 16, 0.674 as 0.67."""
    text = f"{ratio:.2f}" if ratio < 0.995 else f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"
    return f"{text}{TIMES}"


def milliseconds(number: float) -> str:
    """Write a time."""
    return f"{number:.3g} ms" if number < 1000 else f"{number:,.0f} ms"


def quantity(number: float) -> str:
    """Write a number of weights or multiply-adds: 7031936 as 7.03 M."""
    return _scaled(number, ("", " k", " M", " G", " T"))


def file_size(number: float) -> str:
    """Write bytes: 312888 as 313 kB."""
    return _scaled(number, (" B", " kB", " MB", " GB"))


def _scaled(number: float, units: tuple[str, ...]) -> str:
    for unit in units[:-1]:
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:,.3g}{units[-1]}"
