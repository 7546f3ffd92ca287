"""Which incidents a filter asks for: a table to be discussed with recorders and analysts.

Eight incidents, each known by one letter:

    A  verified; 2 May 2024, a raid on the market of Aleppo; 3 killed (2 to 4), of them a girl of the north, aged 15
    B  corroborated; the night from 30 April to 1 May; shelling of قرية الأمل; killed not stated, 4 injured; army alleged
    C  submitted; the date is unknown; a woman killed, nothing more known of her; militia alleged
    D  submitted; 9 June; nobody knows where; 0 killed; the source is a hospital
    E  submitted; 15 May; at the antimeridian, 179.5 east; 12 killed; who is alleged is unknown
    F  contested; 20 May; at the antimeridian, 179.5 west; a man of the north, as a recorder concluded from his name
    G  submitted; 1 to 31 May (nobody knows which day); a man taken for one of the north, by those alleged to have killed him
    H  submitted; 3 May; in "Deir ez-Zor"; a man and a boy of the south, the boy of an age not stated
"""

from collections.abc import Iterator
from typing import Any

import pytest

from casualty import filters, overview
from casualty.schema import (
    ActorFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    OriginFields,
    SourceFields,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

TABLE = """
                                                   | A B C D E F G H | nothing is asked
killed_best.from(3)                                | A E             | three killed or more, as held best
not killed_best.from(3)                            | B C D F G H     | fewer, and those of which no number is stated
killed_best.to(2)                                  | C D F G H       | two or fewer: the number is stated
killed_best.missing()                              | B               | no number is stated; 0 is a number
killed_best.is(0)                                  | D               | stated to be nobody
killed_low.from(2) and killed_high.to(4)           | A               | the whole span lies within
tier.is(verified,corroborated)                     | A B             | verified or corroborated
tier.is(other)                                     | C D E F G H     | neither yet
status.is(contested)                               | F               | that very status
date.from(2024-05-01)                              | A B D E F G H   | the first of May or later: any day of it, for a span
date.to(2024-04-30)                                | B               | the night began in April
date.between(2024-05-10,2024-05-12)                | G               | it may have been on one of these days
not date.between(2024-05-10,2024-05-12)            | A B C D E F H   | and where no date is known
date.unknown()                                     | C               | stated to be unknown
date.missing()                                     | C               | none, for whatever reason
text.has(MARKET)                                   | A               | in any case
text.has("الامل")                                  | B               | alef without its hamza
text.has("قريه")                                   | B               | ha for ta marbuta
text.has(deir ez zor)                              |                 | a hyphen is no space
text.has("Deir ez–Zor")                            | H               | but one hyphen is like another
place.missing()                                    | D               | no place is known
point.missing()                                    | B C D G H       | no point: a name may be known
point.within(170 -20,190 -20,190 0,170 0)          | E F             | an area drawn across the antimeridian
not point.within(170 -20,190 -20,190 0,170 0)      | A B C D G H     | outside it, and without a point
actor.missing()                                    | A D E F G H     | nobody is named as alleged
not actor.missing()                                | B C             | somebody is
involvement(actor.unknown())                       | E               | stated to be unknown who
involvement(actor_kind.is(state))                  | B               | a state's forces are alleged
claim(source_kind.is(medical))                     | D               | a hospital speaks of it
victim(sex.is(woman))                              | A C             | a woman or a girl among the victims
victim(sex.is(woman) and age_years.to(17))         | A               | one and the same is a girl
victim(sex.is(woman)) and victim(age_years.to(17)) | A               | each is there, perhaps of two people
victim(age_years.missing())                        | C F G H         | a victim whose age is not stated
not victim(age_years.missing())                    | A B D E         | no such victim, also where none is recorded
victim(not sex.is(woman))                          | F G H           | a victim who is none, or of whom it is not known
victim()                                           | A C F G H       | any victim is recorded
group.is(faith/north)                              | A               | own identity, as stated by a source
attribution(group.is(faith/north))                 | A F G           | on whatever basis, in whatever sense
attribution(group.is(faith/north) and sense.is(perceived)) | G       | whom somebody took for one of the north
attribution(basis.is(person_inferred))             | F               | what a recorder concluded
group.is(faith/north,faith/south)                  | A H             | one or the other
group.missing()                                    | B C D E F G     | no own identity is stated by a source
not (killed_best.from(3) or tier.is(corroborated)) | C D F G H       | neither
killed_best.from(3) and not tier.is(verified)      | E               | both
"""


def incidents(ids: dict[str, str]) -> Iterator[tuple[str, dict[str, Any], tuple[IncidentStatus, ...]]]:
    def man(group: str, **fields: Any) -> dict[str, Any]:
        stated = {"dimension_id": ids["faith"], "group_id": ids[group], "basis": "document", **fields}
        return {"harm": "killed", "sex": "man", "attributions": [stated]}

    def on(first: str, last: str = "") -> dict[str, Any]:
        return {"date_start": first, "date_end": last or first, "date_precision": 1 if not last else 3}

    girl = {**man("north"), "sex": "woman", "age_years": 15.0}
    far = {"lat": -10.0, "place_precision": 1}
    taken_up = (IncidentStatus.IN_REVIEW,)
    yield "A", {**on("2024-05-02"), "killed_low": 2, "killed_best": 3, "killed_high": 4, "incident_type": "raid",
                "place_as_reported": "Market of Aleppo", "lat": 36.2, "lon": 37.1, "place_precision": 1,
                "victims": [girl]}, (*taken_up, IncidentStatus.VERIFIED)  # fmt: skip
    yield "B", {**on("2024-04-30", "2024-05-01"), "killed_best": None, "injured_best": 4,
                "place_as_reported": "قرية الأمل", "involvements": [{"actor_id": ids["army"]}]}, (
                *taken_up, IncidentStatus.CORROBORATED)  # fmt: skip
    yield "C", {"date_missing": "unknown", "killed_best": 1, "place_as_reported": "North",
                "victims": [{"harm": "killed", "sex": "woman"}],
                "involvements": [{"actor_id": ids["militia"]}]}, ()  # fmt: skip
    yield "D", {**on("2024-06-09"), "killed_best": 0, "injured_best": 1, "place_missing": "unknown"}, ()
    yield "E", {**on("2024-05-15"), "killed_best": 12, **far, "lon": 179.5,
                "involvements": [{"actor_missing": "unknown"}]}, ()  # fmt: skip
    inferred = man("north", basis="person_inferred")
    yield "F", {**on("2024-05-20"), "killed_best": 1, **far, "lon": -179.5, "victims": [inferred]}, (
        *taken_up, IncidentStatus.CONTESTED)  # fmt: skip
    taken = man("north", sense="perceived")
    yield "G", {**on("2024-05-01", "2024-05-31"), "killed_best": 1, "place_as_reported": "East", "victims": [taken]}, ()
    yield "H", {**on("2024-05-03"), "killed_best": 2, "place_as_reported": "Deir ez-Zor",
                "victims": [{**man("south"), "age_years": 40.0}, man("south")]}, ()  # fmt: skip


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, dict[str, str]]]:
    """The eight, and the letter of each by its id."""
    store = Store.create(tmp_path_factory.mktemp("words") / "record.db")
    by, second, ids = store.local("tester"), store.local("second"), {}

    def put(name: str, kind: str, draft: Any) -> None:
        ids[name] = store.record(kind, draft, by).id

    put("faith", "dimension", DimensionFields(code="faith", label="Faith", state="on", assessment="Signed"))
    for code in ("north", "south"):
        put(code, "identity_group", GroupFields(dimension_id=ids["faith"], code=code, label=code))
    for name, kind in (("army", "state"), ("militia", "non_state_armed")):
        put(name, "actor", ActorFields(name=name, kind=kind))
    for name, kind in (("paper", "media"), ("hospital", "medical")):
        put(name, "source", SourceFields(name=name, kind=kind))
        put(f"{name}'s", "document", DocumentFields(title=name, source_id=ids[name]))
    for name in ("one", "two"):
        put(name, "origin", OriginFields(label=name))
    letters = {}
    for letter, fields, moves in incidents(ids):
        document = ids["hospital's" if letter == "D" else "paper's"]
        claims = [{"document_id": document, "origin_id": ids[name]} for name in ("one", "two")]
        key = store.record("incident", IncidentDraft.model_validate({**fields, "claims": claims}), by).id
        letters[key] = letter
        for status in moves:
            store.review(key, status, "Seen by two", second)
    yield store, letters
    store.close()


@pytest.mark.parametrize("line", TABLE.strip("\n").splitlines())
def test_what_a_filter_asks_for(record: tuple[Store, dict[str, str]], line: str) -> None:
    """R40, R44, R75"""
    store, letters = record
    text, expected, words = (part.strip() for part in line.rsplit("|", 2))
    found = overview.selected(store, None, filters.read(text)).ids
    assert " ".join(sorted(letters[key] for key in found)) == expected, words
