"""Commands of review: judge, queue, merge, second coding, corrections."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.frame import Json, acting, app, correction_app, dumped, opened, out, review_app, say
from casualty.errors import UsageFault

if TYPE_CHECKING:
    from enum import StrEnum

    from casualty.review import Item, Kappa

Reason = Annotated[str, typer.Option(help="Why, in your words; it is signed and kept.")]


def _one_of(scheme: "type[StrEnum]", word: str, option: str) -> Any:
    if word not in set(scheme):
        known = tuple(scheme)
        raise UsageFault(
            "{option} {word} is not known; one of: {known}.", values={"option": option, "word": word, "known": known}
        )
    return scheme(word)


@review_app.command("judge", hidden=True)
def review_judge(
    code: str,
    to: Annotated[
        str, typer.Option("--to", help="in_review, needs_work, corroborated, verified, contested and so on.")
    ],
    reason: Reason,
    standard: Annotated[str, typer.Option(help="Standard of proof; verification needs one.")] = "reasonable_grounds",
) -> None:
    """Record a judgement on an incident and move its status."""
    from casualty import review
    from casualty.errors import NotFound
    from casualty.vocabulary import IncidentStatus, StandardOfProof

    store = opened()
    by = acting(store)
    status = _one_of(IncidentStatus, to, "--to")
    kind, incident = review.found(store, code, by)
    if kind != "incident":
        raise NotFound("{code} is a victim; an incident is judged.", values={"code": code})
    store.review(incident, status, reason, by, _one_of(StandardOfProof, standard, "--standard"))
    say(f"{code}: {status}.")


@review_app.command("queue")
def review_queue(
    status: Annotated[list[str] | None, typer.Option(help="Of this status; may be given again.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Assigned to me.")] = False,
    assignee: Annotated[str | None, typer.Option(help="Assigned to this name, or nobody.")] = None,
    text: Annotated[str | None, typer.Option(help="Stands in code, title or place.")] = None,
    older: Annotated[int | None, typer.Option(metavar="DAYS", help="Recorded longer ago.")] = None,
    after: Annotated[str | None, typer.Option(help="The next of the page before.")] = None,
    limit: Annotated[int, typer.Option(help="1 to 200.")] = 25,
    as_json: Json = False,
) -> None:
    """List what waits for review, the first recorded first."""
    from casualty import review
    from casualty.vocabulary import IncidentStatus

    store = opened()
    by = acting(store)
    wanted = [_one_of(IncidentStatus, one, "--status") for one in status] if status else None
    page = review.queue(
        store, by, status=wanted, assignee=review.ME if mine else assignee, text=text, older_than_days=older,
        after=after, limit=limit,
    )  # fmt: skip
    if as_json:
        document = {"total": page.total, "more": page.more, "next": page.next}
        out(dumped({**document, "incidents": [_document(item) for item in page.items]}))
        return
    for item in page.items:
        out(_line(item))
    say(
        f"{'more than ' if page.more else ''}{page.total:,} in all.{f' Next: --after {page.next}' if page.next else ''}"
    )


def _document(item: "Item") -> dict[str, Any]:
    told = asdict(item) | {"waits_for": item.waits_for.said, "viewers": list(item.viewers)}
    days = {name: None if told[name] is None else told[name].isoformat() for name in ("date_start", "date_end")}
    return told | days


def _line(item: "Item") -> str:
    days = " to ".join(dict.fromkeys(str(day) for day in (item.date_start, item.date_end) if day)) or "no date"
    killed = "/".join(
        "?" if value is None else str(value) for value in (item.killed.low, item.killed.best, item.killed.high)
    )
    said = f"{item.code}  {item.status:<12}{item.age_days:>5} d  {days}  {(item.place or 'no place')[:40]}  killed {killed}"
    told = f"  {item.claims} claims, {item.origins} origins  {item.assignee or '-'}  {item.waits_for.said}"
    return said + told


@review_app.command("assign")
def review_assign(code: str, name: Annotated[str, typer.Argument(help="A reviewer, or nobody.")]) -> None:
    """Ask somebody to review an incident."""
    from casualty import review

    store = opened()
    by = acting(store)
    _, incident = review.found(store, code, by)
    review.assign(store, incident, None if name == review.NOBODY else name, by)
    say(f"{code}: {name}.")


@review_app.command("draw")
def review_draw(
    coder: Annotated[str, typer.Argument(help="Who codes a second time.")],
    size: Annotated[int, typer.Option(help="How many incidents.")],
    seed: Annotated[int, typer.Option(help="Anybody who knows it draws the same.")],
) -> None:
    """Draw a random sample for a second coder."""
    from casualty import review

    store = opened()
    sample = review.draw(store, acting(store), coder, size, seed)
    say(f"Drew {len(sample.incidents):,} of {sample.population:,} ({sample.drawn_from}).")
    out(sample.id)


@review_app.command("agreement")
def review_agreement(sample: str, as_json: Json = False) -> None:
    """Show how far the second coder of a sample agrees with the first coding."""
    from casualty import review

    found = review.agreement(opened(), sample)
    if as_json:
        out(
            dumped(
                {
                    "sample": found.sample.id,
                    "missing": found.missing,
                    "fields": [_measured(one) for one in found.fields],
                }
            )
        )
        return
    for one in found.fields:
        told = one.why or f"kappa {one.kappa:.2f} ({one.low:.2f} to {one.high:.2f})"
        out(
            f"{one.field:<16}n {one.n:>4}  alike {'-' if one.observed is None else format(one.observed, '.0%'):>4}  {told}"
        )
    say(f"{found.missing} of {len(found.sample.incidents)} not coded yet.")


def _measured(one: "Kappa") -> dict[str, Any]:
    return asdict(one) | {"table": [[a, b, n] for (a, b), n in one.table.items()]}


@review_app.command("pairs")
def review_pairs(as_json: Json = False) -> None:
    """List pairs of recorded people who may be one person and were not judged, the likeliest first."""
    from casualty import recorded, review
    from casualty.vocabulary import SameOrNot

    store = opened()
    by = acting(store)
    judged = review.judged_pairs(store)
    found = recorded.Recorded(store).open_pairs(judged, sight=recorded.Sight(store.situations_of(by)))
    less = recorded.fewer(found, [pair for pair, verdict in judged.items() if verdict == SameOrNot.SAME])
    if as_json:
        pairs = [{"a": one.first.victim_code, "b": one.second.victim_code, "score": one.score} for one in found]
        out(dumped({"fewer": less, "pairs": pairs}))
        return
    for one in found:
        out(f"{one.first.victim_code}  {one.second.victim_code}  {one.score:.2f}")
    say(f"{len(found):,} open pairs. If every open pair were the same person: -{less:,}")


@app.command()
def merge(code: str, into: str, reason: Reason) -> None:
    """Merge an incident into an incident, or a victim into a victim, that is the same."""
    from casualty import review

    store = opened()
    done = review.merge(store, code, into, reason, acting(store))
    say(f"{done.code} is merged into {done.into_code}; casualty unmerge {done.code} takes it back.")


@app.command()
def unmerge(code: str, reason: Reason) -> None:
    """Take a merge back."""
    from casualty import review

    store = opened()
    review.unmerge(store, code, acting(store), reason)
    say(f"{code} stands for itself again.")


@correction_app.command("add")
def correction_add(
    wanted: Annotated[str, typer.Argument(help="What should be corrected, as asked.")],
    by: Annotated[str, typer.Option(help="family, survivor, witness, source, organisation or other.")],
    code: Annotated[str | None, typer.Option(help="The incident or victim.")] = None,
    contact: Annotated[str | None, typer.Option(help="How to answer; stays in the house.")] = None,
) -> None:
    """Take down that somebody asks for a correction."""
    from casualty import review
    from casualty.vocabulary import AskedBy

    store = opened()
    asked = _one_of(AskedBy, by, "--by")
    out(review.ask(store, acting(store), wanted=wanted, asked_by=asked, code=code, contact=contact).id)


@correction_app.command("list")
def correction_list(
    answer: Annotated[str | None, typer.Option(help="open, accepted, partly or declined.")] = None,
    as_json: Json = False,
) -> None:
    """List the corrections asked for, the oldest first."""
    from casualty import review
    from casualty.vocabulary import CorrectionAnswer

    store = opened()
    found = review.corrections(store, acting(store), _one_of(CorrectionAnswer, answer, "--answer") if answer else None)
    if as_json:
        days = ("received_on", "answered_on")
        told = [asdict(one) | {d: getattr(one, d) and getattr(one, d).isoformat() for d in days} for one in found]
        out(dumped(told))
        return
    for one in found:
        out(
            f"{one.id}  {one.received_on}  {one.age_days:>4} d  {one.asked_by}  {one.code or '-'}  {one.answer}  {one.wanted}"
        )


@correction_app.command("answer")
def correction_answer(
    correction: str, reason: Reason,
    to: Annotated[str, typer.Option("--to", help="accepted, partly or declined.")],
) -> None:  # fmt: skip
    """Answer a correction, with reasons."""
    from casualty import review
    from casualty.vocabulary import CorrectionAnswer

    store = opened()
    review.answer(store, correction, _one_of(CorrectionAnswer, to, "--to"), reason, acting(store))
    say(f"Answered: {to}.")
