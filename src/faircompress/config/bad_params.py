"""The error of params.yaml, known to the command line before it reads any."""


class BadParams(ValueError):
    """Everything that is wrong with params.yaml, one line each."""
