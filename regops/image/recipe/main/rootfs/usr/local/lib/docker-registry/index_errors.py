"""Why the index cannot have what it should."""


class IndexFailed(Exception):
    """The index could not be asked or did not do it; the text says why, without credentials."""


class LookFailed(Exception):
    """The registry did not say what it has; the text says why."""
