"""Packages that leave the house: built from the record alone, verifiable by a stranger, the same bytes each time.

`request` shows what would leave, `grant` lets exactly that go, `build` does both where the record is kept by one person;
`verify` checks any bag with this program's own copy of the code that travels in it. Standards: R84, R85, R86, R88.
"""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from pydantic import ValidationError

from casualty import access, disclosure
from casualty.access import Acting
from casualty.errors import CheckFailed, Fault, InvalidRecords, NotFound, Refused, UsageFault
from casualty.evidence import Items
from casualty.ledger import Progress
from casualty.release import approving, bag, making, signing, verifier
from casualty.release.approving import Request, one, requests
from casualty.release.making import Earlier, Made, Wishes
from casualty.schema import ReleaseFields, ReleaseRequestFields, table
from casualty.store import Store, faults_of, history
from casualty.vocabulary import Operation, Tier

__all__ = [
    "Released", "Request", "Sent", "build", "grant", "one", "public_key", "received", "refuse", "request", "requests", "sent",
    "take_back", "verify",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Released:
    """A package that left: where it lies, what it holds, and the hashes by which it is known."""

    path: Path
    release_id: str
    manifest_sha256: str
    ledger_seq: int
    ledger_head: str
    incidents: int
    withheld: int
    files: int
    bytes: int


def build(
    store: Store, out: Path, *, tier: Tier, recipient: str, basis: str, by: Acting, follows: str | None = None,
    report: bool = True, progress: Progress | None = None,
) -> Released:  # fmt: skip
    """Write a package as the folder `out`, and record in the ledger that it went to this recipient on this basis.

    The same record, tier, recipient and basis give the same bytes: nothing in a package comes from the clock, from
    chance or from packages sent before, but for `follows`, the id of an earlier release or the hash of its manifest. The folder
    appears whole or not at all. `progress` is told links of the ledger verified and incidents written, of all of them.

    Raises
    ------
    Refused: the account may not release, a second person has to grant it, or recipient or basis is empty.
    UsageFault: `out` is there and not empty, or the tier is not one to be made. NotFound: no such earlier release.
    NotEnoughData: no incident is held. CheckFailed: the ledger does not verify, or an original is missing.
    """
    access.permit(by, "release_alone")
    _must_be_free(out)
    if approving.second_person(store):
        raise Refused("Others have accounts here: a second person grants a package. Use: casualty release request")
    wishes = _wishes(store, tier, recipient, basis, follows, report, second=False)
    with _place(out) as folder:
        made = making.write(store, folder, wishes, signing.sealed(store, signing.MASK, by), _items(store), progress)
        bag.seal(folder, made.manifest_sha256, [], signing.signer(store, by))
        verify(folder)  # what does not hold does not leave
        fields = _fields(_left(made, wishes), made.manifest_sha256, wishes.follows, None, made.published)
        with store.writing(by, action="release_alone") as writer:
            saved = writer.record("release", fields)
        _emptied(out)
        folder.rename(out)
    facts = made.facts
    withheld = sum(facts.tally.withheld.values())
    return Released(
        out,
        saved.id,
        made.manifest_sha256,
        facts.seq,
        facts.head,
        facts.summary.incidents,
        withheld,
        made.files,
        made.bytes,
    )


def request(
    store: Store, out: Path, *, tier: Tier, recipient: str, basis: str, by: Acting, follows: str | None = None,
    report: bool = True, progress: Progress | None = None,
) -> Request:  # fmt: skip
    """Ask that a package may leave: it is written in full beside `out`, to be looked at, and is no package yet.

    Raises as `build` does.
    """
    access.permit(by, "ask_release")
    wishes = _wishes(store, tier, recipient, basis, follows, report, second=True)
    out = out.absolute()
    _must_be_free(out)
    shown = approving.shown_at(out)
    with _place(shown) as folder:
        made = making.write(store, folder, wishes, signing.sealed(store, signing.MASK, by), _items(store), progress)
        fields = {
            "tier": tier, "recipient": wishes.recipient, "basis": wishes.basis, "place": str(out),
            "follows": wishes.follows.manifest_sha256 if wishes.follows else None, "manifest_sha256": made.manifest_sha256,
            "ledger_head": made.facts.head, "incidents": made.facts.summary.incidents,
        }  # fmt: skip
        if made.published is not None:
            (folder / approving.KEPT).write_text(made.published, encoding="utf-8")
        folder.rename(shown)
        saved = store.record("release_request", ReleaseRequestFields.model_validate(fields), by)
    return approving.one(store, saved.id, by)


def grant(store: Store, asked: Request, by: Acting) -> Released:
    """Let a package go that somebody else asked for, exactly as it was shown.

    Raises Refused for who asked, for a request that was answered and for an account that may not; CheckFailed if a file is not
    as it was shown.
    """
    approving.must_be_open(asked, by)
    out = Path(asked.place)
    _must_be_free(out)
    shown = asked.folder
    if not shown.is_dir():
        raise NotFound("The package that was shown is gone; ask for it anew.")
    bag.must_be_whole(shown, asked.manifest_sha256)
    fields = _fields(asked, asked.manifest_sha256, _earlier(store, asked.follows), asked.id, _published(shown))
    release_id = approving.granted(store, asked, fields, by)
    (shown / approving.KEPT).unlink(missing_ok=True)
    more = [("Asked-By", asked.recorded_by), ("Granted-By", by.name)]
    if Tier(asked.tier) in making.OUTSIDE:  # whoever works here is for nobody outside to know
        more = [("Granted-By", "a second person")]
    bag.seal(shown, asked.manifest_sha256, more, signing.signer(store, by))
    verify(shown)
    _emptied(out)
    shown.rename(out)
    sizes = [path.stat().st_size for path in (out / "data").rglob("*") if path.is_file()]
    seq = bag.info_of(out).get("Ledger-Seq", "0")
    return Released(
        out, release_id, asked.manifest_sha256, int(seq), asked.ledger_head, asked.incidents, _withheld(out), len(sizes),
        sum(sizes),
    )  # fmt: skip


def refuse(store: Store, asked: Request, reasons: str, by: Acting) -> None:
    """Refuse a package that somebody else asked for, with reasons; what was shown is removed."""
    approving.refused(store, asked, reasons, by)


def take_back(store: Store, asked: Request, reasons: str, by: Acting) -> None:
    """Take back one's own request, with reasons; what was shown is removed."""
    approving.taken_back(store, asked, reasons, by)


@dataclass(frozen=True, slots=True)
class Sent:
    """A release that left; `number` counts those of its tier to its recipient, from 1."""

    id: str
    number: int
    recorded_at: str
    recorded_by: str
    tier: str
    recipient: str
    basis: str
    manifest_sha256: str
    incidents: int
    follows_id: str | None
    request_id: str | None
    received_on: date | None
    receipt: str | None


def sent(store: Store, by: Acting) -> list[Sent]:
    """Return the releases that left, newest first; raise Refused for whoever may neither ask for one nor grant it."""
    approving.permit_list(store, by)
    release = table("release")
    count: Counter[tuple[str, str]] = Counter()
    found = []
    for row in store.rows(sa.select(release).order_by(release.c.id)):
        count[row.tier, row.recipient] += 1
        told = {name: row._mapping[name] for name in Sent.__slots__ if name != "number"}
        found.append(Sent(number=count[row.tier, row.recipient], **told))
    return found[::-1]


def received(store: Store, release_id: str, on: date, said: str, by: Acting) -> None:
    """Keep what a recipient confirmed: when they had a package, and their words or their own hash of it (R86).

    Raises NotFound for no such release, InvalidRecords without any words, or for a day that has not come.
    """
    if not said.strip() or on > store.today():
        fault = Fault(
            0,
            "received_on" if said.strip() else "receipt",
            "Empty, or still to come.",
            "Write what they confirmed, and when.",
        )
        raise InvalidRecords("The receipt cannot be kept as it is.", [fault])
    with store.writing(by, action="release", reason="a receipt came") as writer:
        before = history.current(writer.connection, "release", release_id)
        told = {"received_on": on.isoformat(), "receipt": said.strip()}
        writer.change("release", before, {"release": [before["release"][0] | told]}, Operation.AMEND)


def public_key(store: Store, by: Acting) -> str:
    """Return the public half of the key that this house signs with: tell it to recipients by another way than the package."""
    approving.permit_list(store, by)
    return signing.signer(store, by).public


def verify(folder: Path, key: str = "") -> tuple[str, ...]:
    """Return what was checked of a package, a sentence each; this program's verifier is used, never the copy inside.

    key: the sender's public key, against which the signature must hold; without it, that which the package names. Raises
    NotFound if there is no such folder, CheckFailed with every fault found: file, place, what is wrong.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no package at {folder}.")
    report = verifier.check(str(folder), key)
    if report.faults:
        found = [
            Fault(0, ", ".join(part for part in (file, place) if part), f"{what}.", "Ask the sender for it again.")
            for file, place, what in report.faults
        ]
        raise CheckFailed(f"The package does not hold: {len(found)} fault(s).", found)
    return tuple(report.checked)


# What is asked for, and where it is to stand ----------------------------------------------------------------------------


def _wishes(
    store: Store, tier: Tier, recipient: str, basis: str, follows: str | None, report: bool, *, second: bool
) -> Wishes:
    disclosure.require_tier(tier)
    recipient, basis = recipient.strip(), basis.strip()
    if not recipient or not basis:
        raise Refused("A package goes to a named recipient on a named basis: give both --to and --basis.")
    wishes = Wishes(tier, recipient, basis, _earlier(store, follows), second, report)
    _fields(_Asked(tier, recipient, basis, "0" * 64, 0), "0" * 64, None, None, None)
    return wishes


def _earlier(store: Store, follows: str | None) -> Earlier | None:
    """Return an earlier release by its id, or by the hash of its manifest; raise NotFound."""
    if follows is None:
        return None
    release = table("release")
    wanted = follows.strip().lower()
    chosen = (
        sa.select(release)
        .where((release.c.id == wanted) | (release.c.manifest_sha256 == wanted))
        .order_by(release.c.id)
    )
    found = store.rows(chosen)
    if not found:
        raise NotFound("There is no release {key}.", values={"key": follows})
    return Earlier(found[0].id, found[0].manifest_sha256, found[0].ledger_head)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a release record states, before there is a package."""

    tier: Tier | str
    recipient: str
    basis: str
    ledger_head: str
    incidents: int


def _left(made: Made, wishes: Wishes) -> _Asked:
    return _Asked(wishes.tier, wishes.recipient, wishes.basis, made.facts.head, made.facts.summary.incidents)


def _fields(
    asked: "_Asked | Request", manifest: str, earlier: Earlier | None, request_id: str | None, published: str | None
) -> ReleaseFields:
    stated = {name: getattr(asked, name) for name in ("tier", "recipient", "basis", "ledger_head", "incidents")}
    stated |= {
        "manifest_sha256": manifest,
        "follows_id": earlier and earlier.id,
        "request_id": request_id,
        "published": published,
    }
    try:
        return ReleaseFields.model_validate(stated)
    except ValidationError as wrong:
        raise InvalidRecords("The release cannot be recorded as it is.", faults_of(wrong)) from wrong


def _items(store: Store) -> Items | None:
    """Return the folder of originals, None for a server's database that names none."""
    try:
        return Items.of(store)
    except UsageFault:
        return None


def _must_be_free(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageFault(f"{out} is not a folder; name a new one.")
    if out.exists() and any(out.iterdir()):
        raise UsageFault(f"{out} is not empty; a package delivered is never overwritten. Name a new folder.")


def _emptied(out: Path) -> None:
    if out.exists():
        out.rmdir()


@contextmanager
def _place(out: Path) -> Iterator[Path]:
    """Give a folder beside `out`, on the same disk, that is removed unless it has become `out`."""
    _must_be_free(out)
    folder = out.parent / f".{out.name}.unfinished"
    if folder.exists():  # left by a build that was killed
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        if folder.exists():
            shutil.rmtree(folder)


def _published(shown: Path) -> str | None:
    kept = shown / approving.KEPT
    return kept.read_text(encoding="utf-8") if kept.is_file() else None


def _withheld(folder: Path) -> int:
    with (folder / "data/08_withheld.csv").open(encoding="utf-8", newline="") as file:
        return sum(
            int(row["count"] or 0) for row in csv.DictReader(file) if row["category"] not in ("house", "sealed", "tier")
        )
