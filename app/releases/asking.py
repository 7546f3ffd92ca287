"""Asking for a package: tier, recipient and basis, and then the writing of it, which may take minutes, behind the page."""

import time
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from app import language, releases, session, signing, widgets
from app.jobs import At, Job, Jobs, State
from app.language import count, later, say
from app.releases import taking
from casualty import release
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.release import Released, Request, Sent
from casualty.store import Store
from casualty.vocabulary import Tier

EVERY = 1.0  # seconds between two looks at the work
LONGEST_RECIPIENT = 300
BLANK = {"tier": "", "recipient": "", "basis": "", "follows": "", "without": False}
HOLDS = {
    Tier.PUBLIC: later(
        "For anyone: incidents by month with places moved, tables of people in which small numbers are suppressed, and no names but "
        "those whose publication was decided."
    ),
    Tier.PARTNER: later(
        "Under an agreement: as the public one, with the day and the district of incidents, and a row for each victim who cannot be "
        "told from at least four others."
    ),
    Tier.COMMISSION: later(
        "For a named recipient on a legal basis: the records themselves as they stand, with evidence, ledger and analyses, less what "
        "consent, the danger of serious harm or a dimension that is switched off keeps back."
    ),
}
# One at a time in this process: each reads the whole record.
_jobs: "weakref.WeakKeyDictionary[Store, Jobs]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Wanted:
    """What somebody asks for, and the folder that is to be the package."""

    tier: Tier
    recipient: str
    basis: str
    follows: str | None
    report: bool
    place: Path


def jobs(store: Store) -> Jobs:
    """Return the packages of an open database that are being written."""
    return _jobs.setdefault(store, Jobs(at_once=1))


def show(by: Acting, left: Sequence[Sent]) -> None:
    """Ask for a package; `left` are the releases that it may follow."""
    store = session.store()
    alone = releases.alone(store)
    try:
        releases.permit_asking(store, by)
        releases.folder(store)
    except CasualtyError as told:
        widgets.told(told)
        return
    st.caption(
        say("Nobody else has an account here, so the package is written at once and may leave: its README then says that no second "
            "person approved it.") if alone
        else say("The package is written in full so that it can be looked at. It leaves when a custodian who did not ask grants it.")
    )  # fmt: skip
    form = signing.form_of(by, "release", "ask")
    form.terms("tier", say("Tier (required)"), HOLDS, unset=say("Choose"))
    widgets.facts([(language.term(tier), escape(say(told))) for tier, told in HOLDS.items()])
    form.text("recipient", say("Who receives it"), required=True, max_chars=LONGEST_RECIPIENT)
    form.text("basis", say("On what legal basis or agreement"), required=True)
    earlier = {gone.id: named(gone) for gone in left if gone.tier != Tier.INTERNAL}
    form.choice("follows", say("Which earlier release it corrects"), earlier, unset=say("None"))
    form.tick("without", say("Leave out the report (PDF)"))
    form.keep()
    signing.refused(form)
    busy = any(not job.over for job in jobs(store).mine(by.name))
    label = say("Write the package") if alone else say("Ask for the package")
    st.button(label, type="primary", key="release-ask", disabled=busy, on_click=ask, args=(by,))


def named(gone: Sent) -> str:
    """Return a release as a list names it."""
    number = say("No. {number}", number=gone.number)
    return language.joined([number, language.day(gone.recorded_at), language.term(Tier(gone.tier)), gone.recipient])


def ask(by: Acting) -> None:
    """Have the package written; what is refused stays typed."""
    store, form = session.store(), signing.form_of(by, "release", "ask")
    said = {box: str(form.typed.get(box) or "").strip() for box in BLANK}
    report = not form.typed.get("without")
    try:
        signing.must(
            (said["tier"], "tier", later("No tier is chosen."), later("Choose for whom it is.")),
            (said["recipient"], "recipient", later("Nobody is named."), later("Write who receives it.")),
            (said["basis"], "basis", later("No basis is named."), later("Write on what it is sent.")),
        )
        begin(store, by, Tier(said["tier"]), said["recipient"], said["basis"], said["follows"] or None, report)
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, BLANK)


def begin(
    store: Store, by: Acting, tier: Tier, recipient: str, basis: str, follows: str | None, report: bool
) -> Job:  # fmt: skip
    """Put the writing of a package in line; raise UsageFault where it has no place, or too many of theirs wait."""
    wanted = Wanted(tier, recipient, basis, follows, report, releases.taken(store, tier))
    try:
        return jobs(store).ask(by.name, wanted, partial(write, store, by, wanted))
    except CasualtyError:
        releases.given_back(wanted.place)
        raise


