"""The people harmed, and the rows that recorders wrote of them: persons, unnamed groups, names, attributions.

Whether an identity is known, and everything else about a person, is drawn without looking at the group.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from sample_data.events import Event
from sample_data.names import FAMILIES, MEN, SCRIPTS, WOMEN
from sample_data.people import DIMENSIONS, ETHNICITY, Dealt, Peopled, Weighted

Row = dict[str, Any]

HARMS = Weighted({"killed": 72, "injured": 20, "missing": 2.5, "disappeared": 2.5, "detained": 2, "displaced": 1})
ACTS = {
    "killed": "killing", "injured": "injury", "disappeared": "disappearance", "detained": "detention",
    "displaced": "displacement", "missing": "abduction",
}  # fmt: skip
FIGHTERS = {"armed_clash": 0.5, "state_based": 0.35, "non_state": 0.35, "bombardment": 0.1, "explosive_device": 0.15}
FIGHTING_AS = Weighted({"armed_forces": 55, "direct_part": 35, "unknown": 10})
NOT_FIGHTING = Weighted({"civilian": 88, "other_protected": 3, "unknown": 6, "not_recorded": 3})
CAUSES = {
    "bombardment": Weighted({"heavy_weapons": 90, "incendiary": 6, "unknown": 4}),
    "explosive_device": Weighted({"planted_explosives": 94, "unknown": 6}),
    "detention": Weighted({"other_means": 40, "denial": 25, "small_arms": 10, "unknown": 20, "not_recorded": 5}),
    "law_enforcement": Weighted({"small_arms": 50, "less_lethal": 40, "other_means": 10}),
    "other": Weighted({"accident": 60, "denial": 25, "unknown": 15}),
}
USUAL_CAUSE = Weighted({"small_arms": 78, "other_means": 9, "heavy_weapons": 4, "unknown": 6, "not_recorded": 3})
SEX_RECORDED = Weighted({"": 924, "unknown": 38, "not_recorded": 24, "withheld": 10, "other": 4})
AGE_FORMS = Weighted({"exact": 60, "range": 12, "band": 16, "unknown": 6, "not_recorded": 5, "withheld": 1})
OCCUPATIONS = (
    "farmer", "teacher", "fisher", "trader", "driver", "nurse", "student", "builder", "herder", "clerk", "cook",
    "electrician", "journalist", "miller", "tailor", "caretaker", "physician", "pensioner",
)  # fmt: skip
NO_OCCUPATION = Weighted({"unknown": 45, "not_recorded": 48, "withheld": 7})
BASES = Weighted({"family": 36, "community_known": 26, "source_claim": 22, "document": 13, "person_inferred": 3})
NO_GROUP = Weighted({"unknown": 60, "not_recorded": 26, "withheld": 13, "not_applicable": 1})
CONFIDENCE = Weighted({"high": 34, "medium": 38, "low": 10, "not_recorded": 14, "unknown": 4})
KNOWN = {"ethnicity": 0.92, "religion": 0.62, "political": 0.4}  # of persons in an incident where it is known at all
SILENT = 0.05  # of incidents, those in which nobody's ethnicity is known
SEVERAL = 6  # from so many on, unnamed groups are usual
LIVING = ("injured", "detained", "displaced")


@dataclass(frozen=True)
class Person:
    """Someone harmed, as they were; `given` and `family` are places in the tables of names."""

    harm: str
    man: bool
    age: float
    status: str
    given: int
    family: int
    groups: dict[str, str]


def harmed(rng: np.random.Generator, event: Event, identities: "Identities") -> list[Person]:
    """Return the people harmed in an event."""
    return [_person(rng, event, identities) for _ in range(event.people)]


@dataclass(frozen=True)
class Identities:
    """Tables that deal groups to people, by dimension, district, and whether one is the only person harmed."""

    dealers: dict[tuple[str, bool], dict[str, Dealt[str]]]

    @classmethod
    def of(cls, rng: np.random.Generator, peopled: Peopled) -> "Identities":
        return cls({(d.code, alone): peopled.dealers(rng, d) for d in DIMENSIONS for alone in (True, False)})

    def pick(self, rng: np.random.Generator, event: Event) -> dict[str, str]:
        """Return a person's groups; where all people harmed are of one group, that one is not dealt."""
        fixed = {} if event.group is None else {"ethnicity": event.group}
        return {
            d.code: fixed.get(d.code) or self.dealers[d.code, event.people == 1][event.district].pick(rng)
            for d in DIMENSIONS
        }


