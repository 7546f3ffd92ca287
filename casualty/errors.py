"""The one exception tree: everything a user may be told without a traceback.

CasualtyError                1   any fault that is the user's to mend
+-- CheckFailed              1   a chain, a record or a package is not what it says it is
+-- UsageFault               2   the command or the file cannot be understood
+-- InvalidRecords          10   rows or fields that break a rule, all of them listed
|   +-- EditConflict        10   somebody else saved the same record in between
+-- NotFound                11   no such record, batch or file
+-- Refused                 12   not permitted, or a password that does not match
+-- NotEnoughData           13   the question cannot be answered from what is held
+-- Interrupted            130   stopped by the person at the keyboard; nothing half done
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it stands, what it is, and how to mend it.

    `row` counts the data rows of a file from 1 (0: not a row of a file); `field` names the
    field in the words of the codebook.
    """

    row: int
    field: str
    fault: str
    mend: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.field) if part)
        return f"{where}: {self.fault} {self.mend}".strip() if where else f"{self.fault} {self.mend}".strip()

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class CasualtyError(Exception):
    """Base of every error that is shown to a person as a sentence, never as a traceback."""

    exit_code = 1

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class CheckFailed(CasualtyError):
    """A verification found something that does not agree with its record."""


class UsageFault(CasualtyError):
    """A command, an option or a file's form that cannot be understood."""

    exit_code = 2


class InvalidRecords(CasualtyError):
    """Records that break a rule; `faults` lists every one found, not only the first."""

    exit_code = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """One field on which two savings of the same record disagree."""

    field: str
    before: object
    theirs: object
    yours: object


class EditConflict(InvalidRecords):
    """Another person saved this record after it was opened; nothing of either version is lost."""

    def __init__(self, message: str, differences: Sequence[Difference], current_version: int) -> None:
        super().__init__(
            message,
            [
                Fault(
                    0, d.field, f"was {d.before!r}; now saved as {d.theirs!r}; yours says {d.yours!r}.", "Choose one."
                )
                for d in differences
            ],
        )
        self.differences = tuple(differences)
        self.current_version = current_version


class NotFound(CasualtyError):
    """Nothing is held under this name."""

    exit_code = 11


class Refused(CasualtyError):
    """The acting account may not do this, or could not show who it is."""

    exit_code = 12


class NotEnoughData(CasualtyError):
    """A number was asked for that the data held cannot support."""

    exit_code = 13


class Interrupted(CasualtyError):
    """Work was stopped by the user before it was complete; nothing of it was kept."""

    exit_code = 130
