"""One path asked and judged: whether a registry answers it like this, and if not, who did and what that means."""

from dataclasses import dataclass
from typing import NamedTuple

from parsers.banner import Banner, is_ping_answer, parse_banner
from parsers.error_page import ErrorPage, parse_error_page
from parsers.errors import ParseError
from parsers.json_text import as_object, parse_json
from parsers.registry_errors import parse_registry_errors
from parsers.registry_status import parse_registry_status
from regops.errors import AuthenticationFailed, Phase, Refused, UnexpectedAnswer, Unreachable
from regops.model.http import Cause, HttpFailure, HttpReply
from regops.model.probe import AnsweredBy, Culprit, State, Surface
from regops.ports import Registry

V2, ROOT, PING, PING_V1, STATUS, NGINX = "/v2/", "/", "/_ping", "/v1/_ping", "/_status", "/nginx_status"
CLASSIC = (ROOT, PING, PING_V1)
_REGISTRY_HEADERS = ("x-docker-registry-version", "docker-distribution-api-version", "x-docker-registry-config")
_GATEWAY = {
    502: "the registry behind it is stopped, or just starting",
    503: "it has no registry to ask, or limits requests",
    504: "the registry behind it took the request and never answered: it hangs",
}
_REFUSED = "connections are refused: nothing listens there; the container is stopped, or publishes another port"
_CLOSED = "connections are accepted and at once broken off: nginx in the container is stopped"
_PROXY = "HTTP_PROXY and HTTPS_PROXY name it; NO_PROXY lists the hosts that are asked without it"
LOOK_INSIDE = "`regops ps` shows which containers run; `regops logs CONTAINER` what they said last"
_LOGS = "`regops logs CONTAINER` shows why; `regops ps` finds the container"


class _Judgement(NamedTuple):
    state: State
    words: str
    hint: str = ""
    culprit: Culprit | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A path that was asked: its surface, and the reply or the failure it was judged by."""

    surface: Surface
    reply: HttpReply | None
    failure: Unreachable | None


def look(registry: Registry, path: str, *, timeout_seconds: float) -> Look:
    """Return what a path shows. Failures to answer are a look too; only what keeps us from asking at all is raised."""
    try:
        reply = registry.get(path, timeout_seconds=timeout_seconds)
    except Unreachable as error:
        return Look(_surface(path, _judge_failure(error), AnsweredBy.NOBODY), None, error)
    except (Refused, UnexpectedAnswer, AuthenticationFailed) as error:
        judged = _Judgement(State.STRANGE, error.message, error.hint)
        return Look(_surface(path, judged, AnsweredBy.OTHER), None, None)
    page = error_page(reply)
    by = answered_by(reply, page)
    return Look(_surface(path, _judge(path, reply, page, by), by, reply), reply, None)


def error_page(reply: HttpReply) -> ErrorPage | None:
    """Return the HTML page a reply holds, None when it holds none."""
    try:
        return parse_error_page(reply.text, source=reply.url)
    except ParseError:
        return None


def answered_by(reply: HttpReply, page: ErrorPage | None) -> AnsweredBy:
    """Return who wrote a reply. A signed error page decides: nginx may add the registry's headers to its own."""
    if page and page.server:
        return (
            AnsweredBy.NGINX if page.server.lower().startswith(("nginx", "openresty", "tengine")) else AnsweredBy.OTHER
        )
    if any(reply.header(name) for name in _REGISTRY_HEADERS) or _faults(reply):
        return AnsweredBy.REGISTRY
    if page and (reply.header("server") or "").lower().startswith(("nginx", "openresty", "tengine")):
        return AnsweredBy.NGINX
    return AnsweredBy.OTHER


def banner(reply: HttpReply) -> Banner | None:
    """Return the greeting a reply holds, None when it holds none."""
    try:
        return parse_banner(reply.text, source=reply.url)
    except ParseError:
        return None


def _judge(path: str, reply: HttpReply, page: ErrorPage | None, by: AnsweredBy) -> _Judgement:
    status, front = reply.status, _front(reply, page, by)
    if path == STATUS and _is_report(reply):
        return _Judgement(State.ALIVE, f"{_line(reply)}, with its report")  # 503 is how 0.8 says "see the report"
    if path == NGINX and by is AnsweredBy.NGINX and status < 500:
        return _Judgement(State.ALIVE, f"nginx answers {_line(reply)}")
    if wrong := _wrong_port(reply, front):
        return wrong
    if status in _GATEWAY and by is not AnsweredBy.REGISTRY:
        return _Judgement(State.DOWN, f"{front} answers {_line(reply)}: {_GATEWAY[status]}", _LOGS, Culprit.REGISTRY)
    if status >= 500:
        said = _faults(reply) or _line(reply)
        return _Judgement(State.UNAVAILABLE, f"{front} says it cannot serve: {said}", _LOGS, Culprit.REGISTRY)
    if status == 404:
        return _Judgement(State.NOT_OFFERED, "not offered (404)")
    if status == 401:
        who = "nginx, in front of the registry, asks" if by is AnsweredBy.NGINX else "it asks"
        return _Judgement(
            State.ALIVE,
            f"{who} for credentials (401)",
            "" if reply.notes else "give credentials with --user and REGOPS_PASSWORD",
        )
    if status == 429:
        return _Judgement(State.ALIVE, "it limits our requests (429 Too Many Requests)", "ask less often")
    if status != 200:
        said = _faults(reply) or _line(reply)
        state = State.ALIVE if by is AnsweredBy.REGISTRY else State.STRANGE
        return _Judgement(state, f"{front} answers {said}")
    return _judge_content(path, reply, page)


