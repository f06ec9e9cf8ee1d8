"""All files of one log as one text from its oldest line to its newest, opened from the end as far as it is needed."""

from collections.abc import Callable, Iterator

from regops.collectors.logs.history import Generation, generations
from regops.collectors.logs.lines import LineSplitter
from regops.collectors.logs.opened_file import FAR_BYTES, OpenedFile
from regops.collectors.logs.patience import OutOfTime
from regops.collectors.logs.spots import Spot
from regops.errors import NotFound, RegopsError
from regops.model.log_source import LogLine, LogSource
from regops.ports import ContainerFile, ContainerFiles

_ATTEMPTS = 5


class LogChain:
    """The files of one source. check is called before every read and may raise; say gets what was left out, and why.

    With history, rotated files belong to it. Closing it closes all files.
    """

    def __init__(
        self,
        files: ContainerFiles,
        source: LogSource,
        *,
        history: bool,
        check: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._files = files
        self._source = source
        self._check = check
        self._say = say
        # Up to where lines of the file that was read last were handed out: in the newest, following goes on there.
        self.offset = 0
        # Where the piece begins that was read last.
        self.reached = Spot(0, 0)
        file = files.open(source.path)
        self.newest: ContainerFile = file
        self._opened = [self._held(Generation(source.path, file.facts), file)]
        self._complete = not history

    @property
    def end(self) -> Spot:
        """Where the log ended when it was opened."""
        return Spot(0, self._size(0))

    @property
    def modified_at(self) -> float:
        """When the newest file was written to last."""
        return self.newest.facts.modified_at

    def begin(self) -> Spot:
        """Return the beginning of the oldest file, opening all."""
        while self.extend():
            pass
        return self.oldest()

    def oldest(self) -> Spot:
        """Return the beginning of the oldest file that is open."""
        return Spot(1 - len(self._opened), self._opened[-1].floor)

    def end_of(self, file: int) -> Spot:
        """Return the end of a file."""
        return Spot(file, self._size(file))

    def extend(self, *, not_before: float | None = None) -> bool:
        """Open what is next older, and return whether there was any; a file last written before not_before is none."""
        if self._complete:
            return False
        if self._opened[-1].floor:
            return self._lift()
        return self._extend(not_before)

    def back(self, spot: Spot, size_bytes: int) -> Spot:
        """Return where a line begins that is size_bytes or more before a spot, or the beginning of its file.

        From the beginning of a file, that is in the file before it; from the beginning of all, it is the spot itself.
        """
        if spot.offset <= self._opened[-spot.file].floor:
            if 1 - spot.file == len(self._opened) and not self.extend():
                return spot
            if spot.offset <= self._opened[-spot.file].floor:
                spot = Spot(spot.file - 1, self._size(spot.file - 1))
        return Spot(spot.file, self._opened[-spot.file].line_start(spot.offset - size_bytes))

    def context(self, spot: Spot, size_bytes: int) -> Spot:
        """Return where a line begins about size_bytes before a spot, in the files before its own as well."""
        here, missing = spot, size_bytes
        while missing > 0:
            before = self.back(here, missing)
            if before == here:
                break
            missing -= (here.offset if before.file == here.file else self._size(before.file)) - before.offset
            here = before
        return here

    def lines(self, start: Spot, *, follow: bool = False) -> Iterator[tuple[Spot, LogLine]]:
        """Yield the lines from the beginning of one to the end of the log, with their spots.

        With follow, what follows the last newline of the newest file is left for later; offset says from where.
        """
        for file in range(start.file, 1):
            opened = self._opened[-file]
            splitter, line_at = LineSplitter(), start.offset if file == start.file else opened.floor
            at, name = line_at, self._source.name
            while chunk := opened.read(at):
                self.reached = Spot(file, at)
                at += len(chunk)
                for piece in splitter.feed(chunk):
                    yield Spot(file, line_at), LogLine(name, piece.text, piece.cut_bytes)
                    line_at += len(piece.text) + piece.cut_bytes + 1
            self.offset = line_at
            if not (follow and file == 0):
                for piece in splitter.flush():
                    yield Spot(file, line_at), LogLine(name, piece.text, piece.cut_bytes)
            self._say_damage(opened)

    def pieces(
        self, start: Spot, end: Spot | None, size_bytes: int, more_bytes: int
    ) -> Iterator[tuple[Spot, bytes, bytes]]:
        """Yield what is between two spots in pieces of a size: the spot, the piece, and more_bytes that follow it."""
        for file in range(start.file, (end or self.end).file + 1):
            opened = self._opened[-file]
            at = start.offset if file == start.file else opened.floor
            limit = end.offset if end is not None and end.file == file else None
            while limit is None or at < limit:
                size = size_bytes if limit is None else min(size_bytes, limit - at)
                content = opened.read(at, size + more_bytes)
                self.reached = Spot(file, at)
                if not content:
                    break
                piece, more = content[:size], content[size:]
                here, at = at, at + len(piece)
                if len(more) < more_bytes:
                    more += self._beyond(file, more_bytes - len(more))
                yield Spot(file, here), piece, more
            self._say_damage(opened)

    def tail(self, size_bytes: int) -> bytes:
        """Return some whole lines of the end of the newest file that holds any."""
        spot = self.end
        while not spot.offset:
            before = self.back(spot, size_bytes)
            if before == spot:
                return b""
            spot = Spot(before.file, self._size(before.file))
        start = max(spot.offset - size_bytes, self._opened[-spot.file].floor)
        sample = self._opened[-spot.file].read(start, spot.offset - start)
        return sample.partition(b"\n")[2] if start else sample

    def close(self, *, keep_newest: bool = False) -> None:
        """Close all files, or all but the newest."""
        for opened in self._opened[1 if keep_newest else 0 :]:
            opened.close()

    def _held(self, generation: Generation, file: ContainerFile) -> OpenedFile:
        # The engine sends files whole, from their beginning: the end is at hand, and the rest costs another time.
        return OpenedFile(generation, file, self._check, is_far=self._files.via == "engine")

    def _size(self, file: int) -> int:
        return self._opened[-file].size_bytes

    def _say_damage(self, opened: OpenedFile) -> None:
        if damage := opened.take_damage():
            self._say(f"{opened.generation.path} was read as far as it goes: {damage}")

    def _beyond(self, file: int, size_bytes: int) -> bytes:
        """Return what follows a file in the newer ones."""
        content = b""
        for newer in range(file + 1, 1):
            opened = self._opened[-newer]
            content += b"\n" + opened.read(opened.floor, size_bytes - len(content))
        return content

    def _lift(self) -> bool:
        """Let the beginning of the oldest file be read, and return whether it can be."""
        try:
            if self._opened[-1].lift():
                return True
            self._say(f"only its last {FAR_BYTES // 2**20} MiB were looked at")
        except OutOfTime:
            raise
        except RegopsError as error:
            self._say(error.message)
        self._complete = True
        return False

    def _extend(self, not_before: float | None) -> bool:
        for _ in range(_ATTEMPTS):
            self._check()
            found = generations(self._files, self._source.path)
            index = self._next(found)
            if index is None or index >= len(found):
                break
            older = found[index]
            if not_before is not None and older.facts.modified_at < not_before:
                break
            try:
                file = self._files.open(older.path)
            except NotFound:
                continue
            except RegopsError as error:
                self._say(error.message)
                break
            # Between the listing and the opening, the next rotation can have put another file there.
            if older.facts.identity is None or file.facts.identity == older.facts.identity:
                self._opened.append(self._held(older, file))
                return True
            file.close()
        self._complete = True
        return False

    def _next(self, found: tuple[Generation, ...]) -> int | None:
        """Return which of the files there are now is the next one before those that are open."""
        for steps, opened in enumerate(reversed(self._opened), 1):
            for index, generation in enumerate(found):
                held = opened.generation
                if held.facts.identity == generation.facts.identity and (
                    held.facts.identity is not None or held.path == generation.path
                ):
                    return index + steps
        return None
