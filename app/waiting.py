"""Which part of the queue is asked for: read from the address, checked, written back, and asked of the record."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.language import later, say
from casualty import review
from casualty.access import Acting
from casualty.errors import Word
from casualty.review import Page
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

NAMES = ("status", "assignee", "q", "situation", "recorder", "older", "after")
LONGEST_TEXT, MOST_DAYS = 100, 36_500
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STATUSES = tuple(word for word in IncidentStatus if word != IncidentStatus.DRAFT)
# How far an incident is: a sign and a word, so that no colour has to tell it.
NEW, UNDER_WAY, RETURNED, JUDGED = (
    ("○", later("New")), ("◐", later("In progress")), ("↩", later("Back with its recorder")), ("●", later("Judged")),
)  # fmt: skip
STAGES: dict[str, tuple[str, str]] = {
    IncidentStatus.DRAFT: ("…", later("Not yet put forward")),
    IncidentStatus.SUBMITTED: NEW,
    IncidentStatus.IN_REVIEW: UNDER_WAY,
    IncidentStatus.NEEDS_WORK: RETURNED,
    IncidentStatus.DUPLICATE: ("⇢", later("Merged into another")),
    IncidentStatus.WITHDRAWN: ("✕", later("Taken back")),
}


def stage(status: str) -> tuple[str, str]:
    """Return the sign and the word for how far an incident of this status is."""
    sign, word = STAGES.get(status, JUDGED)
    return sign, say(word)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the queue; a field left empty asks nothing. `after` is where the page begins."""

    status: tuple[str, ...] = ()
    assignee: str | None = None
    text: str = ""
    situation: str | None = None
    recorder: str | None = None
    older: int | None = None
    after: str | None = None

    def params(self) -> dict[str, list[str]]:
        """Return it as parameters of an address: words of the vocabulary, names, ids and numbers."""
        single = {
            "assignee": self.assignee, "q": self.text or None, "situation": self.situation, "recorder": self.recorder,
            "older": None if self.older is None else str(self.older), "after": self.after,
        }  # fmt: skip
        given = {"status": list(self.status)} if self.status else {}
        given |= {name: [value] for name, value in single.items() if value}
        return {name: given[name] for name in NAMES if name in given}

    def ask(self, store: Store, by: Acting, limit: int) -> Page:
        """Return this page of the queue."""
        return review.queue(
            store, by, status=[IncidentStatus(word) for word in self.status] or None, assignee=self.assignee,
            text=self.text or None, situation=self.situation, recorder=self.recorder, older_than_days=self.older,
            after=self.after, limit=limit,
        )  # fmt: skip

    def following(self, store: Store, by: Acting, incident_id: str) -> str | None:
        """Return the code of the next one after an incident that `by` may judge, from the start again at the end."""
        for after in (incident_id, None):
            items = replace(self, after=after).ask(store, by, 50).items
            if found := next((item for item in items if not item.own and item.id != incident_id), None):
                return found.code
        return None


def read(address: Mapping[str, Sequence[str]], situations: Mapping[str, str]) -> tuple[Wanted, list[str]]:
    """Return what an address asks for, and a note on each part of it that was not understood.

    `situations` are those that may be named, by id.
    """
    notes = []

    def one(name: str) -> str:
        return (address.get(name) or [""])[0].strip().replace("\x00", "")

    def refused(name: str, value: str) -> None:
        notes.append(say("{name}: {value} is not understood", name=Word(name), value=value[:LONGEST_TEXT]))

    words = [word for word in address.get("status", ()) if word]
    for word in words:
        if word not in STATUSES:
            refused("status", word)
    older = one("older")
    if older and not (re.fullmatch(r"[0-9]{1,5}", older) and int(older) <= MOST_DAYS):
        refused("older", older)
        older = ""
    situation, after = one("situation"), one("after")
    if situation and situation not in situations:
        refused("situation", situation)
        situation = ""
    if after and not ID.fullmatch(after):
        refused("after", after)
        after = ""
    known = tuple(word for word in STATUSES if word in words)
    wanted = Wanted(
        tuple(map(str, known)), one("assignee")[:LONGEST_TEXT] or None, one("q")[:LONGEST_TEXT], situation or None,
        one("recorder")[:LONGEST_TEXT] or None, int(older) if older else None, after or None,
    )  # fmt: skip
    return wanted, notes
