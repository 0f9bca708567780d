"""One tree of errors: what a user can mend. Anything else is a bug and shows its traceback."""


class FaircompressError(Exception):
    """Something the user can mend; its words say what was found, what is needed, what to do."""


class InputError(FaircompressError, ValueError):
    """A value, key, row or file that was given cannot be used."""


class MissingFileError(FaircompressError, FileNotFoundError):
    """A file or folder that is needed is not there."""


class StateError(FaircompressError, RuntimeError):
    """What was asked for cannot be done as things stand: a server, a lock, an earlier result."""
