"""A package is asked for by one person and granted by another: what was shown is what leaves, or nothing does.

A request writes the package in full beside the place where it is to stand, without the declaration that would make it a
bag, so that a second person can look at every file of it. Granting it hashes each again, and seals it. Standards: R63, R86.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from casualty import access
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotFound, Refused
from casualty.ledger import Row
from casualty.schema import ReleaseFields, table
from casualty.store import Store, history
from casualty.vocabulary import Operation, ReleaseAnswer, Role
from casualty.writing import Writer

ASKED = ".asked"
# Beside a package that was asked for, and no part of it: what it would publish, for the check of the next one.
KEPT = "published.json"


@dataclass(frozen=True, slots=True)
class Request:
    """A package asked for: by whom and when, for whom, where it lies, what it holds, and what was said to it."""

    id: str
    recorded_by: str
    recorded_at: str
    tier: str
    recipient: str
    basis: str
    place: str
    follows: str | None
    manifest_sha256: str
    ledger_head: str
    incidents: int
    answer: ReleaseAnswer
    answered_by: str | None
    answer_reasons: str | None
    answered_at: str | None

    @property
    def folder(self) -> Path:
        """Where the package lies until it is granted."""
        return shown_at(Path(self.place))

    def files(self) -> Iterator[tuple[str, int]]:
        """Yield (path in the package, bytes) of every file that would leave, in order; none once it has left or was refused."""
        for path in sorted(self.folder.rglob("*")) if self.folder.is_dir() else ():
            if path.is_file() and path.name != KEPT:
                yield path.relative_to(self.folder).as_posix(), path.stat().st_size


def shown_at(out: Path) -> Path:
    """Return the folder in which a package that was asked for lies, for a package that is to stand at `out`."""
    return out.with_name(f"{out.name}{ASKED}")


def second_person(store: Store) -> bool:
    """Return whether somebody else could grant a package: more than one account is active."""
    account = table("account")
    chosen = sa.select(sa.func.count()).where(account.c.active, account.c.withdrawn_at.is_(None))
    return int(store.rows(chosen)[0][0]) > 1


def permit_list(store: Store, by: Acting) -> None:
    """Return if `by` may read what was asked for and what left; raise Refused for whoever may neither ask nor release."""
    access.permit(by, "ask_release" if second_person(store) else "release_alone")
    access.permit_whole(store.situations_of(by))


def requests(store: Store, by: Acting, answer: ReleaseAnswer | None = None) -> list[Request]:
    """Return the packages asked for, newest first; raise Refused for whoever may neither ask nor grant."""
    permit_list(store, by)
    request = table("release_request")
    chosen = sa.select(request).where(request.c.withdrawn_at.is_(None)).order_by(request.c.id.desc())
    if answer is not None:
        chosen = chosen.where(request.c.answer == answer)
    return [Request(**{name: row._mapping[name] for name in Request.__slots__}) for row in store.rows(chosen)]


def one(store: Store, key: str, by: Acting) -> Request:
    """Return a request by its id or the beginning of it; raise NotFound if none, or more than one, begins so."""
    found = [request for request in requests(store, by) if request.id.startswith(key.strip().lower())]
    if len(found) != 1 or not key.strip():
        raise NotFound(
            "{n} requests begin with {key}; see: casualty release list", values={"n": len(found), "key": key}
        )
    return found[0]


def must_be_open(request: Request, by: Acting) -> None:
    """Return if `by` may answer a request; raise Refused for who asked, and for one that was answered."""
    access.permit(by, "release")
    broken_off = request.answer == ReleaseAnswer.GRANTED and request.answered_by == by.name and request.folder.is_dir()
    if request.answer != ReleaseAnswer.OPEN and not broken_off:
        raise Refused("This request was {answer} already.", values={"answer": request.answer})
    if request.recorded_by == by.name:
        raise Refused("Who asks for a package does not grant it: a second custodian does.")


def granted(store: Store, request: Request, release: ReleaseFields, by: Acting) -> str:
    """Write down that a second person lets a package go, and that it went; return the id of the release.

    Asked again after a break, it returns the release that it became.
    """
    must_be_open(request, by)
    with store.writing(by, action="release") as writer:
        if _answered(writer, request, ReleaseAnswer.GRANTED, "", by):
            return writer.record("release", release).id
    kept = table("release")
    return str(store.rows(sa.select(kept.c.id).where(kept.c.request_id == request.id))[0].id)


def refused(store: Store, request: Request, reasons: str, by: Acting) -> None:
    """Write down that a second person refuses a package, and why, and remove what was shown; raise InvalidRecords without reasons."""
    must_be_open(request, by)
    if not reasons.strip():
        fault = Fault(0, "reasons", "Empty.", "Say why it may not leave.")
        raise InvalidRecords("The answer cannot be saved as it is.", [fault])
    with store.writing(by, action="release", reason=reasons) as writer:
        _answered(writer, request, ReleaseAnswer.REFUSED, reasons, by)
    shutil.rmtree(request.folder, ignore_errors=True)


def taken_back(store: Store, request: Request, reasons: str, by: Acting) -> None:
    """Take back one's own request before it is answered, with reasons, and remove what was shown; raise Refused for others."""
    if request.recorded_by != by.name or request.answer != ReleaseAnswer.OPEN:
        raise Refused("Only who asked takes a request back, and only while nobody has answered it.")
    store.withdraw("release_request", request.id, by, reasons)
    shutil.rmtree(request.folder, ignore_errors=True)


def _answered(writer: Writer, request: Request, given: ReleaseAnswer, reasons: str, by: Acting) -> bool:
    """Write an answer down; return False if just this one stands already."""
    before = history.current(writer.connection, "release_request", request.id)
    held = before["release_request"][0]
    if (held["answer"], held.get("answered_by")) == (given.value, by.name):
        return False
    if held["answer"] != ReleaseAnswer.OPEN.value or held["recorded_by"] == by.name:
        raise Refused("This request was answered meanwhile.")
    told: Row = {"answer": given.value, "answered_by": by.name, "answered_at": writer.at}
    told |= {"answer_reasons": reasons.strip()} if reasons.strip() else {}
    writer.change("release_request", before, {"release_request": [held | told]}, Operation.REVIEW)
    return True


def may_grant(by: Acting, request: Request) -> bool:
    """Return whether a page should offer this person to answer a request."""
    return by.role is Role.CUSTODIAN and request.recorded_by != by.name and request.answer == ReleaseAnswer.OPEN
