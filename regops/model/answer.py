"""What every answer has in common: whom it is about, and what it means for the exit status."""

from dataclasses import dataclass
from typing import Protocol

from regops.errors import ExitStatus


@dataclass(frozen=True, slots=True)
class Target:
    """What was asked: a registry's address, a Docker container, a Swift container; None where it plays no part.

    url carries no credentials: it went through `mask_url`.
    """

    url: str | None = None
    container: str | None = None
    swift_container: str | None = None


@dataclass(frozen=True, slots=True)
class PartFailure:
    """Why one of several things failed: the words it would have ended the command with alone."""

    kind: str
    message: str
    hint: str


def part_failure(name: str, kind: str, message: str, hint: str) -> PartFailure:
    """Return the failure of one of several things, whose message names it."""
    shown = name if name.isprintable() else repr(name)
    return PartFailure(kind, message if shown in message else f"{shown}: {message}", hint)


def part_failures(answer: object) -> tuple[PartFailure, ...]:
    """Return why parts of an answer failed; most answers have no parts, and no `failures`."""
    found: tuple[PartFailure, ...] = getattr(answer, "failures", ())
    return found


class Answer(Protocol):
    """A frozen dataclass that a command prints and exits with.

    Field names carry their unit: a duration ends in `_seconds` (JSON shows it as `_ms`), a size in `_bytes`.
    """

    @property
    def target(self) -> Target:
        """Whom the answer is about."""
        ...

    @property
    def exit_status(self) -> ExitStatus:
        """OK when all is well, BAD_NEWS when something was found broken, UNKNOWN when nothing could be asked."""
        ...
