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

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as holding

_SLOT = re.compile(r"\{(\w+)\}")


class Word(str):
    """A word or phrase of this program among a sentence's values: a page translates it, unlike what a person typed."""


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its {name} slots filled; without values it stands as it is.

    What fills a slot is never read as a template, and a slot without a value stays as written.
    """
    if not values:
        return template
    return _SLOT.sub(lambda slot: _shown(values[slot[1]]) if slot[1] in values else slot[0], template)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if value is None:
        return "unknown"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it stands, what it is, and how to mend it.

    `row` counts the data rows of a file from 1 (0: not a row of a file); `field` names the
    field in the words of the codebook. `fault` and `mend` are English templates, keys of the pages' catalogues too;
    `values` fills their slots, kept as what they are (a day, a term, a `Word`) so that each language can write them.
    """

    row: int
    field: str
    fault: str
    mend: str
    values: Mapping[str, object] = holding(default_factory=dict, hash=False)

    @property
    def said(self) -> str:
        """What is wrong, in English, with its values."""
        return filled(self.fault, self.values)

    @property
    def remedy(self) -> str:
        """How to mend it, in English, with its values."""
        return filled(self.mend, self.values)

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.field) if part)
        return f"{where}: {self.said} {self.remedy}".strip() if where else f"{self.said} {self.remedy}".strip()

    def as_dict(self) -> dict[str, object]:
        return {"row": self.row, "field": self.field, "fault": self.said, "mend": self.remedy}


class CasualtyError(Exception):
    """Base of every error that is shown to a person as a sentence, never as a traceback.

    The message is an English template like a fault's; `message` is what it says with its values.
    """

    exit_code = 1

    def __init__(self, message: str, faults: Sequence[Fault] = (), values: Mapping[str, object] | None = None) -> None:
        self.template = message
        self.values = dict(values or {})
        self.message = filled(message, self.values)
        super().__init__(self.message)
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

    def __init__(
        self,
        message: str,
        differences: Sequence[Difference],
        current_version: int,
        values: Mapping[str, object] | None = None,
    ) -> None:
        faults = [
            Fault(
                0,
                d.field,
                "was {before}; now saved as {theirs}; yours says {yours}.",
                "Choose one.",
                {"before": repr(d.before), "theirs": repr(d.theirs), "yours": repr(d.yours)},
            )
            for d in differences
        ]
        super().__init__(message, faults, values)
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