def _judge_content(path: str, reply: HttpReply, page: ErrorPage | None) -> _Judgement:
    if path == V2 and (reply.header("docker-distribution-api-version") or _is_object(reply)):
        return _Judgement(State.ALIVE, "200 OK")
    if path == ROOT and banner(reply):
        return _Judgement(State.ALIVE, "200 OK, with the classic greeting")
    if path in {PING, PING_V1} and is_ping_answer(reply.text):
        return _Judgement(State.ALIVE, f"200 OK, {reply.text.strip()[:40]}")
    if path == ROOT and not reply.body.strip():
        return _Judgement(State.NOT_OFFERED, "no greeting (distribution has none)")
    if reply.header("content-encoding") not in {None, "identity"}:
        what = f"a body in {reply.header('content-encoding')}, which was not asked for"
    elif page:
        what = f"a web page, {page.title!r}" if page.title else "a web page"
    else:
        what = f"{len(reply.body)} bytes" + (" and more" if reply.truncated else "")
    said = f"200 OK, but not as a registry answers: {what}"
    return _Judgement(State.STRANGE, said, "is this the registry's own address?")


def _judge_failure(error: Unreachable) -> _Judgement:
    if not isinstance(error, HttpFailure):
        return _Judgement(State.UNREACHABLE, error.message, error.hint, Culprit.CONNECTION)
    if error.redirects:  # what lives at the target itself did answer
        words = f"redirected, and then {error.message}"
        return _Judgement(State.UNREACHABLE, words, error.hint, Culprit.CONNECTION)
    if error.via and error.phase in {Phase.DNS, Phase.CONNECT}:
        words = f"the proxy {error.via} cannot be reached: {error.said}"
        return _Judgement(State.UNREACHABLE, words, _PROXY, Culprit.CONNECTION)
    if error.cause is Cause.SILENT and error.phase not in {Phase.DNS, Phase.CONNECT}:
        return _Judgement(State.SILENT, error.said, error.hint, Culprit.CONTAINER)
    match error.cause:
        case Cause.REFUSED:
            return _Judgement(State.DOWN, _REFUSED, LOOK_INSIDE, Culprit.CONTAINER)
        case Cause.CLOSED:
            return _Judgement(State.DOWN, _CLOSED, LOOK_INSIDE, Culprit.NGINX)
        case Cause.CUT:
            return _Judgement(State.DOWN, error.said, error.hint, Culprit.REGISTRY)
        case Cause.NOT_HTTP:
            return _Judgement(State.STRANGE, error.said, error.hint, Culprit.CONNECTION)
        case _:
            return _Judgement(State.UNREACHABLE, error.said, error.hint, Culprit.CONNECTION)


def _wrong_port(reply: HttpReply, front: str) -> _Judgement | None:
    """Recognise the 400 of a TLS port that was spoken to in plain HTTP, and of one that wants a client certificate."""
    if reply.status != 400:
        return None
    text = reply.text[:2000].lower()
    if "plain http request was sent to https port" in text or "http request to an https server" in text:
        https = reply.url.replace("http://", "https://", 1).removesuffix("/v2/")
        return _Judgement(State.STRANGE, f"{front} wants TLS on this port, not plain HTTP", f"ask {https}")
    if "ssl certificate" in text:
        return _Judgement(State.STRANGE, f"{front} wants a client certificate", "give one with --cert and --key")
    return None


def _front(reply: HttpReply, page: ErrorPage | None, by: AnsweredBy) -> str:
    if by is AnsweredBy.REGISTRY:
        return "the registry"
    if page and page.server:
        return page.server
    return reply.header("server") or "something"


def _faults(reply: HttpReply) -> str:
    try:
        faults = parse_registry_errors(reply.text, source=reply.url)
    except ParseError:
        return ""
    said = (f"{fault.code} {fault.message}" + (f" ({fault.detail})" if fault.detail else "") for fault in faults)
    return "; ".join(said)


def _is_object(reply: HttpReply) -> bool:
    try:
        return as_object(parse_json(reply.text, source=reply.url).value) is not None
    except ParseError:
        return False


def _is_report(reply: HttpReply) -> bool:
    try:
        parse_registry_status(reply.text, source=reply.url)
    except ParseError:
        return False
    return True


def _line(reply: HttpReply) -> str:
    return f"{reply.status} {reply.reason}".strip()


def _surface(path: str, judged: _Judgement, by: AnsweredBy, reply: HttpReply | None = None) -> Surface:
    return Surface(
        path=path,
        state=judged.state,
        answered_by=by,
        status=reply.status if reply else None,
        words=judged.words,
        hint=judged.hint,
        culprit=judged.culprit,
        phases=reply.phases if reply else None,
    )
