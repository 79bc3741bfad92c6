"""What can go wrong on a fresh machine, said so that a person can mend it."""


class LocalError(RuntimeError):
    """Base: the message says what is missing and how to get it."""
