"""From `401` and a challenge to an Authorization header, without giving credentials to anyone who asks.

Bearer tokens: distribution's docs/spec/auth/token.md and oauth.md.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import urlencode

from parsers.auth_challenge import Challenge, parse_auth_challenge
from parsers.errors import ParseError
from parsers.http_url import HttpUrl, parse_location
from parsers.json_text import as_object, parse_json
from parsers.registry_errors import parse_registry_errors
from regops.adapters.registry.credentials import Credentials
from regops.errors import AuthenticationFailed
from regops.model.http import HttpReply
from regops.secret import Secret

Ask = Callable[[HttpUrl, Mapping[str, str], bytes | None], HttpReply]
"""Sends one request, a POST when there is a body, and follows no redirect: (url, headers, body)."""
_TOKEN = re.compile(r"[\x21-\x7e]+")
_OK = 200


@dataclass(frozen=True, slots=True)
class Login:
    """The Authorization header to send, and as whom that is; "" for a token fetched without credentials."""

    header: Secret
    user: str


def log_in(
    reply: HttpReply,
    asked: HttpUrl,
    *,
    credentials: Credentials | None,
    token: Secret | None,
    auth_hosts: tuple[str, ...],
    ask: Ask,
) -> Login | None:
    """Return how to answer the challenge of a 401 reply, None when there is nothing to answer it with.

    Raises AuthenticationFailed when credentials cannot be used: a kind of challenge nobody knows, a token server that
    may not see them or does not take them.
    """
    challenges = _challenges(reply)
    if token:
        return Login(Secret(f"Bearer {token.reveal()}"), "the token of REGOPS_TOKEN")
    bearer = next((challenge for challenge in challenges if challenge.scheme == "bearer"), None)
    if bearer and (credentials or bearer.get("scope")):
        return _fetch_token(bearer, asked, credentials, auth_hosts, ask)
    if credentials is None:
        return None
    if any(challenge.scheme == "basic" for challenge in challenges):
        return Login(_basic(credentials), _whom(credentials))
    kinds = ", ".join(challenge.scheme for challenge in challenges) or "nothing we know"
    raise AuthenticationFailed(
        f"{reply.url} asks for {kinds}; regops knows basic and bearer", hint="what stands in front of the registry?"
    )


def _challenges(reply: HttpReply) -> tuple[Challenge, ...]:
    found: list[Challenge] = []
    for value in (value for name, value in reply.headers if name.lower() == "www-authenticate"):
        try:
            found += parse_auth_challenge(value, source=reply.url)
        except ParseError:
            continue  # another header may hold one that can be read
    return tuple(found)


def _fetch_token(
    bearer: Challenge, asked: HttpUrl, credentials: Credentials | None, auth_hosts: tuple[str, ...], ask: Ask
) -> Login:
    try:
        realm = parse_location(bearer.get("realm") or "", asked, source=f"the realm of {asked}")
    except ParseError as error:
        raise AuthenticationFailed(f"{asked} names a token server that is no address: {error.reason}") from error
    realm = replace(realm, username=None, password=None)
    if credentials:
        _check_realm(realm, asked, auth_hosts)
    query = [(name, bearer.get(name) or "") for name in ("service", "scope") if bearer.get(name)]
    if credentials and credentials.is_identity_token:
        form = [("grant_type", "refresh_token"), ("client_id", "regops"), *query]
        body = urlencode([*form, ("refresh_token", credentials.password.reveal())]).encode()
        answer = ask(realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    else:
        if credentials:
            query.append(("account", credentials.username))
        joint = "&" if realm.query else "?"
        place = replace(realm, query=realm.query + joint + urlencode(query)) if query else realm
        headers = {"Authorization": _basic(credentials).reveal()} if credentials else {}
        answer = ask(place, headers, None)
    token = _read_token(answer, realm)
    return Login(Secret(f"Bearer {token}"), _whom(credentials) if credentials else "")


def _check_realm(realm: HttpUrl, asked: HttpUrl, auth_hosts: tuple[str, ...]) -> None:
    """Refuse to show credentials to a token server nobody vouched for: whoever writes the 401 chooses it."""
    allowed = {realm.host, realm.authority, f"{realm.host}:{realm.effective_port}"} & set(auth_hosts)
    if realm.host != asked.host and not allowed:
        raise AuthenticationFailed(
            f"{asked} sends us to the token server {realm.authority}, which is another host: no credentials were sent",
            hint=f"if that is its token server, say so: --auth-host {realm.host}",
        )
    if realm.scheme == "http" and asked.scheme == "https":
        raise AuthenticationFailed(
            f"{asked} sends us to a token server without TLS, {realm}: no credentials were sent",
            hint="let the registry name it with https:// (auth.token.realm)",
        )


def _read_token(answer: HttpReply, realm: HttpUrl) -> str:
    if answer.status != _OK:
        _refuse_answer(answer, realm)
    try:
        body = as_object(parse_json(answer.text, source=str(realm)).value) or {}
    except ParseError as error:
        raise AuthenticationFailed(f"the token server {realm} answered no token: {error.reason}") from error
    token = body.get("token") or body.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise AuthenticationFailed(f"the token server {realm} answered 200, with no usable token in it")
    return token


def _refuse_answer(answer: HttpReply, realm: HttpUrl) -> NoReturn:
    try:
        faults = parse_registry_errors(answer.text, source=str(realm))
    except ParseError:
        faults = ()
    why = "; ".join(f"{fault.code} {fault.message}".strip() for fault in faults) or answer.reason
    raise AuthenticationFailed(
        f"the token server {realm} answered {answer.status}: {why}", hint="are user and password right?"
    )


def _basic(credentials: Credentials) -> Secret:
    pair = f"{credentials.username}:{credentials.password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode('ascii')}")


def _whom(credentials: Credentials) -> str:
    return f"{credentials.username or 'an identity token'} ({credentials.source})"
