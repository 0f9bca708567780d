"""The error of params.yaml, known to the command line before it reads any."""

from faircompress.support.errors import InputError


class BadParams(InputError):
    """Everything that is wrong with params.yaml, one line each."""
