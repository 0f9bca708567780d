"""What can be wrong with a ledger, or with a look that is asked for."""

from faircompress.support.errors import InputError


class LedgerError(InputError):
    """A look that cannot be booked, or a ledger that cannot be used."""


class BrokenLedgerError(LedgerError):
    """A ledger, its key or one of its test sets is not what was written."""


class NeedsReviewerError(LedgerError):
    """A limit changed after a look, and no reviewer is named."""
