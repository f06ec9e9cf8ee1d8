"""Every failure regops expects, and the exit status it ends with."""

from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What the process ends with, the same for every command and output format."""

    OK = 0
    BAD_NEWS = 1
    USAGE = 2
    UNKNOWN = 3
    BUG = 70
    CANNOT_RUN = 126
    NO_PROGRAM = 127
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class Phase(StrEnum):
    """The stretches of one HTTP exchange, in order: where it stopped is half of the diagnosis."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    REQUEST = "request"
    FIRST_BYTE = "first byte"
    BODY = "body"


class RegopsError(Exception):
    """A failure that was foreseen.

    The message names the target, what was tried and what came back; hint is the next step to try. kind is the
    stable word for scripts. Both texts may quote a server or a container and are escaped where they are shown.
    """

    kind: ClassVar[str] = "error"
    exit_status: ClassVar[ExitStatus] = ExitStatus.UNKNOWN

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Unreachable(RegopsError):
    """The target did not answer as far as one HTTP reply; phase says how far it got, timed_out whether it hung."""

    kind = "unreachable"

    def __init__(self, message: str, *, hint: str = "", phase: Phase, timed_out: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.phase = phase
        self.timed_out = timed_out


class AuthenticationFailed(RegopsError):
    """The target answered, and did not accept who we are."""

    kind = "authentication_failed"


class PermissionDenied(RegopsError):
    """This machine does not let us: not root, no access to a socket or a file."""

    kind = "permission_denied"


class NotFound(RegopsError):
    """The named container, object or file is not there."""

    kind = "not_found"


class NoProgram(NotFound):
    """The container has no program of that name; the status is the one that shells give it."""

    exit_status = ExitStatus.NO_PROGRAM


class CannotRun(NotFound):
    """What the container has under that name is no program, or must not be run; the status is that of shells."""

    exit_status = ExitStatus.CANNOT_RUN


class NotRunning(RegopsError):
    """The container is there, but it has no process that could be looked into."""

    kind = "not_running"


class UnexpectedAnswer(RegopsError):
    """Something answered, but not in the way such a thing answers."""

    kind = "unexpected_answer"


class Unavailable(UnexpectedAnswer):
    """The target answered that it cannot, for now: asking again may help."""


class Changed(UnexpectedAnswer):
    """What was asked about has been replaced by another meanwhile."""


class Conflict(UnexpectedAnswer):
    """The target answered that what was asked does not go together with what it has."""


class Refused(RegopsError):
    """regops will not do this, because it would not be safe; the message says what is in the way."""

    kind = "refused"


class Corrupted(RegopsError):
    """What arrived is not what was announced: a checksum or a length disagrees."""

    kind = "corrupted"
    exit_status = ExitStatus.BAD_NEWS


class Failed(RegopsError):
    """A step that regops carried out for the user ended badly (a build, a start)."""

    kind = "failed"
    exit_status = ExitStatus.BAD_NEWS


class Interrupted(RegopsError):
    """Whoever asked has pressed Ctrl-C before there was an answer."""

    kind = "interrupted"
    exit_status = ExitStatus.INTERRUPTED


class PortTaken(Failed):
    """A port could not be published at an address: somebody has it, or the address is not that host's."""

    def __init__(self, address: str, port: int, reason: str, *, hint: str = "") -> None:
        super().__init__(f"port {port} on {address} cannot be had: {reason}", hint=hint)
        self.address = address
        self.port = port
        self.reason = reason


class ConfigurationError(RegopsError):
    """An option, environment variable or configuration file that cannot be used."""

    kind = "configuration"
    exit_status = ExitStatus.USAGE
