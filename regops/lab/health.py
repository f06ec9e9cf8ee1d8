"""Are the lab's two servers well: one question each, answered with the fault, or with nothing."""

from parsers.errors import ParseError
from parsers.registry_status import UNCONFIGURED, parse_registry_status
from regops.errors import RegopsError
from regops.lab.containers import HTTP, Part, find
from regops.lab.tools import Tools
from regops.ports import Registry

_STEP_SECONDS = 0.1
_V2_SECONDS, _STATUS_SECONDS = 5.0, 10.0
_ALIVE = (200, 401)
_LAST_LINES = 15


def registry_fault(registry: Registry) -> str:
    """Return why a registry is not well, "" when it is: it answers, and its store keeps what it is given."""
    try:
        alive = registry.get("/v2/", timeout_seconds=_V2_SECONDS)
        if alive.status not in _ALIVE:
            return f"{registry.url}/v2/ answers {alive.status} {alive.reason}".rstrip()
        status = registry.get("/_status", timeout_seconds=_STATUS_SECONDS)
        if status.status == 200:
            return ""
        told = parse_registry_status(status.text, source=f"{registry.url}/_status")
    except RegopsError as error:
        return error.message
    except ParseError as error:
        return str(error)
    return "; ".join(f"{one.service}: {one.text}" for one in told.failures if one.text != UNCONFIGURED)


def swift_fault(proxy: Registry) -> str:
    """Return why a Swift is not well, "" when it is."""
    try:
        reply = proxy.get("/healthcheck", timeout_seconds=_V2_SECONDS)
    except RegopsError as error:
        return error.message
    return "" if reply.status == 200 else f"{proxy.url}/healthcheck answers {reply.status}"


def wait_until_well(tools: Tools, part: Part, lab: str, *, seconds: float) -> str:
    """Wait for a server of a lab to be well; return "", or why it is not when its container ended or time is over."""
    ask = registry_fault if part.container == lab else swift_fault
    registry = tools.registry(f"http://127.0.0.1:{part.ports[HTTP]}")
    ends = tools.clock.monotonic() + seconds
    while fault := ask(registry):
        container = find(tools.engine, part.container, lab)
        if container is None or not container.running:
            return f"it ended:\n{_last_lines(tools, part.container)}"
        if tools.clock.monotonic() > ends:
            return f"after {seconds:g} s: {fault}"
        tools.clock.sleep(_STEP_SECONDS)
    return ""


def _last_lines(tools: Tools, container: str) -> str:
    try:
        return b"".join(tools.engine.logs(container, lines=_LAST_LINES)).decode("utf-8", "backslashreplace").rstrip()
    except RegopsError as error:
        return error.message
