"""One log file followed through rotation, truncation and restarts of its container."""

from collections.abc import Generator, Iterator

from regops.collectors.logs.held import CHUNK, Cut, Held, between, copy_of, held_at, left_behind
from regops.collectors.logs.lines import Piece
from regops.errors import NotFound, RegopsError
from regops.model.container_file import Happened
from regops.model.log_source import LogLine, LogSource, Notice
from regops.ports import ContainerFile, ContainerFiles

# After a rotation, a writer goes on with the old file until it is told to reopen: signals take their time.
_LINGER_SECONDS = 60.0
# A file that still has a name costs nothing but a descriptor, and its writer may never be told.
_MOST_OLD = 4

Event = LogLine | Notice


def about(source: LogSource, problem: str) -> Notice:
    """Return what to say about a problem with a source; errors of the doors name the file already."""
    return Notice(problem if source.path and source.path in problem else f"{source.name}: {problem}")


class FollowedFile:
    """A log source that is followed: `poll` it again and again.

    file is open and was read up to offset; without one, the source is read from its start when it appears.
    """

    def __init__(self, source: LogSource, file: ContainerFile | None = None, offset: int = 0) -> None:
        self.source = source
        # Whether nobody tells of all changes to it, so that it has to be looked at again and again.
        self.unwatched = True
        self.missing = file is None
        self._held: list[Held] = []
        self._place: Held | None = None
        self._problem = ""
        # Whether it was said already that another file is to come.
        self._is_renamed = False
        if file is not None:
            self._held = [held_at(file, offset)]

    def concerns(self, happened: Happened) -> bool:
        """Return whether something happened to one of its files."""
        watches = {held.watch for held in self._held}
        return not watches.isdisjoint(happened.written) or self.moved(happened)

    def moved(self, happened: Happened) -> bool:
        """Return whether one of its files got other names."""
        return any(held.watch in happened.moved for held in self._held)

    def poll(self, files: ContainerFiles, now: float, *, look: bool) -> Generator[Event, None, bool]:
        """Yield what came since, and return whether there is more already.

        look says whether to look at its path as well, for a file may stand there that was not there before. now is on
        the monotonic clock. Never raises for what happens to the file.
        """
        more, problem = False, ""
        try:
            if look:
                problem = yield from self._look(files, now)
            more = yield from self._read(files, now)
            if look and not more:
                yield from self._let_go(now)
        except RegopsError as error:
            problem = error.message
            look = True
        # It may pass, and until then it is said once, not five times a second.
        if problem and problem != self._problem:
            yield about(self.source, problem)
        if look:
            self._problem = problem
        return more

    def release(self) -> Iterator[Event]:
        """Close what is open and remember the place: the container has ended; yield lines that will never be whole."""
        for held in self._held[:-1]:
            yield from self._lines(held.splitter.flush())
        if self._held:
            self._place = self._held[-1]
        for held in self._held:
            held.close()
        self._held = []
        self.missing = self.unwatched = True

    def go_on_at(self, source: LogSource) -> None:
        """Follow another path from its start: the program has given its log a new name."""
        self.source = source
        self.missing = self._is_renamed = True

    def _look(self, files: ContainerFiles, now: float) -> Generator[Event, None, str]:
        """Take up the file at the path if it is another one, and return what is the problem with it."""
        try:
            facts = files.look(self.source.path)
        except NotFound:
            self.missing = True
            return ""
        self.missing = False
        if facts.problem:
            return facts.problem
        current = self._held[-1] if self._held else None
        if current is None or facts.identity != current.file.facts.identity:
            yield from self._take_up(files, files.open(self.source.path), current, now)
        if self.unwatched:
            newest = self._held[-1]
            newest.watch = newest.file.watch()
            self.unwatched = newest.watch is None
        return ""

    def _take_up(self, files: ContainerFiles, file: ContainerFile, current: Held | None, now: float) -> Iterator[Event]:
        self.unwatched = True
        for old in self._held[:-1]:
            if old.file.facts.identity == file.facts.identity is not None:
                # It has come back: a rotation was undone, or a link leads where it led before.
                file.close()
                self._held.remove(old)
                self._held.append(old)
                return
        place, self._place = current or self._place, None
        new = Held(file, quiet_since=now)
        if place is not None and place.continues_in(file):
            # The same text: copied up from a layer of the image, or mounted anew when the container was restarted.
            new = place.moved_to(file)
            if current is not None:
                current.close()
                self._held.pop()
        elif current is not None:
            current.quiet_since = now
            self._held += between(files, self.source.path, self._held, file)
            if not self._is_renamed:
                yield Notice(f"{self.source.name} was rotated; going on with the new file")
        elif place is not None:
            yield from self._found_again(files, place, file)
        self._is_renamed = False
        self._held.append(new)

    def _found_again(self, files: ContainerFiles, place: Held, newest: ContainerFile) -> Iterator[Event]:
        """Take up what was read before the container ended where it is now: under the name of a rotated file."""
        found = left_behind(files, self.source.path, place, newest)
        if found:
            self._held += found
            yield Notice(f"{self.source.name} was rotated; going on with the new file")
        else:
            yield from self._lines(place.splitter.flush())

    def _read(self, files: ContainerFiles, now: float) -> Generator[Event, None, bool]:
        """Yield the new lines of all that is held, oldest first, and return whether there are more.

        The newest is read first: when a writer has gone over to it, all that it wrote before is in the older ones.
        """
        peeked: list[tuple[Held, bytes]] = []
        for held in reversed(self._held):
            try:
                peeked.append((held, held.peek()))
            except Cut:
                yield from self._was_cut(files, held)
                return True
            except NotFound:
                yield from self._lost(held)
                return False
        for held, data in reversed(peeked):
            if data:
                yield from self._lines(held.take(data, now))
            if len(data) == CHUNK:
                # The newer ones wait: what they gave is read again.
                return True
            if held.finished:
                yield from self._drop(held)
        return False

    def _was_cut(self, files: ContainerFiles, held: Held) -> Iterator[Event]:
        copy = copy_of(files, self.source.path, held) if held is self._held[-1] else None
        if copy is not None:
            # What came between the last look and the copying is in the copy; its last line can be a part of one.
            copy.finished = True
            self._held.insert(-1, copy)
        else:
            yield from self._lines(held.splitter.flush())
        held.start_again()
        yield Notice(f"{self.source.name} was truncated; reading it from its start")

    def _lost(self, held: Held) -> Iterator[Event]:
        """Give up a file that cannot be read any more; what stands at its path is taken up at the next look."""
        yield from self._drop(held)
        self.missing = self.unwatched = True

    def _let_go(self, now: float) -> Iterator[Event]:
        """Close the files that were rotated away and are written to no more."""
        old = self._held[:-1]
        for place, held in enumerate(old):
            if now - held.quiet_since <= _LINGER_SECONDS:
                continue
            if len(old) - place <= _MOST_OLD and held.file.look().has_name:
                held.quiet_since = now
                continue
            yield from self._drop(held)

    def _drop(self, held: Held) -> Iterator[Event]:
        yield from self._lines(held.splitter.flush())
        self._held.remove(held)
        held.close()

    def _lines(self, pieces: Iterator[Piece]) -> Iterator[LogLine]:
        for piece in pieces:
            yield LogLine(self.source.name, piece.text, piece.cut_bytes)
