"""Who says what: sources, origins, documents, and the claims they make of an event.

Figures differ by origin, not by source: three papers on one wire say the same number and are one origin.
"""

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from sample_data.events import Event
from sample_data.names import COUNTRY, MONTHS, in_script
from sample_data.people import ACTORS, COLUMN, Weighted

WIRE = f"{COUNTRY} Wire"
MOST_CLAIMS = 5


@dataclass(frozen=True)
class Source:
    """A source: its rating, language, how many months one document covers (0: a document each), and its weight.

    `relays` is the share of its reports taken from the wire; `origin` is empty where each source row is its own.
    """

    name: str
    kind: str
    reliability: str
    language: str
    months: int
    weight: float
    origin: str
    relays: float = 0.0


SOURCES = (
    Source(WIRE, "media", "b", "en", 1, 14, f"{WIRE}, own reporters"),
    Source(f"{COUNTRY} Courier", "media", "c", "en", 1, 16, f"{COUNTRY} Courier, own reporters", 0.6),
    Source("Evening Gazette of the Coast", "media", "c", "en", 1, 9, "Evening Gazette, own reporters", 0.7),
    Source("جرس سوندوفيل", "media", "c", "ar", 1, 14, "جرس سوندوفيل, own reporters", 0.5),
    Source("Вестник Сундовела", "media", "c", "ru", 1, 14, "Вестник Сундовела, own reporters", 0.5),
    Source(f"{COUNTRY} Recording Group", "ngo", "b", "en", 3, 14, "Recording Group, field interviews"),
    Source("Open Ledger Society", "ngo", "a", "en", 3, 9, "Open Ledger Society, site visits"),
    Source(f"Observer Mission in {COUNTRY} (invented)", "un", "a", "en", 3, 7, "Observer Mission, monitoring teams"),
    Source(f"{COUNTRY} Ministry of the Interior", "government", "d", "en", 3, 7, "Ministry of the Interior, reports"),
    Source(f"Hospital Network of {COUNTRY}", "medical", "b", "en", 6, 10, "Hospital Network, registers"),
    Source("Statements of families, coded", "family", "c", "ar", 0, 6, ""),
    Source("Statements of witnesses, coded", "witness", "c", "en", 0, 7, ""),
    Source("Public posts, coded", "social_media", "e", "ru", 1, 6, ""),
    Source(f"{COLUMN}, statements", "armed_party", "e", "en", 3, 4, f"{COLUMN}, statements"),
)
RELIABLE = {"a": 0.08, "b": 0.15, "c": 0.3, "d": 0.45, "e": 0.5, "f": 0.5}  # chance of another figure
CREDIBILITY = Weighted({"1": 8, "2": 28, "3": 22, "4": 5, "5": 1, "6": 6, "": 30})
ALIASES = {name: aliases.split("; ") if aliases else [name] for name, _, aliases, _ in ACTORS}
TITLES = {
    "en": ("{name}, {month} {year}", "{name}, {month} to {last} {year}", "Statement {code}"),
    "ar": ("{name}، {month} {year}", "", "إفادة {code}"),
    "ru": ("{name}, {number:02d}.{year}", "", "Заявление {code}"),
}
OPENINGS = {
    "en": "Invented for the sample data. What it reports:",
    "ar": "نص مختلق لأغراض البيانات التجريبية. ما يرد فيه:",
    "ru": "Вымышленный текст для учебных данных. Сообщается:",
}
FIGURES = {
    "en": ("killed", "injured", "not stated"),
    "ar": ("قتلى", "جرحى", "غير مذكور"),
    "ru": ("убито", "ранено", "не указано"),
}


def written_date(day: date, language: str) -> str:
    """Return a date as a report in this language would write it."""
    tail = " г." if language == "ru" else ""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}{tail}"


@dataclass
class Archive:
    """All documents, filled as claims are made; a document's text grows by a line with each claim."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    of: dict[str, Source] = field(default_factory=dict)
    statements: int = 0

    def title(self, source: Source, day: date) -> str:
        """Return the title of the document in which a source reports on a day."""
        single, several, statement = TITLES[source.language]
        if not source.months:
            self.statements += 1
            return statement.format(code=f"{source.kind[0].upper()}-{self.statements:04d}")
        first = (day.month - 1) // source.months * source.months
        months = MONTHS[source.language]
        form = single if source.months == 1 else several
        return form.format(
            name=source.name,
            month=months[first],
            last=months[first + source.months - 1],
            number=first + 1,
            year=day.year,
        )

    def add(self, source: Source, day: date, line: str) -> tuple[str, str]:
        """Write a line into the document of that day; return the document's title and where the line stands."""
        title = self.title(source, day)
        held = self.lines.setdefault(title, [])
        self.of[title] = source
        locator = f"p. {len(held) // 6 + 1}, item {len(held) % 6 + 1}"
        held.append(f"{locator}: {line}")
        return title, locator

    def documents(self) -> list[dict[str, Any]]:
        """Return the documents in order of title; the SHA-256 is to be taken over the text as UTF-8."""
        return [
            {
                "title": title,
                "source": self.of[title].name,
                "url": None,
                "language": self.of[title].language,
                "text": "\n".join([title, OPENINGS[self.of[title].language], *lines]) + "\n",
            }
            for title, lines in sorted(self.lines.items())
        ]


