"""Options that take one value are refused when it is given twice, or is empty: what was meant?"""

from typing import Any

from typer.core import TyperCommand

from faircompress.support.errors import InputError


class OneValueEach(TyperCommand):
    """A command that does not silently take the last of two values of one option, or none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a command's words.

        Raises:
            InputError: If an option that takes one value is given more than once, or any is empty.
        """
        values, _, given = self.make_parser(ctx).parse_args(list(args))
        for param in set(given):
            if param.param_type_name == "option" and _is_empty(values.get(param.name)):
                raise InputError(
                    f"{param.opts[0]} is empty, as where a variable of the shell is not set. Say "
                    "what is meant, or leave the option out."
                )
            repeats = getattr(param, "multiple", False) or getattr(param, "count", False)
            single = not repeats and not getattr(param, "is_flag", False)
            if single and param.param_type_name == "option" and given.count(param) > 1:
                raise InputError(
                    f"{param.opts[0]} is given {given.count(param)} times, and takes one value. "
                    "Say which one is meant."
                )
        return super().parse_args(ctx, args)


def _is_empty(value: Any) -> bool:
    every = value if isinstance(value, list) else [value]
    return any(isinstance(one, str) and not one.strip() for one in every)
