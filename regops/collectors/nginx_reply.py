"""One reply of nginx: its counters, or what else it is."""

from http import HTTPStatus

from parsers.errors import ParseError
from parsers.stub_status import parse_stub_status
from regops.errors import AuthenticationFailed, RegopsError, UnexpectedAnswer
from regops.model.answer import Target
from regops.model.http import HttpReply
from regops.model.nginx_status import Asked, NginxStatus

SHOWN_BY = "nginx shows it where its configuration says `stub_status`; --path names another path"
_FORWARDED = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


def read_reply(reply: HttpReply, target: Target, asked: Asked) -> NginxStatus:
    """Return the counters in a reply, and what follows from them.

    Raises AuthenticationFailed or UnexpectedAnswer, saying what was there instead.
    """
    if reply.status != HTTPStatus.OK:
        raise _not_the_page(reply)
    try:
        page = parse_stub_status(reply.text, reply.url)
    except ParseError as error:
        raise UnexpectedAnswer(f"{reply.url} answered, but not with nginx's status: {error}", hint=SHOWN_BY) from error
    return NginxStatus(
        target=target,
        page=reply.url,
        asked=asked,
        notes=reply.notes,
        active=page.active,
        reading=page.reading,
        writing=page.writing,
        waiting=page.waiting,
        accepts=page.accepts,
        handled=page.handled,
        # nginx reads the two counters one after the other, and may have handled one more in between.
        dropped=max(0, page.accepts - page.handled),
        requests=page.requests,
        requests_per_connection=page.requests / page.handled if page.handled else None,
        request_time_seconds=None if page.request_time is None else page.request_time / 1000,
    )


def _not_the_page(reply: HttpReply) -> RegopsError:
    answered = f"{reply.url} answered {reply.status} {reply.reason}".rstrip()
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationFailed(
            f"{answered}: the page wants credentials", hint="--user NAME, with the password in REGOPS_PASSWORD"
        )
    if reply.status == HTTPStatus.FORBIDDEN:
        return UnexpectedAnswer(
            f"{answered}: nginx does not allow the address that asked", hint="see its `allow` lines"
        )
    if reply.status == HTTPStatus.NOT_FOUND:
        return UnexpectedAnswer(f"{answered}: stub_status is not at that path", hint=SHOWN_BY)
    if reply.status in _FORWARDED:
        return UnexpectedAnswer(
            f"{answered}: nginx forwards that path to a registry that does not answer; stub_status is not at that path",
            hint=SHOWN_BY,
        )
    return UnexpectedAnswer(f"{answered}, not nginx's status", hint=SHOWN_BY)
