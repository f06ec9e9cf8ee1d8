"""One account of an OpenStack Swift, whichever way it authenticates."""

import copy
import http.client
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from regops.adapters.swift import reading
from regops.adapters.swift.body import read_body
from regops.adapters.swift.connection import (
    NO_ANSWER,
    Connection,
    headers_of,
    open_connection,
    translate,
    within,
)
from regops.adapters.swift.environment import KeystoneLogin, Login, Tls, TokenLogin, V1Login, read_login, read_tls
from regops.adapters.swift.objects import check_container, check_object, ranged_object, stored_object
from regops.adapters.swift.status import HttpStatus, TokenRefused, meaning
from regops.errors import AuthenticationFailed, ConfigurationError, Corrupted, NotFound, RegopsError
from regops.model.tarball import ObjectKind, StoreAccount, StoredObject, StoredSegment
from regops.secret import Secret
from regops.settings import StoreOptions

if TYPE_CHECKING:
    from regops.adapters.swift.uploads import Door

_T = TypeVar("_T")
_HeadObject = Callable[[Connection, str, str, str, str], Mapping[str, str]]
_CONNECTIONS = 6
_LEAST_SECONDS = 0.1
_NO_OPTIONS = StoreOptions()


class SwiftStore:
    """See ports.ObjectStore; one thread at a time, but for put and copy.

    timeout_seconds bounds every question. Of a transfer it bounds the silence, for nobody knows how long one takes.
    """

    def __init__(
        self, login: Login, *, environ: Mapping[str, str], note: str, timeout_seconds: float, variables: str = ""
    ) -> None:
        self._login = login
        self._tls = read_tls(environ)
        self._note = note
        self._variables = variables
        self._timeout_seconds = timeout_seconds
        self._known: tuple[StoreAccount, Secret] | None = None
        self._idle_connection: Connection | None = None
        self._made: set[str] = set()

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], *, timeout_seconds: float, options: StoreOptions = _NO_OPTIONS
    ) -> "SwiftStore":
        """Return the store of a cloud of clouds.yaml, if one is named (by OS_CLOUD, too), else that of ST_* or OS_*.

        Raises ConfigurationError when what it takes is missing.
        """
        cloud, said = options.cloud or environ.get("OS_CLOUD"), _as_variables(options)
        if not cloud:
            login, note = read_login(environ)
            return cls(login, environ={**environ, **said}, note=note, timeout_seconds=timeout_seconds)
        from regops.adapters.swift.clouds import cloud_environment, in_words_of_the_file

        variables, path = cloud_environment(cloud, environ)
        try:
            login, _ = read_login(variables)
            note = "OS_AUTH_URL is set too and was not used" if environ.get("OS_AUTH_URL") else ""
            source = f"the cloud {cloud} in {path}"
            return cls(
                login, environ={**variables, **said}, note=note, timeout_seconds=timeout_seconds, variables=source
            )
        except ConfigurationError as error:
            raise in_words_of_the_file(error, cloud, path) from error

    @property
    def account(self) -> StoreAccount:
        """Who we are and where the store is; the first look authenticates."""
        return self._authenticated()[0]

    def containers(self) -> str:
        """Return the first page of the account's containers, as JSON."""
        return self._json({"limit": "1000"}, what="the account")

    def listing(self, swift_container: str, *, marker: str = "", limit: int | None = None, prefix: str = "") -> str:
        """Return one page of a container's objects, as JSON."""
        check_container(swift_container)
        query = {"marker": marker} if marker else {}
        if prefix:
            query["prefix"] = prefix
        if limit:
            query["limit"] = str(limit)
        return self._json(query, swift_container, what=_named(swift_container))

    def manifest(self, swift_container: str, name: str) -> str:
        """Return the segments of a static large object, as JSON."""
        check_container(swift_container)
        check_object(name)
        query = {"multipart-manifest": "get"}
        return self._json(query, swift_container, name, what=_named(swift_container, name))

    def head(self, swift_container: str, name: str) -> StoredObject:
        """Return what the store knows of one object."""
        return self._head(reading.head_object, swift_container, name)

    def _head(self, head_object: _HeadObject, swift_container: str, name: str) -> StoredObject:
        check_container(swift_container)
        check_object(name)

        def ask(connection: Connection, storage_url: str, token: str) -> Mapping[str, str]:
            return head_object(connection, storage_url, token, swift_container, name)

        return stored_object(name, self._ask(ask, what=_named(swift_container, name)))

    def heads(
        self, swift_container: str, names: Sequence[str], *, timeout_seconds: float
    ) -> Mapping[str, StoredObject]:
        """Return what the store knows of several objects, asked over some connections at a time."""
        from regops.adapters.swift.library import head_object

        self._authenticated()
        ends = time.monotonic() + timeout_seconds
        found: dict[str, StoredObject] = {}

        def look(mine: Sequence[str]) -> None:
            sibling = self._sibling()
            for name in mine:
                sibling._timeout_seconds = min(self._timeout_seconds, max(ends - time.monotonic(), _LEAST_SECONDS))
                try:
                    found[name] = sibling._head(head_object, swift_container, name)
                except AuthenticationFailed:
                    return  # who may list may not always look
                except RegopsError:
                    pass  # another one may be answered
                if time.monotonic() > ends:
                    return

        shares = [names[index::_CONNECTIONS] for index in range(min(_CONNECTIONS, len(names)))]
        # Daemons: who is interrupted does not wait for their answers, as at the end of a pool.
        threads = [threading.Thread(target=look, args=(share,), daemon=True) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def open(
        self, swift_container: str, name: str, *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> AbstractContextManager[tuple[StoredObject, Iterator[bytes]]]:
        """Give what the store says of an object, and its bytes from start to stop."""
        check_container(swift_container)
        check_object(name)
        return self._open(swift_container, name, start, stop, etag)

    @contextmanager
    def _open(
        self, swift_container: str, name: str, start: int, stop: int | None, etag: str | None
    ) -> Generator[tuple[StoredObject, Iterator[bytes]]]:
        last = "" if stop is None else stop - 1
        wanted = {"Range": f"bytes={start}-{last}"} if start or stop is not None else {}
        if etag:
            wanted["If-Match"] = f'"{etag}"'

        ask = partial(reading.get_object, swift_container=swift_container, name=name, headers=wanted)
        connection, response = self._ask(ask, what=_named(swift_container, name))
        self._idle_connection = None  # the body keeps it busy
        try:
            headers = headers_of(response)
            stored, first = stored_object(name, headers), 0
            if response.status == http.client.PARTIAL_CONTENT:
                stored, first = ranged_object(stored, headers, start, stop)
            yield stored, read_body(response, stored, first, start, stop, timeout_seconds=self._timeout_seconds)
            if response.length == 0:  # all of it was read, so that the next answer is what comes next
                response.close()
                self._idle_connection = connection
        finally:
            if self._idle_connection is not connection:
                connection.close()

    def sibling(self) -> "SwiftStore":
        """Return a store that is logged in already, and takes over the open connection."""
        self._authenticated()
        sibling = self._sibling()
        sibling._idle_connection, self._idle_connection = self._idle_connection, None
        return sibling

    def put(
        self,
        swift_container: str,
        name: str,
        chunks: Iterator[bytes],
        *,
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
        md5: str | Callable[[], str] | None = None,
        size_bytes: int | None = None,
    ) -> StoredObject:
        """Store an object, whatever its size; the container is made if it is missing."""
        from regops.adapters.swift.uploads import SourceFailed, send, upload_headers

        check_object(name)
        self._make_once(swift_container)
        what = _named(swift_container, name)
        announced = md5 if isinstance(md5, str) else None
        headers = upload_headers(metadata, only_new=only_new, md5=announced, size_bytes=size_bytes)
        try:
            arrived = self._upload(
                partial(
                    send, place=(swift_container, name), chunks=chunks, headers=headers, what=what, digest=md5 is None
                ),
                what=what,
            )
        except SourceFailed as error:
            raise error.cause from None
        stored = _sent_object(name, arrived.headers, headers, arrived.size_bytes, ObjectKind.PLAIN)
        sent = announced or arrived.md5 or (md5() if callable(md5) else None)
        if stored.etag != sent:
            self._sibling().delete(swift_container, name)
            raise Corrupted(f"{what} arrived damaged and was removed: its md5 there was {stored.etag}, {sent} was sent")
        return stored

    def copy(self, swift_container: str, source: str, name: str) -> str:
        """Have the store make an object of the bytes of another one, and return the checksum of what stands there."""
        from regops.adapters.swift.uploads import copy as copy_object

        check_object(source)
        check_object(name)
        what = _named(swift_container, name)
        ask = partial(copy_object, source=(swift_container, source), place=(swift_container, name), what=what)
        return self._upload(ask, what=what)

    def _upload(self, send: "Callable[[Door], _T]", *, what: str) -> _T:
        """Return what comes of sending over a connection of its own, for several threads may do so at once.

        A token that is over is forgotten, so that the next try gets another; here it would have to send anew.
        """
        from regops.adapters.swift.uploads import Door

        account, token = known = self._authenticated()
        url, seconds = account.storage_url, self._timeout_seconds
        connection = open_connection(url, self._tls, timeout_seconds=seconds)
        try:
            with _translated(account, what, seconds):
                return send(Door(connection, url, token.reveal(), seconds))
        except TokenRefused:
            if self._known is known:
                self._known = None
            raise
        finally:
            connection.close()

    def put_manifest(
        self,
        swift_container: str,
        name: str,
        segments: Sequence[StoredSegment],
        *,
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> StoredObject:
        """Make a static large object of segments that are there."""
        from regops.adapters.swift.uploads import send_manifest, upload_headers

        check_object(name)
        self._make_once(swift_container)
        what = _named(swift_container, name)
        headers = upload_headers(metadata, only_new=only_new)
        send = partial(
            send_manifest,
            place=(swift_container, name),
            segments=segments,
            headers=headers,
            what=what,
            timeout_seconds=self._timeout_seconds,
        )
        answered = self._ask(send, what=what)
        size_bytes = sum(one.size_bytes for one in segments)
        return _sent_object(name, answered, headers, size_bytes, ObjectKind.SLO)

    def make_container(self, swift_container: str) -> bool:
        """Make a container, and return whether there was none."""
        from regops.adapters.swift.uploads import put_container

        check_container(swift_container)
        is_new = self._ask(partial(put_container, swift_container=swift_container), what=_named(swift_container))
        self._made.add(swift_container)
        return is_new

    def _make_once(self, swift_container: str) -> None:
        if swift_container not in self._made:
            self._sibling().make_container(swift_container)

    def _sibling(self) -> "SwiftStore":
        """Return the same store for another thread: the connection that is kept open is for one alone."""
        sibling = copy.copy(self)
        sibling._idle_connection = None
        return sibling

    def delete(self, swift_container: str, name: str) -> None:
        """Remove one object; of a large one the manifest, and not its segments."""
        from regops.adapters.swift.library import delete_object

        check_container(swift_container)
        check_object(name)
        ask = partial(delete_object, swift_container=swift_container, name=name)
        with suppress(NotFound):
            self._ask(ask, what=_named(swift_container, name))

    def _authenticated(self) -> tuple[StoreAccount, Secret]:
        if self._known is None:
            account, token = self._log_in()
            self._known = replace(account, note=self._note, variables=self._variables or account.variables), token
        return self._known

    def _log_in(self) -> tuple[StoreAccount, Secret]:
        login, seconds = self._login, self._timeout_seconds
        if isinstance(login, TokenLogin):
            account = StoreAccount("token", None, None, None, None, storage_url=login.storage_url, variables="OS_*")
            return account, login.token
        log_in = _door(login)
        try:
            return within(seconds, login.auth_url, lambda: log_in(self._tls, seconds))
        except NO_ANSWER as error:
            raise translate(error, login.auth_url, timeout_seconds=seconds) from error

    def _json(self, query: Mapping[str, str], *place: str, what: str) -> str:
        def ask(connection: Connection, storage_url: str, token: str) -> str:
            return reading.get_json(connection, storage_url, token, *place, query=query)

        return self._ask(ask, what=what)

    def _ask(self, ask: Callable[[Connection, str, str], _T], *, what: str) -> _T:
        """Return what the store answers; a token that is over is replaced once."""
        fresh = self._known is None
        try:
            return self._ask_once(ask, what=what)
        except TokenRefused:
            if fresh or isinstance(self._login, TokenLogin):
                raise
        self._known = None
        return self._ask_once(ask, what=what)

    def _ask_once(self, ask: Callable[[Connection, str, str], _T], *, what: str) -> _T:
        account, token = self._authenticated()
        url, seconds = account.storage_url, self._timeout_seconds
        connection = self._idle_connection or open_connection(url, self._tls, timeout_seconds=seconds)
        self._idle_connection = None  # until this question has been answered in whole

        with _translated(account, what, seconds):
            answer = within(seconds, url, lambda: ask(connection, url, token.reveal()), close=connection.close)
        self._idle_connection = connection
        return answer


def _sent_object(
    name: str, answered: Mapping[str, str], headers: Mapping[str, str], size_bytes: int, kind: ObjectKind
) -> StoredObject:
    """Return what the answer to an upload says of an object, with what the upload itself said."""
    said = {key.lower(): value for key, value in headers.items() if key != "ETag"}
    return replace(stored_object(name, {**answered, **said, "content-length": str(size_bytes)}), kind=kind)


def _as_variables(options: StoreOptions) -> dict[str, str]:
    cacert = {"OS_CACERT": str(options.cacert)} if options.cacert else {}
    return {**cacert, **({"OS_INSECURE": "true"} if options.insecure else {})}


@contextmanager
def _translated(account: StoreAccount, what: str, timeout_seconds: float) -> Generator[None]:
    """Raise RegopsError for a status that is no success, and for no answer."""
    try:
        yield
    except HttpStatus as error:
        raise meaning(error, account, what) from error
    except NO_ANSWER as error:
        raise translate(error, account.storage_url, timeout_seconds=timeout_seconds) from error


def _door(login: V1Login | KeystoneLogin) -> Callable[[Tls, float], tuple[StoreAccount, Secret]]:
    if isinstance(login, V1Login):
        from regops.adapters.swift.v1 import authenticate_v1

        return partial(authenticate_v1, login)
    from regops.adapters.swift.keystone import authenticate_keystone  # slow to load, and v1 does without

    return partial(authenticate_keystone, login)


def _named(swift_container: str, name: str = "") -> str:
    container = f"the Swift container {swift_container}"
    return f"the object {name} in {container}" if name else container
