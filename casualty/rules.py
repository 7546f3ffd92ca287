"""Pure rules: is a draft consistent, how many were harmed, and which status may follow which."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from casualty.errors import Fault
from casualty.schema import IncidentDraft, VictimDraft
from casualty.vocabulary import AgeBand, Harm, IncidentStatus, StandardOfProof, VictimKind

S = IncidentStatus

MOVES: dict[IncidentStatus, frozenset[IncidentStatus]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.WITHDRAWN}),
    S.SUBMITTED: frozenset({S.IN_REVIEW, S.DUPLICATE, S.WITHDRAWN}),
    S.IN_REVIEW: frozenset({S.NEEDS_WORK, S.CORROBORATED, S.VERIFIED, S.CONTESTED, S.UNVERIFIABLE, S.REFUTED, S.SUBMITTED,
                            S.DUPLICATE, S.WITHDRAWN}),
    S.NEEDS_WORK: frozenset({S.SUBMITTED, S.DUPLICATE, S.WITHDRAWN}),
    S.CORROBORATED: frozenset({S.IN_REVIEW, S.VERIFIED, S.CONTESTED, S.DUPLICATE, S.WITHDRAWN}),
    S.VERIFIED: frozenset({S.IN_REVIEW, S.CONTESTED, S.DUPLICATE, S.WITHDRAWN}),
    S.CONTESTED: frozenset({S.IN_REVIEW, S.DUPLICATE, S.WITHDRAWN}),
    S.UNVERIFIABLE: frozenset({S.IN_REVIEW, S.DUPLICATE, S.WITHDRAWN}),
    S.REFUTED: frozenset({S.IN_REVIEW, S.DUPLICATE, S.WITHDRAWN}),
    S.DUPLICATE: frozenset({S.IN_REVIEW, S.WITHDRAWN}),
    S.WITHDRAWN: frozenset({S.IN_REVIEW}),
}  # fmt: skip

# What stood under a judgement and is amended waits for the next one.
WAITS_AGAIN = frozenset({S.NEEDS_WORK, S.CORROBORATED, S.VERIFIED, S.CONTESTED, S.UNVERIFIABLE, S.REFUTED})
# What a review may say at the end; all else is on its way there, or left the record.
JUDGED = frozenset({S.CORROBORATED, S.VERIFIED, S.CONTESTED, S.UNVERIFIABLE, S.REFUTED})
# What only a merge and no other judgement makes, and only undoing that merge, or a new look, takes away.
BY_MERGE = S.DUPLICATE
# Those who are not known to live: that one of them died is for a review to say.
UNKNOWN_FATE = frozenset({Harm.MISSING, Harm.DISAPPEARED})
# How an incident may enter the record: everything else is a judgement, a merge or a withdrawal.
FIRST = frozenset({S.DRAFT, S.SUBMITTED})

# What its recorder, and nobody else's judgement, puts forward.
SUBMITTABLE = frozenset({S.DRAFT, S.NEEDS_WORK})

ADULT_AT = 18
EXACT_PLACE_METRES = 1000


@dataclass(frozen=True)
class Checked:
    """What the rules found: faults stop a record, warnings are kept beside it."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Range:
    """A low, best and high number; None is unknown, which is not zero."""

    low: int | None
    best: int | None
    high: int | None

    @property
    def stated(self) -> bool:
        return any(value is not None for value in (self.low, self.best, self.high))

    @property
    def ordered(self) -> bool:
        known = [value for value in (self.low, self.best, self.high) if value is not None]
        return known == sorted(known)


def check(draft: IncidentDraft, today: date) -> Checked:
    """Return every fault and warning of an incident draft, none hidden behind another.

    Source: Standards for Casualty Recording (2016), minimum data; UCDP GED codebook for the precisions.
    """
    found = Checked()
    _check_date(draft, today, found)
    _check_place(draft, found)
    _check_counts(draft, found)
    if not draft.claims:
        found.faults.append(
            Fault(0, "source", "No source is named.", "Name the document or the person this comes from.")
        )
    if draft.victims:
        _check_victims(draft, today, found)
    return found


