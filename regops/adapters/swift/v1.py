"""Swift's own authentication, version 1: one request with a user and a key, answered with an address and a token."""

import http.client
from urllib.parse import urlsplit

from regops.adapters.swift.connection import open_connection
from regops.adapters.swift.environment import Tls, V1Login, is_address
from regops.errors import AuthenticationFailed, NotFound, Unavailable, UnexpectedAnswer
from regops.model.tarball import StoreAccount
from regops.secret import Secret, mask_url


def authenticate_v1(login: V1Login, tls: Tls, timeout_seconds: float) -> tuple[StoreAccount, Secret]:
    """Return the account and a token. Raises AuthenticationFailed, NotFound, UnexpectedAnswer, and what HTTP raises."""
    key_variable, user_variable, url_variable = (
        ("ST_KEY", "ST_USER", "ST_AUTH") if login.variables == "ST_*" else ("OS_PASSWORD", "OS_USERNAME", "OS_AUTH_URL")
    )
    where = mask_url(login.auth_url)
    # swiftclient's get_auth_1_0 makes its own connection, which hands the key to whom a redirect names.
    connection = open_connection(login.auth_url, tls, timeout_seconds=timeout_seconds)
    try:
        headers = {"X-Auth-User": login.user, "X-Auth-Key": login.key.reveal()}
        connection.request("GET", urlsplit(login.auth_url).path or "/", headers=headers)
        response = connection.getresponse()
        status, reason = int(response.status), str(response.reason)
        response.read()
        storage_url, token = response.getheader("x-storage-url"), response.getheader("x-auth-token")
    finally:
        connection.close()
    if status in {401, 403}:
        raise AuthenticationFailed(
            f"{where} refused {login.user}: no such user, or a wrong password (version 1 does not say which)",
            hint=f"check {user_variable} (often ACCOUNT:USER) and {key_variable}",
        )
    if status == 404:
        raise NotFound(
            f"{where} answered 404: no authentication of version 1 is offered there",
            hint=f"{url_variable} usually ends in /auth/v1.0; for Keystone set OS_AUTH_URL and its companions",
        )
    if not 200 <= status < 300:
        kind = Unavailable if status >= http.client.INTERNAL_SERVER_ERROR else UnexpectedAnswer
        raise kind(
            f"{where} answered {status} {reason} where a token was expected",
            hint=f"{url_variable} usually ends in /auth/v1.0",
        )
    if not token or not storage_url or not is_address(storage_url):
        raise UnexpectedAnswer(
            f"{where} answered {status}, but gave no token and storage address",
            hint=f"{url_variable} usually ends in /auth/v1.0",
        )
    account = StoreAccount(
        method="v1",
        auth_url=where,
        user=login.user,
        project=None,
        region=None,
        storage_url=storage_url.rstrip("/"),
        variables=login.variables,
    )
    return account, Secret(token)
