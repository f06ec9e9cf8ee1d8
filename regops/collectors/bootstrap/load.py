"""Giving an engine the images of a tarball, in one pass, with no copy on a disk of ours.

The bytes go on to the engine while they are checked. The engine unpacks what it is sent into a folder of its own and
makes images of it once the request is over; so the end is kept back until everything is known to be good, and otherwise
the request is broken off in the middle, which leaves no image and no reference behind.
"""

import re
from collections.abc import Generator
from contextlib import closing

from regops.collectors.bootstrap.image_tarball import passing
from regops.collectors.bootstrap.image_tarball_packing import FETCH_AGAIN
from regops.collectors.bootstrap.next_command import next_command
from regops.collectors.bootstrap.tarball_source import TarballSource, counted
from regops.errors import Corrupted, Failed, Refused, RegopsError, UnexpectedAnswer, Unreachable
from regops.model.answer import Target
from regops.model.image import ImageFacts
from regops.model.image_tarball import ImageContents, TarballImage
from regops.model.load import Loaded, LoadedTag, TagOutcome
from regops.ports import Engine, Progress

# Engines before 23 say this when they take a reference away from an image.
_RENAMED = re.compile(r"The image (\S+) already exists, renaming the old one with ID (sha256:[0-9a-f]{64}) .*")
_LOADED_ID = re.compile(r"Loaded image ID: (sha256:[0-9a-f]{64})")
_SHOWN_ID = 19
_MOST_LINES = 1000


def load(engine: Engine, source: TarballSource, target: Target, *, replace: bool, progress: Progress) -> Loaded:
    """Give the engine a tarball and return what it made of it; target is where it comes from, empty for a file.

    Raises Corrupted and Refused for a tarball that is not good, Refused when a reference in it names another image at
    the engine and replace is not set, Failed with the engine's reason, and what the source and the engine raise. After
    all of these the engine has nothing of it, except where the message says otherwise.
    """
    checked: list[tuple[ImageContents, dict[str, ImageFacts | None]]] = []

    def before_end(contents: ImageContents) -> None:
        if source.sha256 and source.sha256 != contents.sha256:
            raise Corrupted(
                f"{source.name} is damaged: its sha256 is {contents.sha256}, and {source.sha256} was noted beside it",
                hint="upload it anew",
            )
        before = {tag: engine.image(tag) for tag in contents.tags}
        if not replace:
            _check_tags(contents, before)
        checked.append((contents, before))
        progress.step(f"{source.name} is whole; the engine makes images of it")

    said: list[str] = []
    with closing(_shown(source, progress)) as chunks:
        stream = passing(chunks, name=source.name, before_end=before_end)
        try:
            for line in engine.load(stream):
                progress.detail(line)
                said = [*said[-_MOST_LINES:], line]
        except Unreachable as error:
            raise _lost(error, whole=bool(checked)) from error
        except Corrupted as error:
            # The rest was not read: Swift's checksum says nothing yet.
            if target.swift_container and error.hint == FETCH_AGAIN:
                check = next_command("verify", target.swift_container, source.name)
                error.hint = f"{check} tells whether it came damaged, or lies there like that"
            raise
        except (KeyboardInterrupt, SystemExit):
            progress.step(f"{source.name}: {_state(whole=bool(checked))}")
            raise
    if not checked:
        raise UnexpectedAnswer(f"the engine at {engine.address} calls {source.name} loaded before it was sent its end")
    contents, before = checked[0]
    renamed = {found[1]: found[2] for found in map(_RENAMED.fullmatch, said) if found}
    return Loaded(
        target=target,
        engine=engine.address,
        name=source.name,
        swift_container=target.swift_container,
        size_bytes=contents.size_bytes,
        unpacked_bytes=contents.unpacked_bytes,
        sha256=contents.sha256,
        proof=source.proof,
        tags=tuple(
            _tag(engine, image, tag, before[tag], renamed.get(tag)) for image in contents.images for tag in image.tags
        ),
        untagged=_untagged(contents, said),
    )


def _shown(source: TarballSource, progress: Progress) -> Generator[bytes]:
    """Yield a tarball's bytes and show them pass by: the bar is over when they are, before anything is said of them."""
    with progress.transfer(source.name, source.size_bytes) as advance:
        yield from counted(source.chunks, advance)


def _check_tags(contents: ImageContents, before: dict[str, ImageFacts | None]) -> None:
    for image in contents.images:
        for tag in image.tags:
            found = before[tag]
            if found is not None and not _same(found, image):
                raise Refused(
                    f"the engine has {tag} already, and it is another image: {found.id[:_SHOWN_ID]} there, "
                    f"{image.id[:_SHOWN_ID]} in the tarball; nothing was loaded",
                    hint=f"--replace gives the name to the new one; `docker tag {tag} NAME` keeps the old one's",
                )


def _same(found: ImageFacts, image: TarballImage) -> bool:
    """Return whether an engine's image is one of a tarball.

    Engines that keep images in containerd go by the digest of a manifest instead of the configuration's: there the
    layers and the time it was made have to do.
    """
    if found.id == image.id:
        return True
    layers = tuple(layer.diff_id for layer in image.layers)
    return bool(layers) and (found.layers, found.created) == (layers, image.created)


def _untagged(contents: ImageContents, said: list[str]) -> tuple[str, ...]:
    """Return the ids of the images without a reference, as the engine calls them if it does."""
    told = tuple(found[1] for found in map(_LOADED_ID.fullmatch, said) if found)
    ids = tuple(image.id for image in contents.images if not image.tags)
    return told if len(told) == len(ids) else ids


def _tag(engine: Engine, image: TarballImage, tag: str, before: ImageFacts | None, renamed: str | None) -> LoadedTag:
    now = engine.image(tag)
    if now is None or not _same(now, image):
        raise Failed(
            f"the engine took the tarball, and yet {tag} is {'not there' if now is None else 'another image'} now",
            hint="somebody else is changing this engine's images at the same time: see `docker images`, and try again",
        )
    before_id = before.id if before else renamed
    if before_id is None:
        return LoadedTag(tag, TagOutcome.NEW, now.id, None)
    same = before is not None and _same(before, image) and not renamed
    return LoadedTag(tag, TagOutcome.SAME if same else TagOutcome.REPLACED, now.id, renamed or before_id)


def _lost(error: Unreachable, *, whole: bool) -> RegopsError:
    """Return what the loss of the engine, or of Swift before the end, means for the images."""
    message = f"{error.message}; {_state(whole=whole)}"
    return Unreachable(message, hint=error.hint, phase=error.phase, timed_out=error.timed_out)


def _state(*, whole: bool) -> str:
    """Return what an engine has of a tarball that was broken off, before its end was sent or after."""
    return "whether it made images of it is not known" if whole else "nothing was loaded"