def _check_date(draft: IncidentDraft, today: date, found: Checked) -> None:
    if draft.date_start is None:
        if draft.date_missing is None:
            found.faults.append(Fault(0, "date", "No date.", "Give one, however wide, or say why there is none."))
        if draft.date_end is not None:
            found.faults.append(Fault(0, "date", "An end without a beginning.", "Give the first day too."))
        return
    if draft.date_missing is not None:
        found.faults.append(Fault(0, "date", "A date and a reason for its absence.", "Keep one of the two."))
    if draft.date_end is None:
        found.faults.append(Fault(0, "date_end", "No end of the date.", "Repeat the start if it was one day."))
    elif draft.date_end < draft.date_start:
        found.faults.append(
            Fault(
                0,
                "date_end",
                "{end} lies before {start}.",
                "Swap or mend them.",
                {"end": draft.date_end, "start": draft.date_start},
            )
        )
    if draft.date_start > today:
        day = {"day": draft.date_start}
        found.faults.append(Fault(0, "date", "{day} has not come yet.", "Check day, month and year.", day))


def _check_place(draft: IncidentDraft, found: Checked) -> None:
    named = any((draft.place_as_reported, draft.pcode, draft.admin2, draft.admin1, draft.country))
    if (draft.lat is None) != (draft.lon is None):
        found.faults.append(Fault(0, "lat, lon", "One coordinate without the other.", "Give both or none."))
    elif draft.lat is None and not named and draft.place_missing is None:
        found.faults.append(Fault(0, "place", "No place.", "Name it, however roughly, or say why there is none."))
    if draft.place_missing is not None and (named or draft.lat is not None):
        found.faults.append(Fault(0, "place", "A place and a reason for its absence.", "Keep one of the two."))
    if draft.lat == 0 and draft.lon == 0:
        found.warnings.append(
            Fault(0, "lat, lon", "Both are 0: a point in the Gulf of Guinea.", "Often an empty field.")
        )
    if draft.place_precision == 1 and (draft.uncertainty_m or 0) > EXACT_PLACE_METRES:
        found.faults.append(
            Fault(0, "uncertainty_m", "An exact place with more than 1 km of uncertainty.", "Choose a wider precision.")
        )


def _check_counts(draft: IncidentDraft, found: Checked) -> None:
    for name in ("killed", "injured", "missing"):
        low, best, high = (getattr(draft, f"{name}_{part}") for part in ("low", "best", "high"))
        if Range(low, best, high).ordered:
            continue
        text, stated = "low {low}, best {best}, high {high} are out of order.", {"low": low, "best": best, "high": high}
        if draft.count_conflict:
            found.warnings.append(Fault(0, name, text, "Kept as stated and marked count_conflict.", stated))
        else:
            mend = "Mend them, or mark count_conflict to keep them as stated."
            found.faults.append(Fault(0, name, text, mend, stated))


def _check_victims(draft: IncidentDraft, today: date, found: Checked) -> None:
    groups = {name: v for v in draft.victims if v.kind == VictimKind.GROUP for name in (v.id, v.ref) if name}
    parties = {name for part in draft.involvements for name in (part.id, part.ref) if name}
    for number, victim in enumerate(draft.victims, start=1):
        if any(act.involvement is not None and act.involvement not in parties for act in victim.acts):
            text = "An act names an involvement that this incident does not have."
            found.faults.append(Fault(0, f"victim {number} acts", text, "Name one of its alleged involvements."))
        _check_victim(victim, f"victim {number}", draft, today, found)
        if victim.resolved_out_of is not None and (
            victim.kind != VictimKind.PERSON or victim.resolved_out_of not in groups
        ):
            found.faults.append(
                Fault(
                    0, f"victim {number} resolved_out_of", "Names no group of this incident.", "Name one of its groups."
                )
            )
    for name, times in Counter(name for v in draft.victims for name in {v.id, v.ref} if name).items():
        if times > 1:
            stated: dict[str, object] = {"times": times, "name": name}
            found.faults.append(
                Fault(0, "victims", "{times} victims are called {name}.", "Give each its own name.", stated)
            )
    for group, number in _resolved(draft.victims):
        if group.count_high is not None and number > group.count_high:
            text = "{number} persons out of a group of at most {high}."
            stated = {"number": number, "high": group.count_high}
            found.faults.append(Fault(0, "resolved_out_of", text, "Raise the group's high.", stated))
    total = victims_harmed(draft.victims, Harm.KILLED)
    if draft.killed_high is not None and (total.low or 0) > draft.killed_high:
        found.warnings.append(
            Fault(
                0,
                "killed",
                "{number} victims stand below a stated high of {high}.",
                "Look at both.",
                {"number": total.low, "high": draft.killed_high},
            )
        )