def write(store: Store, by: Acting, wanted: Wanted, at: At) -> Request | Released:
    """Write the package, and record that it was asked for, or that it left; nothing stays of one that fails or is stopped."""
    make = release.build if releases.alone(store) else release.request
    with ExitStack() as kept:

        def told(done: int, total: int) -> None:
            at.progress(done, total)
            if done >= total:  # what comes now is recorded: nobody stops it any more
                kept.enter_context(at.keeping())

        try:
            return make(
                store, wanted.place, tier=wanted.tier, recipient=wanted.recipient, basis=wanted.basis, by=by,
                follows=wanted.follows, report=wanted.report, progress=told,
            )  # fmt: skip
        except BaseException:
            releases.given_back(wanted.place)
            raise


# What is seen of it --------------------------------------------------------------------------------------------------


def watch(by: Acting) -> None:
    """Show what is being written for this person, or came to an end and is not yet put away."""
    mine = jobs(session.store()).mine(by.name)
    if any(not job.over for job in mine):
        _watched(by, frozenset(job.id for job in mine if job.over))
    else:
        for job in mine:
            _ended(job, by)


@st.fragment(run_every=EVERY)
def _watched(by: Acting, over: frozenset[int]) -> None:
    """Show how far it is, every second; draw the whole page anew once it has ended."""
    mine = jobs(session.store()).mine(by.name)
    if any(job.over and job.id not in over for job in mine):
        st.rerun()
    for job in mine:
        _ended(job, by) if job.over else _going_on(job, by)


def _going_on(job: Job, by: Acting) -> None:
    with st.container(border=True, key=f"package-{job.id}"):
        st.html(f'<p class="at-work" role="status"><b>{_title(job)}</b> {escape(_where(job))}</p>')
        if job.total:
            st.progress(min(job.done / job.total, 1.0), text=_left(job))
        st.caption(say("You may leave this page: it is written to the end. Of a large record this takes minutes."))
        if job.state is not State.STOPPING and not 0 < job.total <= job.done:
            st.button(say("Cancel"), key=f"package-{job.id}-stop", on_click=stop, args=(by.name, job))


def _where(job: Job) -> str:
    if job.state is State.WAITING:
        return say("In line: another package is being written.")
    if job.state is State.STOPPING:
        return say("Cancelled. Nothing of it is kept; its last step is coming to an end.")
    files, size = releases.underway(job.what.place)
    return language.joined(
        [count("{n} file written", "{n} files written", files), count("{n} byte", "{n} bytes", size)]
    )


def _left(job: Job) -> str:
    """Return how much of the record is checked and written, and how long the rest takes if it goes on so."""
    if 100 * job.done >= 99 * job.total:  # records that were merged or taken back are counted and not written
        return say("The records are written. The papers are made, and all is hashed.")
    said = say("{share} % of the record checked and written", share=100 * job.done // job.total)
    seconds = job.seconds_left(time.monotonic())
    if seconds is None:
        return said
    whole = max(1, round(seconds))
    return language.joined([said, count("about {n} second left", "about {n} seconds left", whole)])


def stop(owner: str, job: Job) -> None:
    """Stop the writing of a package; of one that had not begun the number is let go."""
    store = session.store()
    jobs(store).stop(owner, job.id)
    if any(mine.id == job.id and mine.state is State.STOPPED for mine in jobs(store).mine(owner)):
        releases.given_back(job.what.place)


def _title(job: Job) -> str:
    return language.phrase(
        "Package for {recipient}, tier {tier}", recipient=widgets.text(job.what.recipient), tier=job.what.tier
    )


def _ended(job: Job, by: Acting) -> None:
    """Show what came of it, until it is put away."""
    with st.container(border=True, key=f"package-{job.id}"):
        if job.state is State.DONE:
            st.html(f'<p role="status"><b>{_title(job)}</b> {escape(_outcome(job.result))}</p>')
            if isinstance(job.result, Released):
                widgets.facts([(say("SHA-256 of its manifest"), f"<code>{escape(job.result.manifest_sha256)}</code>")])
                taking.offer(job.result.release_id, by)
        elif job.state is State.STOPPED:
            st.html(f'<p role="status"><b>{_title(job)}</b> {escape(say("Cancelled. Nothing of it was kept."))}</p>')
        elif job.fault is not None:
            st.html(f"<p><b>{_title(job)}</b></p>")
            widgets.told(job.fault)
        else:
            widgets.faults(say("This failed by a fault of the program. Nothing left; tell whoever runs this server."))
        st.button(say("Put away"), key=f"package-{job.id}-away", on_click=jobs(session.store()).forget,
                  args=(by.name, job.id))  # fmt: skip


def _outcome(made: Request | Released) -> str:
    if isinstance(made, Released):
        return say("It is written and may be sent. No second person approved it, and its README says so.")
    return say("It is written, and waits to be looked at and granted. Nothing has left.")
