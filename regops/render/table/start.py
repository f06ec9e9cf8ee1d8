"""A registry that was started, for people."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from regops.model.start import NOT_RESTARTED, Started
from regops.render.table.status import status_table
from regops.render.visible import visible_line

_SHOWN_ID = 12


def started_table(answer: Started) -> RenderableType:
    """Return where it is and what it was given, then how it is, as `regops status` shows it."""
    at = answer.http_url + (f" and {answer.https_url}" if answer.https_url else "")
    lines = [
        f"started the container {answer.container} ({answer.container_id[:_SHOWN_ID]}) of {answer.image}",
        f"at {at}, answering after {answer.answered_seconds:.1f} s",
        f"flavor {answer.flavor or 'of the image'}{_store(answer)}",
        f"was given {', '.join(answer.variables) or 'no variables'}",
    ]
    return Group(
        *(Text(visible_line(line)) for line in lines), Text(), status_table(answer.health), Text(), *_next(answer)
    )


def _store(answer: Started) -> str:
    if answer.swift_container:
        return f", Swift container {answer.swift_container}"
    if answer.files_kept:
        return f", files on the volume at {answer.files}"
    if answer.files:
        return f", files in the container: its images end with it; -v images:{answer.files} keeps them"
    return ""


def _next(answer: Started) -> Iterator[Text]:
    """Yield how to go on with one that is not well, else how images get there.

    Docker asks for no certificate on 127.0.0.0/8, elsewhere for one it can trust.
    """
    update = f"docker update --restart {answer.restart_asked} {answer.container}"
    late = answer.restart != answer.restart_asked
    if answer.exit_status:
        yield Text(visible_line(f"it is kept, and {NOT_RESTARTED}"))
        if late:
            yield Text(visible_line(f"  once all of it works: {update}"))
        yield Text(visible_line(f"  before the next try:  docker rm -f {answer.container}"))
        return
    if late:
        yield Text(visible_line(f"it {NOT_RESTARTED}, for the engine did not take that:"))
        yield Text(visible_line(f"  {update}"))
    door = (answer.https_url or answer.http_url).partition("://")[2]
    yield Text(visible_line(f"{'images go over HTTPS: ' if answer.https_url else ''}docker push {door}/NAME:TAG"))
    if answer.https_url and answer.certificate:
        place = f"/etc/docker/certs.d/{door}/ca.crt"
        yield Text(
            visible_line(f"its certificate is its own; docker looks for it in {place}, and on 127.0.0.1 for none:")
        )
        yield Text(visible_line(f"  docker cp {answer.container}:{answer.certificate} ca.crt"))
