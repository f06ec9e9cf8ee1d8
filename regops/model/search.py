"""What a search for repositories found."""

from dataclasses import dataclass
from enum import StrEnum

from parsers.search_results import FoundRepository
from regops.errors import ExitStatus
from regops.model.answer import Target


class Source(StrEnum):
    """Who answered: the registry's search index, or its catalog, read by regops because there is no index."""

    INDEX = "index"
    CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class Search:
    """The repositories that a term finds.

    repositories are in the order of the answer, found counts all there are, None where it is not told; complete is
    False when some were not fetched: more than were wanted, or a catalog that was not read to its end. note says what
    to know of it, "" for nothing.
    """

    target: Target
    term: str
    source: Source
    repositories: tuple[FoundRepository, ...]
    found: int | None
    complete: bool
    note: str

    @property
    def exit_status(self) -> ExitStatus:
        """OK, something found or not: the question was answered."""
        return ExitStatus.OK