def _person(rng: np.random.Generator, event: Event, identities: Identities) -> Person:
    age = float(rng.triangular(0, 26, 84))
    fights = age >= 18 and age < 55 and event.planted is None and rng.random() < FIGHTERS.get(event.kind, 0.06)
    man = rng.random() < (0.93 if fights else 0.6)
    status = (FIGHTING_AS if fights else NOT_FIGHTING).pick(rng)
    given, family = int(rng.integers(len(MEN))), int(rng.integers(len(FAMILIES)))
    age = round(age, 1) if age < 2 else float(int(age))
    harm = "killed" if event.planted == "massacre" and rng.random() < 0.7 else HARMS.pick(rng)
    return Person(harm, man, age, status, given, family, identities.pick(rng, event))


@dataclass(frozen=True)
class Told:
    """How one recorder came to know of the people of an event: language, document, first day, whether exact."""

    language: str
    document: str
    first: date
    exact: bool
    silent: bool  # nobody's ethnicity is known
    mixed: bool  # the people are not all of one group


def tell(rng: np.random.Generator, event: Event, language: str, document: str, first: date, exact: bool) -> Told:
    """Return how a recorder knows of an event; in a few, but never the massacre, nobody's ethnicity is known."""
    silent = rng.random() < SILENT and event.planted != "massacre"
    return Told(language, document, first, exact, silent, event.group is None)


def rows(rng: np.random.Generator, event: Event, people: list[Person], told: Told) -> list[Row]:
    """Return the victim rows: persons first by harm, and unnamed groups out of which some are resolved."""
    written: list[Row] = []
    for harm in ACTS:
        of_harm = [person for person in people if person.harm == harm]
        if of_harm:
            written += _of_harm(rng, event, of_harm, told)
    return written


def _of_harm(rng: np.random.Generator, event: Event, people: list[Person], told: Told) -> list[Row]:
    number = len(people)
    if number < 2 or rng.random() > (0.75 if number >= SEVERAL else 0.07):
        return [person_row(rng, event, person, told) for person in people]
    share = rng.uniform(0.8, 0.9) if event.planted == "massacre" else rng.uniform(0.35, 0.9)
    resolved = int(number * share)
    group = _group_row(rng, people, told, resolved)
    return [group] + [
        person_row(rng, event, person, told) | {"resolved_out_of": group["ref"]} for person in people[:resolved]
    ]


def _group_row(rng: np.random.Generator, people: list[Person], told: Told, resolved: int) -> Row:
    number, harm = len(people), people[0].harm
    spread = round(number * rng.uniform(0, 0.22))
    row: Row = {"kind": "group", "ref": f"group-{harm}", "harm": harm, "acts": [ACTS[harm]]}
    row |= {"count_low": max(number - spread, resolved), "count_high": number + spread, "count_best": number}
    if rng.random() < 0.06:
        del row["count_best"]
    row["described_as"] = "People of whom not all are named"
    row["cause"] = "not_recorded" if harm == "killed" else "not_applicable"
    if not told.mixed and not told.silent and rng.random() < 0.8:
        group = people[0].groups["ethnicity"]
        row["attributions"] = [_attributed(rng, "ethnicity", group, "source_claim", told)]
    else:
        row["attributions"] = [_missing("ethnicity", "not_recorded", told)]
    return row


def person_row(rng: np.random.Generator, event: Event, person: Person, told: Told) -> Row:
    """Return one person as recorded."""
    row: Row = {"kind": "person", "count_low": 1, "count_best": 1, "count_high": 1, "harm": person.harm}
    row["sex"] = SEX_RECORDED.pick(rng) or ("man" if person.man else "woman")
    row |= _age(rng, person.age) | _occupation(rng, person.age)
    row["civil_status"] = person.status
    row["cause"] = CAUSES.get(event.kind, USUAL_CAUSE).pick(rng) if person.harm == "killed" else "not_applicable"
    if person.harm == "killed" and told.exact and rng.random() < 0.3:
        late = int(rng.integers(1, 25)) if rng.random() < 0.2 else 0
        row["date_of_death"] = (told.first + timedelta(days=late)).isoformat()
    row |= _names(rng, person, told.language, row)
    row["attributions"] = _attributions(rng, person, told)
    row["acts"] = [ACTS[person.harm]] + (["torture"] if event.kind == "detention" and rng.random() < 0.2 else [])
    return row


