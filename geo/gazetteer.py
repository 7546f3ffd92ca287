"""Where a place of a given name lies: the shipped gazetteer, or a deployment's own list, asked in any script.

The shipped one is derived from GeoNames (geonames.org, CC BY 4.0) by `geo.make_gazetteer`, which says what was left out.
Its points are the middles of populated places of some 500 people or more, longitude and latitude in
WGS 84; how far a place reaches is not known, so no precision is claimed. Names and country codes say nothing about the
status of any territory. A place that is not found is normal. Nothing leaves the machine.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from geo.frame import EARTH_RADIUS_M
from geo.spelling import fold

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

FILE = "gazetteer.xz"
# Columns of numbers of the file, four bytes each, all first bytes first; latitude and longitude in 1/100,000 degree.
COLUMNS = ("id", "latitude", "longitude", "population", "division")
DEGREE = 100_000
TAB, LINE = 9, 10
HEAD = 1 << 20
LONGEST = 100
# Grades of a match; a similar one is the worse the more letters differ. Odd: only without the article.
EXACT, PREFIX, SIMILAR = 0, 2, 4
# How many letters may differ, by the length of what was typed.
FORGIVEN = ((12, 3), (6, 2), (3, 1))

_ARTICLE = re.compile(
    r"[aeu](?:l |([rsdtzn])h? (?=\1))(?=\w)|[аеэ](?:ль? |([рсдтзнш]) (?=\2))(?=\w)|ال ?(?=\w\w)"  # the Arabic article
)


@dataclass(frozen=True)
class Place:
    """One place: `key` of its list, names in any script, WGS 84 degrees, ISO 3166-1 alpha-2 country, admin-1 name.

    `population` 0 means that none is stated.
    """

    key: str
    name: str
    names: tuple[str, ...]
    lat: float
    lon: float
    country: str = ""
    admin1: str = ""
    population: int = 0
    pcode: str | None = None


@dataclass(frozen=True)
class Found:
    """A place that may be meant: the name that matched, how ('exact', 'prefix', 'similar'), and how well, up to 1."""

    place: Place
    matched: str
    score: float
    how: str


def keys(name: str) -> tuple[str, ...]:
    """Return what a name is looked up by: folded without spaces, and the same without an Arabic article before it."""
    plain = fold(name)
    bare = _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain
    return tuple(filter(None, dict.fromkeys(form.replace(" ", "") for form in (plain, bare))))


class _Keys:
    """The keys of all names of a list: UTF-8 text in which each key ends with a line feed, and whose key each is."""

    def __init__(self, raw: bytes, owners: Ints) -> None:
        self._raw, self.owners = raw, owners
        self.text = np.frombuffer(raw, dtype=np.uint8)
        self.bounds = np.concatenate(([0], np.flatnonzero(self.text == LINE) + 1)).astype(np.int32)

    def beginning(self, wanted: bytes) -> tuple[Ints, NDArray[np.bool_]]:
        """Return the keys that begin so, and which of them are no longer than that."""
        text = np.frombuffer(wanted, dtype=np.uint8)
        left = np.arange(len(self.owners), dtype=np.int32)
        for offset, byte in enumerate(text):
            # No key runs past its line feed, which no wanted byte equals.
            left = left[self.text[self.bounds[left] + offset] == byte]
        return left, self.text[self.bounds[left] + len(text)] == LINE

    def near(self, wanted: str, edits: int) -> tuple[Ints, Ints]:
        """Return the keys that differ in at most so many letters (added, dropped, exchanged, two swapped) and in how many."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import cdist

        letters, lengths = self._letters
        mine, _ = _letters_of(np.frombuffer(f"{wanted}\n".encode(), dtype=np.uint8), np.zeros(1, dtype=np.int32))
        # One edit takes away at most one letter and brings in at most one.
        few = np.bitwise_count(letters ^ mine[0]) <= 2 * edits
        few &= np.abs(lengths.astype(np.int32) - len(wanted)) <= edits
        left = np.flatnonzero(few).astype(np.int32)
        words = [self.word(at) for at in left.tolist()]
        apart = cdist([wanted], words, scorer=OSA.distance, score_cutoff=edits, dtype=np.uint16)[0]
        return left[apart <= edits], apart[apart <= edits].astype(np.int32)

    def word(self, at: int) -> str:
        return self._raw[self.bounds.item(at) : self.bounds.item(at + 1) - 1].decode()

    @cached_property
    def _letters(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
        """Which letters each key has, as one bit of 64 for each, and how many; in parts, to spare memory."""
        letters, lengths = np.empty(len(self.owners), dtype=np.uint64), np.empty(len(self.owners), dtype=np.uint16)
        for first in range(0, len(self.owners), 50_000):
            bounds = self.bounds[first : first + 50_001]
            some = slice(first, first + len(bounds) - 1)
            text = self.text[bounds[0] : bounds[-1]]
            letters[some], lengths[some] = _letters_of(text, bounds[:-1] - bounds[0])
        return letters, lengths


def _letters_of(text: Bytes, starts: Ints) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
    """Return for each key the bits of the last bytes of its letters, which tell the letters of a script apart."""
    last = np.append((text[1:] & 0xC0) != 0x80, True) & (text != LINE)
    bits = np.where(last, np.uint64(1) << (text & 63).astype(np.uint64), np.uint64(0))
    return np.bitwise_or.reduceat(bits, starts), np.add.reduceat(last.astype(np.uint16), starts)


@dataclass(frozen=True)
class _List:
    """The places of one list by number: their keys, and in arrays what they are ranked and chosen by."""

    keys: _Keys
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    population: Ints
    country: NDArray[np.str_]
    place: Callable[[int], Place]

    def best(self, text: str, limit: int, near: tuple[float, float] | None, allowed: Collection[str]) -> Iterator[_Hit]:
        """Yield the best places of this list, best first: by grade, then nearness where asked, then population."""
        at, grade = self._graded(text, limit, np.isin(self.country, list(allowed)) if allowed else None)
        owner = self.keys.owners[at]
        away = _distance(near, self.lat[owner], self.lon[owner]) if near else np.zeros(len(at))
        order = np.lexsort((owner, -self.population[owner], away, grade))
        taken: set[int] = set()
        for i in order:
            if len(taken) == limit:
                return
            if owner[i] not in taken:
                taken.add(owner[i])
                rank = (int(grade[i]), float(away[i]), -int(self.population[owner[i]]))
                yield _Hit(rank, self.place(int(owner[i])), self.keys.word(at[i]))

    def _graded(self, text: str, limit: int, allowed: NDArray[np.bool_] | None) -> tuple[Ints, Ints]:
        """Return the keys that match and how well; similar ones only where others do not fill the answer."""
        found: list[tuple[Ints, Ints]] = []

        def take(at: Ints, grade: Ints) -> None:
            kept = slice(None) if allowed is None else allowed[self.keys.owners[at]]
            found.append((at[kept], grade[kept]))

        forms = keys(text)
        for bare, form in enumerate(forms):
            at, whole = self.keys.beginning(form.encode())
            take(at, np.where(whole, EXACT, PREFIX) + bare)
        if len(np.unique(self.keys.owners[np.concatenate([at for at, _ in found])])) < limit:
            for form in forms:
                if edits := next((edits for length, edits in FORGIVEN if len(form) >= length), 0):
                    at, apart = self.keys.near(form, edits)
                    take(at, SIMILAR + apart)
        return np.concatenate([at for at, _ in found]), np.concatenate([grade for _, grade in found])


@dataclass(frozen=True)
class _Hit:
    rank: tuple[int, float, int]
    place: Place
    key: str


def _distance(near: tuple[float, float], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres on the sphere, good enough for an order, and fast."""
    up, across = np.radians(lat - near[0]), np.radians(lon - near[1])
    chord = np.sin(up / 2) ** 2 + np.cos(np.radians(near[0])) * np.cos(np.radians(lat)) * np.sin(across / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(chord, 0, 1))))


class Gazetteer:
    """Places that can be found by name. Made by `shipped`, `Gazetteer.of` or `merged`."""

    def __init__(self, lists: tuple[_List, ...]) -> None:
        self._lists = lists

    @classmethod
    def of(cls, places: Iterable[Place]) -> Gazetteer:
        """Return a gazetteer of a deployment's own places, held in memory."""
        held = tuple(places)
        words = [[*dict.fromkeys(chain(*map(keys, (place.name, *place.names))))] for place in held]
        text = "".join(f"{word}\n" for own in words for word in own).encode()
        owners = np.repeat(np.arange(len(held), dtype=np.int32), [len(own) for own in words])
        return cls(
            (
                _List(
                    _Keys(text, owners),
                    np.array([place.lat for place in held], dtype=float),
                    np.array([place.lon for place in held], dtype=float),
                    np.array([place.population for place in held], dtype=np.int32),
                    np.array([place.country for place in held], dtype=np.str_),
                    held.__getitem__,
                ),
            )
        )

    def __len__(self) -> int:
        """Return the number of places."""
        return sum(len(one.lat) for one in self._lists)

    def find(
        self,
        text: str,
        limit: int = 8,
        *,
        near: tuple[float, float] | None = None,
        countries: Collection[str] = (),
    ) -> list[Found]:
        """Return at most `limit` places that the text may name, best first; none is a normal answer.

        The name as typed comes before names that begin so, and these before names in which a few letters differ (1 of
        3 to 5, 2 of up to 11, 3 of more; optimal string alignment); among equals the deployment's own places come
        first, then the nearest to `near` (latitude, longitude), then the most populous. Compared are folded names, so
        case, accents, hyphens and the Arabic article do not count. `countries` (ISO 3166-1 alpha-2) leaves out all
        others. Where nothing is found, what stands before the first comma or bracket is tried. A match shows that
        the names are alike, not that the place is the one that was meant.
        """
        found = self._found(text, limit, near, countries)
        head = re.split(r"[,،;؛(\[]", text, maxsplit=1)[0]
        return found if found or head == text else self._found(head, limit, near, countries)

    def _found(
        self, text: str, limit: int, near: tuple[float, float] | None, countries: Collection[str]
    ) -> list[Found]:
        if len(text) > LONGEST or limit < 1 or not keys(text):
            return []
        hits = [
            ((hit.rank[0], own, *hit.rank[1:]), hit)
            for own, one in enumerate(self._lists)
            for hit in one.best(text, limit, near, countries)
        ]
        return [_told(hit, text) for _, hit in sorted(hits, key=lambda ranked: ranked[0])[:limit]]


def _told(hit: _Hit, text: str) -> Found:
    place, grade = hit.place, hit.rank[0]
    matched = next((name for name in (place.name, *place.names) if hit.key in keys(name)), place.name)
    typed = len(keys(text)[0])
    if grade >= SIMILAR:
        return Found(place, matched, 1 - (grade - SIMILAR) / max(typed, len(hit.key)), "similar")
    if grade >= PREFIX:
        return Found(place, matched, min(1.0, typed / len(hit.key)), "prefix")
    return Found(place, matched, 1.0, "exact")


def merged(*gazetteers: Gazetteer) -> Gazetteer:
    """Return all places of several gazetteers; for matches of equal quality those of an earlier one come first."""
    return Gazetteer(tuple(chain(*(gazetteer._lists for gazetteer in gazetteers))))


@lru_cache(maxsize=1)
def shipped() -> Gazetteer:
    """Return the gazetteer that travels with the program, read once in a process."""
    body = memoryview(lzma.decompress(files("geo").joinpath(FILE).read_bytes()))
    top = body[: bytes(body[:HEAD]).index(LINE) + 1]
    head = json.loads(bytes(top))
    ends = np.cumsum([len(top), *head["bytes"].values()]).tolist()
    part = {name: body[a:b] for name, (a, b) in zip(head["bytes"], pairwise(ends), strict=True)}
    column = {name: _numbers(part[name]) for name in COLUMNS}
    return Gazetteer((_shipped_list(bytes(part["names"]), part["keys"], column, head["divisions"]),))


def _numbers(part: memoryview) -> Ints:
    planes = np.frombuffer(part, dtype=np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<i4").ravel().astype(np.int32)


def _shipped_list(names: bytes, more: memoryview, column: dict[str, Ints], divisions: list[list[str]]) -> _List:
    text = np.frombuffer(names, dtype=np.uint8)
    bounds = np.concatenate(([0], np.flatnonzero(text == LINE) + 1)).astype(np.int32)
    lat, lon, ids = column["latitude"] / DEGREE, column["longitude"] / DEGREE, np.cumsum(column["id"])

    def place(i: int) -> Place:
        name, *others = names[bounds[i] : bounds[i + 1] - 1].decode().split("\t")
        country, admin1 = divisions[column["division"][i]]
        people = int(column["population"][i])
        return Place(f"geonames:{ids[i]}", name, tuple(others), float(lat[i]), float(lon[i]), country, admin1, people)

    countries = np.array([country for country, _ in divisions], dtype=np.str_)[column["division"]]
    return _List(_keys(text, np.frombuffer(more, dtype=np.uint8)), lat, lon, column["population"], countries, place)


def _keys(names: Bytes, more: Bytes) -> _Keys:
    """Return the keys of the file: those of names in ASCII follow from the names, all others are written in it."""
    starts, owners = _split(names)
    plain = np.bitwise_or.reduceat(names, starts) < 128
    derived = _ASCII_KEY[names]
    derived = derived[np.repeat(plain, np.diff(starts, append=len(names))) & (derived > 0)]
    word_starts, word_owners = _split(more)
    ended = more <= LINE
    empty = ended[word_starts]
    written = np.where(ended, LINE, more).astype(np.uint8)
    written[word_starts[empty]] = 0
    raw = derived.tobytes() + written[written > 0].tobytes()
    return _Keys(raw, np.concatenate((owners[plain], word_owners[~empty])))


def _split(text: Bytes) -> tuple[Ints, Ints]:
    """Return where each word of a text of lines of words begins, and on which line it stands."""
    ends = np.flatnonzero(text <= LINE).astype(np.int32)
    lines = np.cumsum(text[ends] == LINE, dtype=np.int32)
    return np.concatenate(([0], ends[:-1] + 1), dtype=np.int32), np.concatenate(([0], lines[:-1]), dtype=np.int32)


def ascii_key(name: str) -> str:
    """Return the key of a name in ASCII as the file's reader derives it: small letters and digits only."""
    return _ASCII_KEY[np.frombuffer(name.encode("ascii"), dtype=np.uint8)].tobytes().replace(b"\0", b"").decode()


def _ascii_table() -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    for code in (*range(ord("0"), ord("9") + 1), *range(ord("a"), ord("z") + 1)):
        table[[code, ord(chr(code).upper())]] = code
    table[[TAB, LINE]] = LINE
    return table


_ASCII_KEY = _ascii_table()