def _check_victim(victim: VictimDraft, where: str, draft: IncidentDraft, today: date, found: Checked) -> None:
    triple = Range(victim.count_low, victim.count_best, victim.count_high)
    if victim.kind == VictimKind.PERSON and triple.stated and triple != Range(1, 1, 1):
        found.faults.append(Fault(0, where, "A person counts one.", "Make it a group, or leave the counts out."))
    if not triple.ordered and not victim.count_conflict:
        found.faults.append(Fault(0, where, "Low, best, high are out of order.", "Mend them, or mark count_conflict."))
    if victim.date_of_death and draft.date_start and victim.date_of_death < draft.date_start:
        found.faults.append(Fault(0, f"{where} date_of_death", "Lies before the incident.", "Mend one of the dates."))
    if victim.date_of_death and victim.date_of_death > today:
        found.faults.append(Fault(0, f"{where} date_of_death", "Has not come yet.", "Check day, month and year."))
    if victim.age_low is not None and victim.age_high is not None and victim.age_low > victim.age_high:
        found.faults.append(Fault(0, f"{where} age", "The low age is above the high.", "Swap them."))
    if victim.age_years is not None:
        child = victim.age_years < ADULT_AT
        if victim.age_band in ((AgeBand.ADULT, AgeBand.OLDER) if child else (AgeBand.INFANT, AgeBand.CHILD)):
            stated = {"years": victim.age_years, "band": victim.age_band}
            found.faults.append(Fault(0, f"{where} age", "{years} years is not {band}.", "Mend one.", stated))


def age_band(years: float | None) -> AgeBand:
    """Return the band of an age in years; exactly 18 is an adult (SDG 16.1.2)."""
    if years is None:
        return AgeBand.NOT_RECORDED
    if years < 1:
        return AgeBand.INFANT
    if years < ADULT_AT:
        return AgeBand.CHILD
    return AgeBand.ADULT if years < 60 else AgeBand.OLDER


def victims_harmed(victims: Iterable[VictimDraft], harm: Harm, counted_as: Mapping[str, str] | None = None) -> Range:
    """Return how many victims of one harm stand in these rows, each person once (R09, R30).

    A person resolved out of a group is inside that group's number, and leaves it for what is known of that person:
    a group has what its own number leaves over, at least nothing. An unknown number of a group adds nothing.
    `counted_as` names, by its id, each row whose person is counted as another row (see `counted_once`): it adds nothing,
    here or in another incident, and two rows of one person leave a group once.
    """
    chosen, elsewhere = list(victims), counted_as or {}
    persons = sum(
        1
        for victim in chosen
        if victim.kind == VictimKind.PERSON and victim.harm == harm and victim.id not in elsewhere
    )
    totals = [persons, persons, persons]
    for group, resolved in _resolved(chosen, elsewhere):
        if group.harm == harm:
            for index, value in enumerate((group.count_low, group.count_best, group.count_high)):
                totals[index] += max((value or 0) - resolved, 0)
    return Range(*totals)


def _resolved(
    victims: Collection[VictimDraft], counted_as: Mapping[str, str] | None = None
) -> list[tuple[VictimDraft, int]]:
    """Return each group with the number of persons resolved out of it, under its key or its name in the draft."""
    elsewhere = counted_as or {}
    named: dict[str, set[object]] = defaultdict(set)
    for number, victim in enumerate(victims):
        if victim.resolved_out_of is not None:
            named[victim.resolved_out_of].add(elsewhere.get(victim.id or "", victim.id or number))
    groups = [victim for victim in victims if victim.kind == VictimKind.GROUP]
    return [
        (group, len({one for name in {group.id, group.ref} if name for one in named.get(name, ())})) for group in groups
    ]


