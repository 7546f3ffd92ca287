"""Questions at work: put in line, watched with what is left, stopped, and shown again to whoever comes back."""

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from app import jobs, language, session, widgets
from app.jobs import At, Job, State
from app.language import count, later, say
from app.patterns import words
from app.patterns.ready import CAN
from casualty import asking, runs
from casualty.access import Acting
from casualty.asking import Material
from casualty.readiness import Readiness, readiness
from casualty.runs import canonical
from casualty.store import Store

EVERY = 1.0  # seconds between two looks at the work
REMEMBERED = 2
STAGES = {"reading": later("Reading the record"), "asking": later("Asking"), "keeping": later("Keeping the answer")}


@dataclass(frozen=True, eq=False)
class Asked:
    """What somebody asked for: a question, or (`again`) a kept one once more, or (`check`) whether it can be answered."""

    method: str
    chosen: Mapping[str, Any]
    words: str
    name: str | None = None
    again: str | None = None
    check: bool = False


class _Materials:
    """The last materials of one database, which a readiness and the question after it share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: OrderedDict[tuple[str, ...], Material] = OrderedDict()


_materials: "weakref.WeakKeyDictionary[Store, _Materials]" = weakref.WeakKeyDictionary()
# What a material depends on; the rest of what is chosen is only about the work.
OF_MATERIAL = ("dimension", "group", "filter", "since", "until", "status", "by", "period", "base", "model")


def material(store: Store, by: Acting, method: str, chosen: Mapping[str, Any]) -> tuple[str, Material]:
    """Return the ledger's head and what a question is asked of, as the record stands now; raise as `asking.gathered`."""
    kept = _materials.setdefault(store, _Materials())
    names = {name: chosen.get(name) for name in OF_MATERIAL}
    head = store.head().hash
    key = (head, by.name, method, canonical(names))
    with kept.lock:
        if key in kept.held:
            kept.held.move_to_end(key)
            return head, kept.held[key]
    found = asking.gathered(store, method, chosen, by)
    with kept.lock:
        kept.held[key] = found
        while len(kept.held) > REMEMBERED:
            kept.held.popitem(last=False)
    return head, found


def begin(store: Store, by: Acting, asked: Asked) -> Job:
    """Put a question in line; raise UsageFault where too many of theirs wait."""
    work: Callable[..., Any] = _again if asked.again else _checked if asked.check else _answer
    return jobs.of(store).ask(by.name, asked, partial(work, store, by, asked))


def _answer(store: Store, by: Acting, asked: Asked, at: At) -> str:
    """Ask and keep; the code of what was kept."""
    at.stage("reading")
    head, held = material(store, by, asked.method, asked.chosen)
    at.stage("asking")
    document = asking.answer(held, asked.method, asked.chosen, executor=at.executor, progress=at.progress)
    at.stage("keeping")
    with at.keeping():
        return asking.keep(store, by, asked.method, asked.chosen, held, document, name=asked.name, ledger_head=head)


def _checked(store: Store, by: Acting, asked: Asked, at: At) -> Readiness:
    """Say whether the data can answer a question; nothing is kept of it."""
    at.stage("reading")
    return readiness(material(store, by, asked.method, asked.chosen)[1], asked.method, asked.chosen)


def checked(store: Store, by: Acting, asked: Asked) -> Job | None:
    """Return the latest job that says whether this very question can be answered, None where there is none."""
    mine = [job for job in jobs.of(store).mine(by.name) if job.what.check and job.state is not State.STOPPED]
    return next(
        (job for job in reversed(mine) if (job.what.method, job.what.chosen) == (asked.method, asked.chosen)), None
    )


def _again(store: Store, by: Acting, asked: Asked, at: At) -> runs.Rerun:
    """Ask a kept question once more; nothing is kept of it."""
    at.stage("asking")
    ask = asking.again(store, by, executor=at.executor, progress=at.progress)
    return runs.rerun(store, str(asked.again), ask, by=by)


# What is seen of it --------------------------------------------------------------------------------------------------


def show(by: Acting) -> None:
    """Show what is at work, in line, or ended and not yet put away."""
    mine = jobs.of(session.store()).mine(by.name)
    if any(not job.over for job in mine):
        _watched(by, frozenset(job.id for job in mine if job.over))
    else:
        for job in mine:
            _ended(job, by)