def band(age: float) -> str:
    """Return the age band; a person of exactly 18 is an adult."""
    return "infant" if age < 1 else "child" if age < 18 else "adult" if age < 60 else "older"


def _age(rng: np.random.Generator, age: float) -> Row:
    form = AGE_FORMS.pick(rng)
    if form == "exact":
        return {"age_years": age, "age_band": band(age)}
    if form == "range":
        low = max(0, int(age) - int(rng.integers(0, 5)))
        high = low + 5
        return {"age_low": low, "age_high": high} | ({"age_band": band(low)} if band(low) == band(high) else {})
    return {"age_band": band(age) if form == "band" else form}


def _occupation(rng: np.random.Generator, age: float) -> Row:
    if age < 15:
        return {"occupation_missing": "not_applicable"}
    if rng.random() < 0.42:
        return {"occupation": OCCUPATIONS[int(rng.integers(len(OCCUPATIONS)))]}
    return {"occupation_missing": NO_OCCUPATION.pick(rng)}


def _names(rng: np.random.Generator, person: Person, language: str, row: Row) -> Row:
    """Return the names in the script of the source, or how the source describes somebody it does not name."""
    if rng.random() < 0.03:
        return {"described_as": "Name withheld at the family's wish"}
    if rng.random() < 0.24:
        known = row["sex"] if row["sex"] in ("man", "woman") else "person"
        return {"described_as": f"A {known}, not named"}
    column, script = SCRIPTS[language]
    given, family = (MEN if person.man else WOMEN)[person.given], FAMILIES[person.family]
    names = [{"name": f"{given[column]} {family[column]}", "kind": "full", "script": script, "language": language}]
    if language != "en" and rng.random() < 0.6:
        names.append({"name": f"{given[0]} {family[0]}", "kind": "transliteration", "script": "Latn"})
    if rng.random() < 0.03:
        names.append({"name": given[column], "kind": "alias", "script": script})
    return {"names": names}


def _attributed(rng: np.random.Generator, dimension: str, group: str, basis: str, told: Told) -> Row:
    return {
        "dimension": dimension, "group": group, "sense": "own", "basis": basis, "confidence": CONFIDENCE.pick(rng),
        "document": told.document,
    }  # fmt: skip


def _missing(dimension: str, why: str, told: Told) -> Row:
    return {
        "dimension": dimension, "group_missing": why, "sense": "own", "basis": "source_claim",
        "confidence": "not_applicable", "document": told.document,
    }  # fmt: skip


def _attributions(rng: np.random.Generator, person: Person, told: Told) -> list[Row]:
    """Return the own identity in each dimension: ethnicity always, if only as missing; the others where known."""
    found = []
    for dimension, group in person.groups.items():
        known = rng.random() < KNOWN[dimension]
        basis = "self_stated" if person.harm in LIVING and rng.random() < 0.4 else BASES.pick(rng)
        if known and not (told.silent and dimension == "ethnicity"):
            found.append(_attributed(rng, dimension, group, basis, told))
        elif dimension == "ethnicity" or rng.random() < 0.1:
            found.append(_missing(dimension, NO_GROUP.pick(rng), told))
    return found


def conflicting(rng: np.random.Generator, row: Row) -> None:
    """Add to a person an attribution that disagrees with the one held; both are kept."""
    held = row["attributions"][0]
    others = [group.code for group in ETHNICITY.groups if group.code != held["group"]]
    other = others[int(rng.integers(len(others)))]
    row["attributions"].append(held | {"group": other, "basis": "community_known", "confidence": "low"})


def perceived(rng: np.random.Generator, row: Row, dimension: str, group: str, sense: str) -> None:
    """Add to a person what the alleged perpetrator is said to have taken them for, or the alleged ground."""
    document = row["attributions"][0]["document"]
    basis = "perpetrator_perceived" if sense == "perceived" else "source_claim"
    row["attributions"].append(
        {"dimension": dimension, "group": group, "sense": sense, "basis": basis, "confidence": CONFIDENCE.pick(rng)}
        | {"document": document}
    )