def counted_once(pairs: Iterable[tuple[str, str]], standing: Collection[str]) -> dict[str, str]:
    """Return, for each row that is counted as another, the row that its person is counted as.

    `pairs` are (victim, counted as) judged to be the same person and not taken back; `standing` the rows of incidents
    that count. Of all rows of one person one counts: the end of their chain if it stands, else the standing row
    nearest to it (of equally near ones, the first by id). So a person is never lost when an incident is taken back.
    """
    into = dict(pairs)
    members: dict[str, list[str]] = defaultdict(list)
    far: dict[str, int] = {}
    for row in {*into, *into.values()}:
        end, far[row] = _end_of(row, into)
        members[end].append(row)
    found: dict[str, str] = {}
    for rows in members.values():
        stand = sorted((row for row in rows if row in standing), key=lambda row: (far[row], row))
        found |= dict.fromkeys(stand[1:], stand[0] if stand else "")
    return found


def _end_of(row: str, into: Mapping[str, str]) -> tuple[str, int]:
    """Return the end of a row's chain and how far it is; of a circle, which no judgement makes, its first by id."""
    seen = [row]
    while (following := into.get(seen[-1])) is not None:
        if following in seen:
            circle = seen[seen.index(following) :]
            return min(circle), len(seen)
        seen.append(following)
    return seen[-1], len(seen) - 1


def found_dead(before: Collection[VictimDraft], after: Collection[VictimDraft]) -> bool:
    """Return whether an amendment turns missing or disappeared people into dead ones (R30).

    It does if a victim of unknown fate is now killed, or a killed person is newly named out of a group of unknown fate,
    or fewer are of unknown fate than before and more are killed, whichever rows say so.
    """
    fate = {victim.id: victim for victim in before if victim.harm in UNKNOWN_FATE}
    if not fate:
        return False
    killed = [victim for victim in after if victim.harm == Harm.KILLED]
    named = {(victim.id, victim.resolved_out_of) for victim in before if victim.harm == Harm.KILLED}
    if any(victim.id in fate for victim in killed if victim.id):
        return True
    if any(v.resolved_out_of in fate and (v.id, v.resolved_out_of) not in named for v in killed):
        return True
    gone = any(_moved(before, after, harm, -1) for harm in UNKNOWN_FATE)
    return gone and _moved(before, after, Harm.KILLED, 1)


