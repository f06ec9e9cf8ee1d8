"""Commands in hints, to be copied as they are."""

import shlex


def next_command(what: str, swift_container: str, *names: str, option: str = "") -> str:
    """Return a command of `regops bootstrap` for a Swift container, in backticks; option is one without a value."""
    options = ["--container", swift_container, *([option] if option else [])]
    # What begins like an option would be taken for one.
    divider = ["--"] if any(name.startswith("-") for name in names) else []
    return f"`{shlex.join(['regops', 'bootstrap', what, *options, *divider, *names])}`"
