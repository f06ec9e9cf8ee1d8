"""What to install into a root file system."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Installation:
    """Packages of a Debian suite, and what is done after them.

    below is the path of the tar of the root file system to begin with, None for an empty one. setup is a shell script
    for the new root. sources are apt's lines, () for the distribution's own mirror; versions maps packages to the
    versions that are preferred over newer ones.
    """

    suite: str
    packages: tuple[str, ...]
    setup: str = ""
    below: str | None = None
    sources: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def preferences(self) -> str:
        """The text of apt's preferences that pins the versions, "" for none. Source: apt_preferences(5)."""
        pins = (
            f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n" for name, version in self.versions.items()
        )
        return "\n".join(pins)