def figures_found_dead(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether an incident's stated figures have fewer missing than before, and more killed."""

    def moved(harm: str, sign: int) -> bool:
        columns = (f"{harm}_{part}" for part in ("low", "best", "high"))
        return any(((after.get(name) or 0) - (before.get(name) or 0)) * sign > 0 for name in columns)

    return moved("missing", -1) and moved("killed", 1)


def _moved(before: Iterable[VictimDraft], after: Iterable[VictimDraft], harm: Harm, sign: int) -> bool:
    """Return whether the victims of one harm are more (1) or fewer (-1) than before, in any of the three numbers."""
    was, now = victims_harmed(before, harm), victims_harmed(after, harm)
    pairs = ((was.low, now.low), (was.best, now.best), (was.high, now.high))
    return any(((b or 0) - (a or 0)) * sign > 0 for a, b in pairs)


def may_move(before: IncidentStatus, after: IncidentStatus) -> bool:
    """Return whether an incident may go from one status to the other."""
    return after in MOVES[before]


def may_submit(before: IncidentStatus) -> bool:
    """Return whether the recorder may put an incident forward for review."""
    return before in SUBMITTABLE


def after_amendment(before: IncidentStatus, *, found_dead: bool = False) -> IncidentStatus:
    """Return the status of an incident whose content was amended: what was judged is put forward again.

    That somebody missing was found dead is for a review to say: such an amendment puts forward again what is in review too.
    """
    waits = before in WAITS_AGAIN or (found_dead and before == S.IN_REVIEW)
    return S.SUBMITTED if waits else before


def independent_origins(claims: Iterable[Mapping[str, Any]], source_of: Mapping[str, str | None]) -> int:
    """Return how many independent origins stand behind these claims (R15).

    Claims of one origin count once; where no origin is named, the source counts, the claim's or else the document's.
    `source_of` gives the source of each document that still stands; claims of withdrawn documents count nothing.
    """
    return len(
        {
            claim.get("origin_id") or claim.get("source_id") or source_of[claim["document_id"]] or claim["document_id"]
            for claim in claims
            if claim["standing"] == "current" and claim["document_id"] in source_of
        }
    )


def origins_needed(status: IncidentStatus, minimum: int) -> int:
    """Return how many independent origins a status stands on; `minimum` is what the deployment asks for verification."""
    return {S.VERIFIED: minimum, S.CORROBORATED: 2}.get(status, 0)


def same_hand(one: str, other: str) -> bool:
    """Return whether two names in the ledger are known to be one person's.

    A name is known again as itself, and as the login name under which it signed while the database had no accounts. Two
    accounts of one person, or an account that bears another name than the login, cannot be told apart from two people.
    """
    return one.removeprefix("local:") == other.removeprefix("local:")


def check_second_person(reviewer: str, recorders: Collection[str], reasons: str) -> list[Fault]:
    """Return why a step of review is not for this person, or not without reasons (R12, R13)."""
    faults = []
    if any(same_hand(reviewer, recorder) for recorder in recorders):
        faults.append(
            Fault(0, "reviewer", "Who recorded or amended an incident cannot review it.", "Ask a second person.")
        )
    if not reasons.strip():
        faults.append(Fault(0, "reasons", "No reasons are given.", "Write why."))
    return faults


def check_review(
    before: IncidentStatus, after: IncidentStatus, *, reviewer: str, recorders: Collection[str], reasons: str,
    standard: StandardOfProof, origins: int, minimum_origins: int, merging: bool = False,
) -> list[Fault]:  # fmt: skip
    """Return why a judgement is not allowed: the move, the second person, the reasons, the origins (R12, R13, R15, R17).

    `recorders` are all whose hand is in the record: who recorded it, and who amended it. `merging` says that the incident
    is being merged into another one: nothing else makes a duplicate.
    """
    faults = []
    if not may_move(before, after):
        stated = {"before": before, "after": after, "allowed": tuple(sorted(MOVES[before]))}
        faults.append(Fault(0, "to_status", "{before} cannot become {after}.", "Allowed: {allowed}.", stated))
    elif after == BY_MERGE and not merging:
        text = "A duplicate points to the record it repeats."
        faults.append(Fault(0, "to_status", text, "Merge it into that record."))
    faults += check_second_person(reviewer, recorders, reasons)
    if after == S.VERIFIED and standard == StandardOfProof.NOT_STATED:
        faults.append(Fault(0, "standard_of_proof", "Verification names its standard of proof.", "State it."))
    needed = origins_needed(after, minimum_origins)
    if origins < needed:
        text = "{origins} independent origin(s), {needed} needed."
        numbers = {"origins": origins, "needed": needed}
        faults.append(Fault(0, "origins", text, "Find another, or leave it as it is.", numbers))
    return faults


def waits_for(status: IncidentStatus, origins: int, minimum_origins: int, *, own: bool) -> Fault:
    """Return what an incident waits for before its next move, as a sentence and what to do; `own`: the reader's own work."""
    if status in SUBMITTABLE:
        return Fault(0, "status", "With its recorder.", "It comes back when it is put forward.")
    if own:
        return Fault(0, "reviewer", "A second person: you recorded or amended it.", "Leave it to somebody else.")
    if status == S.SUBMITTED:
        return Fault(0, "status", "Nobody has taken it up.", "Take it into review.")
    if status not in (S.IN_REVIEW, S.CORROBORATED):
        return Fault(0, "status", "Nothing: it was judged.", "Take it up again if something new comes.")
    needed = origins_needed(S.VERIFIED, minimum_origins)
    if origins < needed:
        numbers = {"origins": origins, "needed": needed}
        text = "{origins} independent origin(s), {needed} needed to verify."
        return Fault(0, "origins", text, "Find another, or judge it as it is.", numbers)
    return Fault(0, "status", "A judgement.", "Give your reasons and the standard of proof.")