@dataclass(frozen=True)
class Figures:
    """Numbers of people killed and injured as one origin gives them; None is not stated."""

    killed: int | None
    injured: int | None


def choose(
    rng: np.random.Generator, event: Event, at_least: int = 1, but: frozenset[str] = frozenset()
) -> list[Source]:
    """Return who reports an event: the more people harmed the more sources, each once, none of those in `but`."""
    free = [source for source in SOURCES if source.name not in but]
    number = min(MOST_CLAIMS, max(at_least, 1 + int(rng.poisson(0.75 + 0.35 * math.log(event.people)))))
    weights = np.array([source.weight for source in free])
    order = rng.choice(len(free), number, replace=False, p=weights / weights.sum())
    return [free[at] for at in order]


def origin_of(rng: np.random.Generator, source: Source) -> str:
    """Return where a report of this source first came from."""
    return SOURCES[0].origin if rng.random() < source.relays else source.origin


def figures(rng: np.random.Generator, source: Source, true: Figures) -> Figures:
    """Return what a source of this reliability says of the true numbers."""
    return Figures(_said(rng, source, true.killed), _said(rng, source, true.injured) if rng.random() < 0.7 else None)


def _said(rng: np.random.Generator, source: Source, number: int | None) -> int | None:
    if not number or rng.random() > RELIABLE[source.reliability]:
        return number
    step = 1 if number < 4 else max(1, round(number * rng.uniform(0.05, 0.4)))
    return max(number + (step if rng.random() < 0.5 else -step), 0 if number > 1 else 1)


def claims(
    rng: np.random.Generator, archive: Archive, event: Event, reporters: list[Source], true: Figures, reported: date
) -> list[dict[str, Any]]:
    """Return the claims of some sources on an event; sources of one origin give one figure."""
    by_origin: dict[str, Figures] = {}
    made = []
    for source in reporters:
        origin = origin_of(rng, source)
        said = by_origin.setdefault(origin or source.name, figures(rng, source, true))
        made.append(_claim(rng, archive, event, source, origin, said, reported))
    return made


def _claim(
    rng: np.random.Generator, archive: Archive, event: Event, source: Source, origin: str, said: Figures, reported: date
) -> dict[str, Any]:
    off = int(rng.choice((-1, 1, 2))) if rng.random() < 0.06 else 0
    when = written_date(event.date + timedelta(days=off), source.language)
    relayed = origin == SOURCES[0].origin and source is not SOURCES[0]
    title, locator = archive.add(source, reported, _line(event, source, when, said))
    claim: dict[str, Any] = {"document": title, "source": source.name, "locator": locator, "date_as_reported": when}
    if origin:
        claim["origin"] = origin
    if said.killed is not None:
        claim["killed_best"] = said.killed
        if said.killed > 9 and rng.random() < 0.4:
            claim["killed_low"], claim["killed_high"] = said.killed * 9 // 10, said.killed * 11 // 10 + 1
    if said.injured is not None:
        claim["injured_best"] = said.injured
    if event.party and rng.random() < 0.55:
        claim["actor_as_reported"] = ALIASES[event.party][int(rng.integers(len(ALIASES[event.party])))]
    if relayed:
        claim["cited"] = WIRE
    if credibility := CREDIBILITY.pick(rng):
        claim["credibility"] = credibility
    return claim


def _line(event: Event, source: Source, when: str, said: Figures) -> str:
    killed, injured, silent = FIGURES[source.language]
    numbers = [silent if number is None else str(number) for number in (said.killed, said.injured)]
    place = in_script(event.place.name, source.language)
    return f"{when}, {place}; {killed}: {numbers[0]}; {injured}: {numbers[1]}."


def independent(made: list[dict[str, Any]]) -> int:
    """Return how many independent origins stand behind some claims."""
    return len({claim.get("origin") or claim["source"] for claim in made})


def reference() -> dict[str, Any]:
    """Return sources and origins as they are to be recorded."""
    return {
        "sources": [{"name": s.name, "kind": s.kind, "reliability": s.reliability} for s in SOURCES],
        "origins": [source.origin for source in SOURCES if source.origin],
    }
