"""Already recorded? The incidents and persons of an open database that may be the one that somebody is writing down.

Candidates are brought by the indexes (days, coordinates, P-codes, documents) and by an index of names in memory, and
judged by `linkage`. What is found is proposed, never decided: nothing here merges or hides anything.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import nsmallest

from casualty.linkage import LIKELY, POSSIBLE, IncidentTraits, PersonTraits, Reason, same_person
from casualty.recorded.incidents import Candidate, candidates
from casualty.recorded.people import EVERYTHING, Names, Person, Sight, described
from casualty.store import Store

__all__ = ["EVERYTHING", "Candidate", "OpenPair", "Person", "PersonCandidate", "Recorded", "Sight", "fewer"]

PEOPLE_LOOKED_AT = 150


@dataclass(frozen=True, slots=True)
class PersonCandidate:
    """A recorded person who may be the one in question."""

    person: Person
    score: float
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Two recorded persons who may be one, on whom nobody has decided."""

    first: Person
    second: Person
    score: float
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]

    @property
    def key(self) -> frozenset[str]:
        """The two victims' ids, in which form decisions are handed in as `judged`."""
        return frozenset((self.first.victim_id, self.second.victim_id))


class Recorded:
    """What is recorded in one open store, ready to be asked. Keep one per process: its index of names is built once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names = Names()

    def prepare(self) -> None:
        """Build the index of names, or bring it up to date, before anybody waits for it: 3 s for 60,000 names."""
        with self._store.reading() as connection:
            self._names.refresh(connection)

    def incidents(
        self, traits: IncidentTraits, limit: int = 5, leave_out: Collection[str] = (), sight: Sight = EVERYTHING
    ) -> list[Candidate]:
        """Return recorded incidents that may be this one, the likeliest first; `leave_out` are ids.

        Looked at are incidents within 35 days and 67 km (or placed no better than to 40 km), in the same unit, with the
        same document or with victims of like names. Withdrawn ones are left out; a duplicate leads to the record it
        points to. What was recorded on quite another day and place, without a common name or document, is not found.
        """
        with self._store.reading() as connection:
            self._names.refresh(connection)
            return candidates(connection, self._names, traits, limit, frozenset(leave_out), sight)

    def persons(
        self, traits: PersonTraits, limit: int = 5, leave_out: Collection[str] = (), sight: Sight = EVERYTHING
    ) -> list[PersonCandidate]:
        """Return recorded persons who may be this one, the likeliest first; `leave_out` are ids of victims or incidents.

        Looked at are persons who share two parts of a name by their `name_keys`, or one part and about the day. Somebody
        without a name is not looked for.
        """
        with self._store.reading() as connection:
            self._names.refresh(connection)
            slots = self._names.nearest(traits, PEOPLE_LOOKED_AT)
            known = described(connection, slots, sight)
        left = frozenset(leave_out)
        judged = [
            (person, same_person(traits, held))
            for person, held in known
            if person.victim_id not in left and person.incident_id not in left
        ]
        best = nsmallest(limit, judged, key=lambda one: (-one[1].score, one[0].victim_code))
        return [PersonCandidate(one, j.score, j.reasons, j.against) for one, j in best if j.score >= POSSIBLE]

    def open_pairs(
        self, judged: Collection[frozenset[str]] = (), threshold: float = LIKELY, sight: Sight = EVERYTHING
    ) -> list[OpenPair]:
        """Return every two recorded persons that reach the threshold and on whom nobody decided, the likeliest first.

        `judged` are pairs of victims' ids that are decided either way. Persons of withdrawn incidents and of duplicates
        are left out: they are counted nowhere. The work grows with the number of pairs that share two parts of a name;
        the answer holds until the store's head moves.
        """
        with self._store.reading() as connection:
            self._names.refresh(connection)
            pairs = self._names.pairs()
            wanted = {victim for pair in pairs for victim in pair}
            known = {one.victim_id: (one, held) for one, held in described(connection, wanted, sight, counted=True)}
        decided = set(judged)
        found = [
            OpenPair(known[a][0], known[b][0], one.score, one.reasons, one.against)
            for a, b in pairs
            if a in known and b in known and frozenset((a, b)) not in decided
            for one in [same_person(known[a][1], known[b][1])]
            if one.score >= threshold
        ]
        return sorted(found, key=lambda one: (-one.score, one.first.victim_code, one.second.victim_code))


def fewer(pairs: Iterable[OpenPair], same: Iterable[frozenset[str]] = ()) -> int:
    """Return by how many the persons would be fewer if every one of these pairs were the same person.

    `same` are pairs of victims' ids already counted as one. Pairs that hang together make one person, so it is the
    persons less the groups they fall into: an upper bound of what merging could take away, and no estimate of how many
    are recorded twice.
    """
    leads: dict[str, str] = {}

    def root(one: str) -> str:
        while (above := leads.setdefault(one, one)) != one:
            leads[one] = leads[above]
            one = above
        return one

    def joined(pair: frozenset[str]) -> bool:
        a, b = (root(one) for one in sorted(pair))
        leads[a] = b
        return a != b

    for pair in same:
        joined(pair)
    return sum(joined(pair.key) for pair in pairs)
