"""Are the same people found again? Two lists of the same deaths, of which the true pairs are known.

The Washington Post's list and Mapping Police Violence's, the latter carrying the former's ids: 5,991 true pairs among
56 million. Pairs are brought together by what they share (blocking: two parts of a name by their `name_keys`, or one
part and the week), judged by `linkage.same_person`, and counted against the known ones. The threshold was chosen
looking at people of odd ids in the first list, and is printed for those of even ids beside them. No name is printed.

    python -m bench.linkage
"""

import csv
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from casualty.linkage import LIKELY, POSSIBLE, PersonTraits, name_keys, same_person

FOLDER = Path(os.environ.get("CASUALTY_SHARED", "../shared")) / "data/us_police_killings"
SEX = {"m": "man", "male": "man", "f": "woman", "female": "woman"}
LARGEST_BLOCK = 400  # pairs sharing one key beyond this are left to their other keys
WEEK = 7
Pairs = set[tuple[int, int]]


def lists() -> tuple[list[PersonTraits], list[PersonTraits], list[str], dict[int, str]]:
    """Return the people of both lists, the ids of the first, and the id of the first that each of the second names."""
    with (FOLDER / "wapo_fatal-police-shootings-data.csv").open(encoding="utf-8") as file:
        post = list(csv.DictReader(file))
    with (FOLDER / "mpv_people.csv").open(encoding="utf-8", errors="replace") as file:
        mapping = list(csv.DictReader(file))
    first = [_person(row["name"], row["gender"], row["age"], row["date"], row["state"]) for row in post]
    second = [
        _person(row["Victim's name"], row["Victim's gender"], row["Victim's age"],
                row["Date of Incident (month/day/year)"], row["State"])
        for row in mapping
    ]  # fmt: skip
    links = [row["WaPo ID (If included in WaPo database)"].removesuffix(".0") for row in mapping]
    return first, second, [row["id"] for row in post], {place: link for place, link in enumerate(links) if link}


def _person(name: str, sex: str, age: str, day: str, state: str) -> PersonTraits:
    years = float(age) if age.replace(".", "").isdigit() else None
    return PersonTraits(
        names=(name,) if name.strip() else (), sex=SEX.get(sex.strip().lower()), age_low=years, age_high=years,
        date=date.fromisoformat(day[:10]), pcode=f"US-{state}", harm="killed",
    )  # fmt: skip


def keys_of(person: PersonTraits) -> set[str]:
    """Return the keys of a person's names."""
    return {key for name in person.names for key in name_keys(name)}


def keys(person: PersonTraits) -> Iterator[tuple[str, ...]]:
    """Yield what another record of the same person is likely to share."""
    parts = sorted(keys_of(person))
    yield from combinations(parts, 2)
    week = person.date.toordinal() // WEEK if person.date else 0
    for part in parts:
        yield from ((part, str(week)), (part, str(week + 1)))


def blocked(first: list[PersonTraits], second: list[PersonTraits]) -> Pairs:
    """Return the pairs (place in the first, place in the second) that share a key."""
    shelves: tuple[dict[tuple[str, ...], list[int]], ...] = (defaultdict(list), defaultdict(list))
    for people, shelf in zip((first, second), shelves, strict=True):
        for place, person in enumerate(people):
            for key in keys(person):
                shelf[key].append(place)
    return {
        (i, j)
        for key, places in shelves[0].items()
        if key in shelves[1] and len(places) * len(shelves[1][key]) <= LARGEST_BLOCK
        for i in places
        for j in shelves[1][key]
    }


def shares(found: Pairs, true: Pairs, partners: tuple[set[int], set[int]]) -> dict[str, float]:
    """Return recall and precision in percent, precision also among pairs of which one side has a known partner.

    A pair of which neither side has one contradicts nothing: the lists' own link is missing there (nearly all are of
    one name, day, age and state). So the first precision is a lower bound.
    """
    hit = len(found & true)
    contradicted = sum(i in partners[0] or j in partners[1] for i, j in found - true)
    return {
        "recall %": round(100 * hit / len(true), 2),
        "precision %": round(100 * hit / max(1, len(found)), 2),
        "precision where a partner is known %": round(100 * hit / max(1, hit + contradicted), 2),
    }


def measure() -> dict[str, Any]:
    """Return recall and precision at each threshold, on the half that it was chosen on and on the other."""
    started = time.perf_counter()
    first, second, ids, links = lists()
    place = {one: number for number, one in enumerate(ids)}
    true = {(place[link], number) for number, link in links.items() if link in place}
    pairs = blocked(first, second)
    scores = {(i, j): same_person(first[i], second[j]).score for i, j in pairs}
    seconds = time.perf_counter() - started
    partners = {i for i, _ in true}, {j for _, j in true}
    unnamed = sum(not (keys_of(first[i]) and keys_of(second[j])) for i, j in true)

    def half(odd: int) -> dict[str, dict[str, float]]:
        known = {pair for pair in true if int(ids[pair[0]]) % 2 == odd}
        told = {pair: score for pair, score in scores.items() if int(ids[pair[0]]) % 2 == odd}
        return {
            str(level): shares({pair for pair, score in told.items() if score >= level}, known, partners)
            for level in (POSSIBLE, 0.7, LIKELY, 0.99)
        }

    return {
        "true pairs": len(true),
        "of which one side has no name": unnamed,
        "pairs compared": len(pairs),
        "of all pairs %": round(100 * len(pairs) / len(first) / len(second), 4),
        "true pairs that blocking keeps %": round(100 * len(pairs & true) / len(true), 2),
        "of those with names on both sides %": round(100 * len(pairs & true) / (len(true) - unnamed), 2),
        "seconds": round(seconds, 1),
        "shown from, likely from": [POSSIBLE, LIKELY],
        "the half it was chosen on": half(1),
        "the other half": half(0),
    }


if __name__ == "__main__":
    if not FOLDER.is_dir():
        sys.exit(f"The lists are not at {FOLDER}; set CASUALTY_SHARED.")
    print(json.dumps(measure(), indent=2))
