"""The record: each event as a recorder entered it, with its claims, allegations, status, and some twice.

References are symbolic: a document by its title, a source, origin or actor by its name, a group by its codes.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from sample_data import sources, victims, whereabouts
from sample_data.events import Event, Scene
from sample_data.people import CROWD, POLICE, STATE, TARGETED, Weighted
from sample_data.victims import Person

Row = dict[str, Any]

DUPLICATES, CONFLICTS = 22, 6
LEAST_CLAIMS = {"targeted": 2, "near_repeat": 2, "massacre": sources.MOST_CLAIMS}
FIGURES_ONLY = 0.06  # of ordinary incidents, those with numbers and no victim rows
RECORDERS = Weighted({"recorder": 60, "recorder2": 40})
SENSITIVITY = Weighted({"moderate": 78, "high": 14, "low": 6, "severe": 2})
ONE_ORIGIN = Weighted(
    {"submitted": 44, "in_review": 13, "needs_work": 9, "unverifiable": 24, "refuted": 3, "contested": 0}
)
SEVERAL_ORIGINS = Weighted(
    {
        "verified": 48, "corroborated": 22, "submitted": 12, "in_review": 7, "needs_work": 2, "unverifiable": 3,
        "refuted": 1, "contested": 5,
    }
)  # fmt: skip
REASONS = {
    "in_review": "Taken up for review.",
    "needs_work": "The place is not clear from the document; please look at it again.",
    "corroborated": "More than one origin supports the event; the number killed rests on one of them.",
    "verified": "Independent origins support date, place and harm; where their figures differ, low and high show it.",
    "contested": "Credible accounts contradict each other on what happened; all are kept.",
    "unverifiable": "One origin, and nothing further can be had at present.",
    "refuted": "The people named were found at another place on that day; kept as recorded.",
}
PHRASES = {
    "armed_clash": ("Armed clash", "An exchange of fire took place"),
    "bombardment": ("Shelling", "Shells struck"),
    "explosive_device": ("Explosive device", "A planted device exploded"),
    "raid": ("Raid", "Armed people entered houses"),
    "checkpoint": ("Violence at a checkpoint", "People were harmed at a control post"),
    "detention": ("Harm in detention", "People held by others came to harm"),
    "abduction": ("Abduction", "People were taken away"),
    "one_sided": ("Attack on civilians", "People who took no part in fighting were attacked"),
    "state_based": ("Armed violence", "Armed violence took place"),
    "non_state": ("Armed violence", "Armed violence between organised groups took place"),
    "law_enforcement": ("Use of force", "Force was used by officials"),
}
UNCLEAR = ("Harm to people", "People came to harm in a way that the sources do not tell")
COUNTED = Weighted(
    {
        "": 45, "as stated by the first source": 25, "sum of the persons listed": 14, "register of the hospital": 8,
        "the middle of what the sources say": 8,
    }
)  # fmt: skip
NOTES = (
    "The witness asked that the name of the street be left out.",
    "A second interview with the same person would do harm; do not repeat it.",
    "The family has been told of this record.",
)
CONFIDENCE = Weighted({"high": 20, "medium": 42, "low": 22, "not_recorded": 12, "unknown": 4})
RESPONSE = Weighted(
    {"not_recorded": 52, "unknown": 12, "denied": 20, "acknowledged": 6, "claimed": 8, "not_applicable": 2}
)
NO_ACTOR = Weighted({"unknown": 78, "not_recorded": 17, "withheld": 5})
TWO_SIDES = {"armed_clash", "state_based", "non_state"}


@dataclass
class Desk:
    """What recorders work with: chance, the scene, and the documents so far."""

    rng: np.random.Generator
    scene: Scene
    identities: victims.Identities
    archive: sources.Archive

    @property
    def chance(self) -> float:
        return float(self.rng.random())


def all_lines(rng: np.random.Generator, scene: Scene, events: list[Event], archive: sources.Archive) -> list[Row]:
    """Return every incident as recorded, in the order of report, and duplicates among them."""
    desk = Desk(rng, scene, victims.Identities.of(rng, scene.peopled), archive)
    people = [victims.harmed(rng, event, desk.identities) for event in events]
    lines = [record(desk, event, who) for event, who in zip(events, people, strict=True)]
    _conflict(desk, lines)
    again = _again(desk, events, people, lines)
    return _keyed(lines, again)


def record(desk: Desk, event: Event, people: list[Person], but: frozenset[str] = frozenset()) -> Row:
    """Return one event as one recorder entered it, from sources that are not in `but`."""
    bare = event.planted is None and not but and event.people < 8 and desk.chance < FIGURES_ONLY
    counts = {harm: sum(person.harm == harm for person in people) for harm in victims.ACTS}
    true = sources.Figures(counts["killed"], counts["injured"])
    if bare and desk.chance < 0.15:
        true = sources.Figures(None, None)
    reporters = sources.choose(desk.rng, event, LEAST_CLAIMS.get(event.planted or "", 1), but)
    language = reporters[0].language
    dated = whereabouts.when(desk.rng, event, language)
    known_by = max(event.date, date.fromisoformat(dated.get("date_end", event.date.isoformat())))
    reported = known_by + timedelta(days=1 + int(desk.rng.exponential(9)))
    claims = sources.claims(desk.rng, desk.archive, event, reporters, true, reported)
    placed = whereabouts.where(desk.rng, desk.scene.land, event, language)
    line: Row = {"planted": event.planted, "recorded_by": RECORDERS.pick(desk.rng)}
    line |= _described(desk, event, placed, reporters) | dated | {"report_date": reported.isoformat()} | placed
    line["claims"] = claims
    line["involvements"] = _involvements(desk, event, claims[0]["document"])
    line["victims"] = [] if bare else _victims(desk, event, people, language, claims[0]["document"], dated)
    line |= _counts(desk, line, true, counts["missing"] + counts["disappeared"])
    return line | _status(desk, line)


def _described(desk: Desk, event: Event, placed: Row, reporters: list[sources.Source]) -> Row:
    short, sentence = PHRASES.get(event.kind, UNCLEAR)
    known = "place_missing" not in placed
    at = (
        f"at {event.place.name}"
        if placed.get("place_precision") == 1
        else "in the area"
        if known
        else "at a place not known"
    )
    number = len(reporters)
    told = "One source reports it." if number == 1 else f"{number} sources report it."
    row: Row = {"incident_type": event.kind, "narrative_public": f"{sentence} {at}. {told}"}
    row["title"] = f"{short}, {event.place.name}" if "admin2" in placed else short
    row["sensitivity"] = SENSITIVITY.pick(desk.rng)
    if event.planted != "massacre" and desk.chance < 0.1:
        row["clarity"] = 2
    elif desk.chance < 0.6:
        row["clarity"] = 1
    if desk.chance < 0.1:
        row["narrative_restricted"] = NOTES[int(desk.rng.integers(len(NOTES)))]
    if counted := COUNTED.pick(desk.rng):
        row["counted_how"] = counted
    return row


def _involvements(desk: Desk, event: Event, document: str) -> list[Row]:
    """Return who is alleged to have had a part; in a tenth of incidents nobody is named at all."""
    if not event.party:
        if desk.chance < 0.3:
            return []
        return [{"actor_missing": NO_ACTOR.pick(desk.rng), "role": "alleged_perpetrator"}]
    if event.kind not in TWO_SIDES or event.party in (CROWD, POLICE):
        return [_alleged(desk, event.party, "alleged_perpetrator", document)]
    other = STATE if event.party != STATE else "Amber Column"
    return [_alleged(desk, event.party, "side_a", document), _alleged(desk, other, "side_b", document)]


def _alleged(desk: Desk, actor: str, role: str, document: str) -> Row:
    row: Row = {"actor": actor, "role": role, "confidence": CONFIDENCE.pick(desk.rng)}
    return row | {"response": RESPONSE.pick(desk.rng), "document": document}


def _victims(desk: Desk, event: Event, people: list[Person], language: str, document: str, dated: Row) -> list[Row]:
    exact = dated.get("date_precision") == 1
    told = victims.tell(desk.rng, event, language, document, event.date, exact)
    written = victims.rows(desk.rng, event, people, told)
    for row in written:
        held = row["attributions"][0]
        if row["kind"] == "person" and held["dimension"] == "ethnicity" and "group" in held:
            _senses(desk, event, row, held["group"])
    return written


def _senses(desk: Desk, event: Event, row: Row, group: str) -> None:
    """Add, to a few, a conflicting attribution, or what the alleged perpetrator is said to have seen in them."""
    if event.planted == "targeted":
        if desk.chance < 0.25:
            victims.perceived(desk.rng, row, "ethnicity", TARGETED, "perceived")
        if desk.chance < 0.2:
            victims.perceived(desk.rng, row, "ethnicity", TARGETED, "targeting_ground")
        return
    if event.planted is None and desk.chance < 0.009:
        victims.conflicting(desk.rng, row)
    elif desk.chance < 0.012:
        victims.perceived(desk.rng, row, "ethnicity", group, "perceived")
    elif desk.chance < 0.006:
        for political in [held for held in row["attributions"] if held["dimension"] == "political" and "group" in held]:
            victims.perceived(desk.rng, row, "political", political["group"], "targeting_ground")


def _counts(desk: Desk, line: Row, true: sources.Figures, missing: int) -> Row:
    """Return the numbers held: the true number as best, the range of claims and rows as low and high."""
    row: Row = {}
    for harm, best in (("killed", true.killed), ("injured", true.injured)):
        stated = [f"{harm}_{part}" for part in ("low", "best", "high")]
        said = [claim[name] for claim in line["claims"] for name in stated if name in claim]
        if best is None or (not said and not best and desk.chance < 0.6):
            continue
        low, high, persons = _rows_say(line["victims"], harm, best)
        row |= {
            f"{harm}_low": max(min([low, *said]), persons),
            f"{harm}_best": best,
            f"{harm}_high": max([high, *said]),
        }
    if "killed_best" in row and desk.chance < 0.02 and row["killed_low"] < row["killed_high"]:
        del row["killed_best"]
    if missing:
        row |= {"missing_low": missing, "missing_best": missing, "missing_high": missing}
    return row


def _rows_say(rows: list[Row], harm: str, best: int) -> tuple[int, int, int]:
    """Return what victim rows of one harm add up to at least and at most, and how many of them are persons."""
    persons = [row for row in rows if row["kind"] == "person" and row["harm"] == harm]
    alone = sum("resolved_out_of" not in row for row in persons)
    groups = [row for row in rows if row["kind"] == "group" and row["harm"] == harm]
    low, high = (alone + sum(group[f"count_{part}"] for group in groups) for part in ("low", "high"))
    return min(low, best) if rows else best, max(high, best), len(persons)


def _status(desk: Desk, line: Row) -> Row:
    origins = sources.independent(line["claims"])
    status = (SEVERAL_ORIGINS if origins > 1 else ONE_ORIGIN).pick(desk.rng)
    if status == "submitted":
        return {"status": status}
    standard = "not_stated" if status in ("in_review", "needs_work") else "reasonable_grounds"
    return {
        "status": status,
        "review": {"reviewer": "reviewer", "reasons": REASONS[status], "standard_of_proof": standard},
    }


def _conflict(desk: Desk, lines: list[Row]) -> None:
    """Mark a handful of incidents whose figures are out of order, as sources sometimes state them."""
    fit = [at for at, line in enumerate(lines) if line["planted"] is None and line.get("killed_high", 0) > 2]
    for at in desk.rng.choice(fit, CONFLICTS, replace=False):
        high = lines[at]["killed_high"]
        lines[at] |= {"killed_low": high + 1, "killed_high": high, "count_conflict": True}


def _again(desk: Desk, events: list[Event], people: list[list[Person]], lines: list[Row]) -> dict[int, Row]:
    """Return a second record of some ordinary incidents, by the other recorder from other sources."""
    fit = [
        at for at, line in enumerate(lines)
        if line["planted"] is None and line["victims"] and events[at].people < 9 and line.get("place_precision", 9) < 3
        and line.get("date_precision", 9) < 3 and len(line["claims"]) < 3
    ]  # fmt: skip
    again = {}
    for at in sorted(desk.rng.choice(fit, DUPLICATES, replace=False).tolist()):
        but = frozenset(claim["source"] for claim in lines[at]["claims"])
        second = record(desk, events[at], people[at], but)
        second["recorded_by"] = "recorder2" if lines[at]["recorded_by"] == "recorder" else "recorder"
        second["status"] = "submitted"
        second.pop("review", None)
        again[at] = second
    return again


def _keyed(lines: list[Row], again: dict[int, Row]) -> list[Row]:
    """Return all lines in order of report, keyed by number; a duplicate names the key of the first record."""
    every = [(line["report_date"], 0, at, line) for at, line in enumerate(lines)]
    every += [(line["report_date"], 1, at, line) for at, line in again.items()]
    every.sort(key=lambda entry: entry[:3])
    keys = {(second, at): f"S{number:04d}" for number, (_, second, at, _) in enumerate(every, start=1)}
    keyed = []
    for _, second, at, line in every:
        first = {"duplicate_of": keys[0, at]} if second else {}
        keyed.append({"key": keys[second, at]} | first | line)
    return keyed
