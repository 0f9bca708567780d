"""Options that take one value are refused when they are given twice: which one was meant?"""

from typing import Any

from typer.core import TyperCommand

from faircompress.support.errors import InputError


class OneValueEach(TyperCommand):
    """A command that does not silently take the last of two values of one option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a command's words.

        Raises:
            InputError: If an option that takes one value is given more than once.
        """
        given = self.make_parser(ctx).parse_args(list(args))[2]
        for param in set(given):
            repeats = getattr(param, "multiple", False) or getattr(param, "count", False)
            single = not repeats and not getattr(param, "is_flag", False)
            if single and param.param_type_name == "option" and given.count(param) > 1:
                raise InputError(
                    f"{param.opts[0]} is given {given.count(param)} times, and takes one value. "
                    "Say which one is meant."
                )
        return super().parse_args(ctx, args)