@st.fragment(run_every=EVERY)
def _watched(by: Acting, over: frozenset[int]) -> None:
    """Show what goes on, every second; draw the whole page anew once something has ended."""
    mine = jobs.of(session.store()).mine(by.name)
    if any(job.over and job.id not in over for job in mine):
        st.rerun()
    for job in mine:
        if job.over:
            _ended(job, by)
        else:
            _going_on(job, by)


def _going_on(job: Job, by: Acting) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        st.html(f'<p class="at-work" role="status"><b>{escape(_title(job))}</b> {escape(_where(job))}</p>')
        if job.state is State.RUNNING:
            st.progress(min(job.done / job.total, 1.0) if job.total else 0.0, text=_left(job))
        if job.state is not State.STOPPING:
            st.button(say("Cancel"), key=f"job-{job.id}-stop", on_click=_stop, args=(by.name, job.id))


def _where(job: Job) -> str:
    if job.state is State.WAITING:
        ahead = jobs.of(session.store()).ahead(job)
        return count("In line: {n} question is before it.", "In line: {n} questions are before it.", ahead)
    if job.state is State.STOPPING:
        return say("Cancelled. Nothing of it is kept; its last step is coming to an end.")
    return say(STAGES[job.stage]) if job.stage else ""


def _left(job: Job) -> str:
    """Return how much is done of what, and how long the rest takes if it goes on so."""
    if not job.total:
        return say("How long this takes cannot be said yet.")
    seconds = job.seconds_left(time.monotonic())
    parts = [say("{done} of {total}", done=job.done, total=job.total)]
    if seconds is not None:
        whole = max(1, round(seconds))
        minutes = round(seconds / 60)
        parts.append(
            count("about {n} second left", "about {n} seconds left", whole)
            if seconds < 90
            else count("about {n} minute left", "about {n} minutes left", minutes)
        )
    return language.joined(parts)


def _title(job: Job) -> str:
    if job.what.check:
        return say("Can the data answer it? {question}", question=job.what.words)
    return say("Again: {question}", question=job.what.words) if job.what.again else str(job.what.words)


def _stop(owner: str, number: int) -> None:
    jobs.of(session.store()).stop(owner, number)


def _forget(owner: str, number: int) -> None:
    jobs.of(session.store()).forget(owner, number)


def open_answer(code: str) -> None:
    """Open a kept answer; the address says so, so that the page can be passed on."""
    st.query_params["run"] = code
    st.query_params.pop("compare", None)


def _ended(job: Job, by: Acting) -> None:
    """Show what came of it, until it is put away."""
    with st.container(border=True, key=f"job-{job.id}"):
        if job.state is State.DONE and job.what.again:
            words.english(job.result.sentence, "p", "said")
            if job.result.differences:
                st.html("<ul>" + "".join(f"<li>{words.engine(part)}</li>" for part in job.result.differences) + "</ul>")
        elif job.state is State.DONE and job.what.check:
            st.html(f'<p role="status"><b>{escape(_title(job))}</b> {escape(say(CAN[job.result.can][1]))}</p>')
        elif job.state is State.DONE:
            st.html(f'<p role="status"><b>{escape(_title(job))}</b> {escape(say("Answered, and kept."))}</p>')
        elif job.state is State.STOPPED:
            st.html(
                f'<p role="status"><b>{escape(_title(job))}</b> {escape(say("Cancelled. Nothing of it was kept."))}</p>'
            )
        elif job.fault is not None:
            st.html(f"<p><b>{escape(_title(job))}</b></p>")
            widgets.told(job.fault)
        else:
            said = say("This failed by a fault of the program. Nothing of it was kept; tell whoever runs this server.")
            widgets.faults(f"{_title(job)}: {said}")
        with st.container(horizontal=True):
            if job.state is State.DONE and not job.what.again and not job.what.check:
                st.button(
                    say("Open the answer"),
                    key=f"job-{job.id}-open",
                    type="primary",
                    on_click=_open,
                    args=(by.name, job),
                )
            st.button(say("Put away"), key=f"job-{job.id}-away", on_click=_forget, args=(by.name, job.id))


def _open(owner: str, job: Job) -> None:
    open_answer(job.result)
    _forget(owner, job.id)
