"""What an HTTP status means, coming from a Swift."""

import http.client

from regops.errors import AuthenticationFailed, Changed, Conflict, NotFound, RegopsError, Unavailable, UnexpectedAnswer
from regops.model.tarball import StoreAccount
from regops.secret import mask_url

# 498 is how Swift's ratelimit says 429.
_KINDS = {**dict.fromkeys((408, 429, 498, 500, 502, 503, 504), Unavailable), 409: Conflict}


class HttpStatus(Exception):
    """An answer whose status is none of success."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class TokenRefused(AuthenticationFailed):
    """The store does not accept a token, which another may mend."""


def check_status(response: http.client.HTTPResponse) -> None:
    """Raise HttpStatus for an answer that is no success."""
    if response.status // 100 != 2:
        raise HttpStatus(response.status, response.reason)


def meaning(error: HttpStatus, account: StoreAccount, what: str) -> RegopsError:
    """Return what a status means in words."""
    where = mask_url(account.storage_url)
    match error.status:
        case 401:
            return TokenRefused(f"{where} does not accept the token", hint="it may have expired: get another")
        case 403:
            return AuthenticationFailed(
                f"{account.user or 'the owner of this token'} has no access to {what} at {where}",
                hint="ask for a role in the project that may use its Swift containers",
            )
        case 404:
            return NotFound(f"{what} is not there, at {where}")
        case 412 | 416:
            return Changed(f"{what} has just been replaced by another, at {where}", hint="try again")
        case _:
            kind = _KINDS.get(error.status, UnexpectedAnswer)
            return kind(
                f"{where} answered {error.status} {error.reason} when asked for {what}",
                hint="is Swift well? the log of its proxy says more",
            )
