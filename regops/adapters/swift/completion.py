"""The names of a Swift container's objects for a shell that waits: soon, or not at all."""

import re
from collections.abc import Mapping

from parsers.swift_listing import parse_swift_listing
from regops.adapters.swift.connection import within
from regops.adapters.swift.store import SwiftStore
from regops.settings import StoreOptions

_ANSWER_SECONDS = 2.0
_MOST_NAMES = 1000
# A name that the shell would read as more than a name is not offered to it.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@+-]*")


def object_names(environ: Mapping[str, str], options: StoreOptions, swift_container: str) -> list[str]:
    """Return the first thousand names; [] where there are no credentials, no container, or no answer in two seconds."""

    def listed() -> list[str]:
        store = SwiftStore.from_environment(environ, timeout_seconds=_ANSWER_SECONDS, options=options)
        page = store.listing(swift_container, limit=_MOST_NAMES)
        return [one.name for one in parse_swift_listing(page, source="the listing")]

    try:
        names = within(_ANSWER_SECONDS, "Swift", listed)
    except Exception:  # noqa: BLE001 - whatever is wrong, a completion is the wrong place to say so
        return []
    return [name for name in names if _NAME.fullmatch(name)]
