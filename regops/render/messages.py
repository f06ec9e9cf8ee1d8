"""What is said on stderr beside an answer: one line in a pipe, wrapped between words on a terminal."""

import os
import sys


def say(label: str, text: str) -> None:
    """Print `label: text`, which must be harmless already; on a terminal, what goes on stands below the text."""
    said = f"{label}: {text}"
    print(_wrapped(said, " " * (len(label) + 2)) if sys.stderr.isatty() else said, file=sys.stderr, flush=True)


def _wrapped(text: str, indent: str) -> str:
    from textwrap import TextWrapper  # in a pipe nobody needs it

    first, *others = text.split("\n")
    # A path or a reference that fits a line stays whole, so that it can be copied: nothing else than blanks divides.
    wrapper = TextWrapper(_columns(), break_long_words=False, break_on_hyphens=False, expand_tabs=False)
    lines = [line for each in others for line in wrapper.wrap(each) or [""]]
    wrapper.subsequent_indent = indent
    return "\n".join([*wrapper.wrap(first), *lines])


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
