"""What came of checking tarballs."""

from dataclasses import dataclass

from regops.errors import ExitStatus
from regops.model.answer import PartFailure, Target, part_failure
from regops.model.image_tarball import ImageContents
from regops.model.tarball import Proof, common_status


@dataclass(frozen=True, slots=True)
class Verification:
    """One tarball that was checked, a file or an object of Swift.

    proof is what Swift's checksums showed, `none` where there was nothing to compare with; sha256_agrees says whether
    one agrees that was given (sha256_given) or else noted beside the object, None where there is none. contents is None
    when it failed or was not looked into. error and hint are empty unless it failed, kind is then the failure's stable
    word and exit_code what it would end with alone.
    """

    name: str
    is_file: bool
    good: bool
    size_bytes: int | None = None
    sha256: str = ""
    proof: Proof = Proof.NONE
    sha256_agrees: bool | None = None
    sha256_given: bool = False
    contents: ImageContents | None = None
    kind: str = ""
    error: str = ""
    hint: str = ""
    exit_code: ExitStatus = ExitStatus.OK


@dataclass(frozen=True, slots=True)
class Verifications:
    """What came of checking some tarballs, in the order they were named."""

    target: Target
    verifications: tuple[Verification, ...]

    @property
    def failures(self) -> tuple[PartFailure, ...]:
        """Why some of them failed."""
        return tuple(part_failure(one.name, one.kind, one.error, one.hint) for one in self.verifications if one.error)

    @property
    def exit_status(self) -> ExitStatus:
        """What each would have ended with alone, where that is the same for all; else some of it is bad news."""
        return common_status(one.exit_code for one in self.verifications)
