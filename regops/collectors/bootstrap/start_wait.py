"""Waiting for a registry that was just started, and its last words when that is in vain."""

import re
from dataclasses import dataclass

from regops.collectors.instances import read_container
from regops.errors import ConfigurationError, Failed, NotFound, RegopsError, Unreachable
from regops.ports import Clock, Engine, Registry
from regops.secret import Secret, mask_url

_ALIVE = frozenset({200, 401})
_STEP_SECONDS = 0.2
_ASK_SECONDS = 5.0
_READ_LINES = 100
_LAST_LINES = 10
_LAST_BYTES = 16384
_TELLING_LINES = 5
# Where the registry's own words are, in our image and in the classic ones; a container's output is supervisord's.
_LOG = "/var/log/supervisor/docker-registry.log"

# The classic registry prints the live token when Swift refuses it something.
_TOKEN = re.compile(r"(x-(?:auth|storage)-token['\": =]+)[^\s'\",}]+", re.IGNORECASE)
# What supervisord says of every start that goes well.
_ROUTINE = re.compile(
    r"[0-9-]{10} [0-9:]{8},[0-9]{3} (?:INFO (?!exited:|gave up:|spawnerr:)"
    r"|[A-Z]{4} (?:Included extra file|Set uid to user|Server 'unix_http_server' running))"
)
# The status of sysexits.h's EX_CONFIG, with which our image ends.
_REFUSED_SETTING = 78
_TELLING = re.compile(r"panic:|fatal|error|level=warn", re.IGNORECASE)
_LEAST_SECRET = 4  # a shorter one is in every other word


@dataclass(frozen=True, slots=True)
class Waiting:
    """For which container, and how long; secrets are what must not be seen in its last lines."""

    container: str
    container_id: str
    seconds: float
    secrets: tuple[Secret, ...]


def wait_until_it_answers(engine: Engine, registry: Registry, waiting: Waiting, clock: Clock) -> None:
    """Return once the registry answers. Raises as check_it_runs does, and Failed when it does not answer in time."""
    ends = clock.monotonic() + waiting.seconds
    while True:
        fault = _fault(registry)
        if not fault:
            return
        check_it_runs(engine, waiting)
        if clock.monotonic() > ends:
            raise failed(engine, waiting, f"did not answer within {waiting.seconds:g} s: {fault}")
        clock.sleep(_STEP_SECONDS)


def check_it_runs(engine: Engine, waiting: Waiting) -> None:
    """Raise ConfigurationError where the image refused a setting, Failed where it ended otherwise, with last lines."""
    try:
        container = read_container(engine, waiting.container_id)
    except NotFound as error:
        raise Failed(f"somebody removed the container {waiting.container} while it started") from error
    if container.running:
        return
    code = f" with exit code {container.exit_code}" if container.exit_code else ""
    if container.exit_code == _REFUSED_SETTING:
        raise ConfigurationError(_last_words(engine, waiting, f"ended{code}, for it refuses a setting"))
    raise failed(engine, waiting, f"ended{code}")


def _fault(registry: Registry) -> str:
    """Return why a registry does not answer yet, "" when it does.

    The classic one has no /v2/, and some send plain HTTP's away from it, to TLS or altogether.
    """
    faults: list[str] = []
    for path in ("/v2/", "/_ping"):
        try:
            reply = registry.get(path, timeout_seconds=_ASK_SECONDS)
        except Unreachable as error:
            return error.message
        except RegopsError as error:
            faults.append(error.message)
            continue
        if reply.status in _ALIVE:
            return ""
        faults.append(f"{path} answers {reply.status} {reply.reason}".rstrip())
    return faults[0]


def failed(engine: Engine, waiting: Waiting, how: str, *, hint: str = "") -> Failed:
    """Return the error for a container that will not do, with its last lines; how goes on after its name."""
    return Failed(_last_words(engine, waiting, how), hint=hint)


def _last_words(engine: Engine, waiting: Waiting, how: str) -> str:
    output, own = _output(engine, waiting.container_id), _own_log(engine, waiting.container_id)
    telling = [line for line in output if not _ROUTINE.match(line)]
    lines = [*(telling if telling or own else output)[len(own) - _LAST_LINES :], *own]
    said = "".join(f"\n  {_hidden(line, waiting.secrets)}" for line in lines) if lines else " it said nothing"
    return f"the container {waiting.container} {_hidden(how, waiting.secrets)}; its last lines:{said}"


def _output(engine: Engine, container_id: str) -> list[str]:
    try:
        told = b"".join(engine.logs(container_id, lines=_READ_LINES))
    except RegopsError:
        return []
    return told[-_LAST_BYTES:].decode("utf-8", "backslashreplace").splitlines()


def _own_log(engine: Engine, container_id: str) -> list[str]:
    try:
        told = engine.read_file(container_id, _LOG, limit_bytes=_LAST_BYTES)
    except RegopsError:
        return []
    lines = told.decode("utf-8", "backslashreplace").splitlines()
    # A Go program ends with the reason, and then with a page of where it was.
    telling = [line for line in lines if _TELLING.search(line)]
    return list(dict.fromkeys(telling))[-_TELLING_LINES:] or lines[-_TELLING_LINES:]


def _hidden(line: str, secrets: tuple[Secret, ...]) -> str:
    # The longest first: one may be the beginning of another, whose rest would be left.
    for secret in sorted(secrets, key=lambda secret: -len(secret.reveal())):
        if len(secret.reveal()) >= _LEAST_SECRET:
            line = line.replace(secret.reveal(), str(secret))
    return _TOKEN.sub(r"\g<1>***", mask_url(line))
