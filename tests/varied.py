"""Sixty varied incidents at random, and what they refer to, for the tests of filters and of the columns in memory."""

import random
from pathlib import Path
from typing import Any

from taking import take

from casualty import review
from casualty.schema import (
    ActorFields,
    AdminUnitFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    OriginFields,
    SituationFields,
    SourceFields,
)
from casualty.store import Store
from casualty.vocabulary import (
    ActKind,
    AgeBand,
    AttributionBasis,
    Cause,
    CivilStatus,
    Confidence,
    Credibility,
    Harm,
    IdentitySense,
    IncidentStatus,
    IncidentType,
    InvolvementRole,
    Missing,
    Sex,
    Terms,
)

TITLES = (
    "Attack on the market", "Überfall auf José's Straße", "Raid (50% of it) at a*b", "قصف قرية الأَمل", "قصف قريه الامل",
    "هجوم على مدرســة", "Обстрел села Ёлкино", "обстрел СЕЛА Елкино", "תקיפה בירושלים", "[sic] what? 100_0 \\d ^-^",
    "Jose\u0301 and O’Brien", "JOSE and O'Brien", "Deir ez–Zor", "Deir ez-Zor", "می\u200cخواهم", "北京 east", "ﻣﺪﻳﻨﺔ",
    "Two\nlines \"quoted\" „also“", "ẞ SS ß", "ءءء",
)  # fmt: skip
PLACES = ("Market of the old town", "سوق حلب", "Рынок", "O'Hara", "*", "a_b", "Kışla", "১২", None)
LIST = "id,date,country,source_original,low,best,high\n"
STATUSES = (
    (), (), (IncidentStatus.IN_REVIEW,), (IncidentStatus.IN_REVIEW, IncidentStatus.CORROBORATED),
    (IncidentStatus.IN_REVIEW, IncidentStatus.VERIFIED), (IncidentStatus.IN_REVIEW, IncidentStatus.CONTESTED),
)  # fmt: skip


def box(west: float, south: float, east: float, north: float) -> str:
    """A rectangle as GeoJSON."""
    corners = f"[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]"
    return f'{{"type":"Polygon","coordinates":[[{corners}]]}}'


class Varied:
    """Records things at random; `ids` by their names, `incidents` in the order in which they came."""

    def __init__(self, store: Store, seed: int = 1) -> None:
        self.store, self.rng = store, random.Random(seed)
        self.by, self.second = store.local("tester"), store.local("second")
        self.ids: dict[str, str] = {}
        self.incidents: list[str] = []
        self._references()

    def put(self, name: str, kind: str, draft: Any) -> str:
        self.ids[name] = self.store.record(kind, draft, self.by).id
        return self.ids[name]

    def _references(self) -> None:
        put, ids = self.put, self.ids
        for name in ("north war", "south war"):
            put(name, "situation", SituationFields(name=name))
        for code, state in (("faith", "on"), ("clan", "off"), ("language", "on")):
            put(code, "dimension", DimensionFields(code=code, label=code, state=state, assessment="Signed"))
            for group in ("north", "south/west"):
                put(f"{code} {group}", "identity_group", GroupFields(dimension_id=ids[code], code=group, label=group))
        for name, kind in (("Army", "state"), ("Militia", "non_state_armed"), ("Somebody", "not_recorded")):
            put(name, "actor", ActorFields(name=name, kind=kind))
        for name, kind, reliability in (("Radio", "media", "b"), ("Clinic", "medical", None), ("?", "unknown", "f")):
            put(name, "source", SourceFields(name=name, kind=kind, reliability=reliability))
        for name, source in (("news", "Radio"), ("register", "Clinic"), ("leaflet", None)):
            put(name, "document", DocumentFields(title=name, source_id=ids[source] if source else None))
        put("wire", "origin", OriginFields(label="wire"))
        put("eye", "origin", OriginFields(label="eye"))
        self.unit("P1", "Aleppo", 1, box(0, 48, 5, 55))
        self.unit("P2", "حلب", 1, box(5, 48, 10, 55))
        self.unit("P101", "Inner", 2, box(0, 48, 2, 55), parent_pcode="P1")
        self.unit("P102", "Outer", 2, box(2, 48, 5, 55), parent_pcode="P1")

    def unit(self, pcode: str, name: str, level: int, geometry: str, **also: Any) -> str:
        stated = {"pcode": pcode, "boundary_set": "now", "name": name, "level": level, "geometry": geometry, **also}
        return self.put(pcode, "admin_unit", AdminUnitFields.model_validate(stated))

    def maybe(self, *values: Any) -> Any:
        return self.rng.choice((None, *values))

    def term(self, scheme: type[Terms]) -> str:
        return str(self.rng.choice(list(scheme)))

    def one(self, **fields: Any) -> str:
        """Record one incident; return its id."""
        draft = IncidentDraft.model_validate({**self.draft(), **fields})
        saved = self.store.record("incident", draft, self.by)
        self.incidents.append(saved.id)
        return saved.id

    def draft(self) -> dict[str, Any]:
        rng = self.rng
        low, alleged = self.maybe(0, 1, 2), rng.randrange(3)
        return {
            "situation_id": self.maybe(self.ids["north war"], self.ids["south war"]),
            "incident_type": self.term(IncidentType), "title": self.maybe(*TITLES), "time_of_day": self.maybe("Dawn"),
            "report_date": self.maybe("2024-05-04", "2024-12-31"), **self._date(), **self._place(),
            "killed_low": low, "killed_best": None if low is None else low + rng.choice((0, 1, 15)),
            "killed_high": None if low is None else low + 20, "injured_best": self.maybe(0, 3),
            "missing_low": self.maybe(1), "narrative_public": self.maybe("Told", "قيل"), "clarity": self.maybe(1, 2),
            "claims": self._claims(), "involvements": [self._involvement(n) for n in range(alleged)],
            "victims": [self._victim(alleged) for _ in range(rng.randrange(3))],
        }  # fmt: skip

    def _date(self) -> dict[str, Any]:
        if self.rng.random() < 0.2:
            return {"date_missing": self.term(Missing)}
        start = f"2024-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 20):02}"
        end = start[:8] + str(int(start[8:]) + self.rng.choice((0, 0, 3, 8))).zfill(2)
        return {"date_start": start, "date_end": end, "date_precision": self.rng.randint(1, 5)}

    def _place(self) -> dict[str, Any]:
        if self.rng.random() < 0.15:
            return {"place_missing": self.term(Missing)}
        rng = self.rng
        lon, lat = rng.choice(((1.25, 50.5), (3.5, 51.0), (7.0, 49.0), (179.5, -10.0), (-179.5, -10.0), (-60.0, 5.0)))
        point = rng.random() < 0.8
        return {
            "lon": lon + rng.random() / 3 if point else None, "lat": lat + rng.random() / 3 if point else None,
            "place_precision": rng.randint(1, 7), "uncertainty_m": self.maybe(100.0, 900.5),
            "place_as_reported": self.maybe(*PLACES) or "Somewhere", "country": self.maybe("Syria", "سوريا"),
            "admin1": self.maybe("Aleppo", "حَلَب", "Nowhere"), "admin2": self.maybe("Inner", "Elsewhere"),
            "pcode": self.maybe("P1", "P102", "X9"), "boundary_set": "now",
        }  # fmt: skip

    def _claims(self) -> list[dict[str, Any]]:
        names = self.rng.sample(("news", "register", "leaflet"), self.rng.randint(1, 2))
        return [
            {"document_id": self.ids[name], "source_id": self.maybe(self.ids["?"]) if n else None,
             "origin_id": self.ids[("wire", "eye")[n]], "killed_best": self.maybe(0, 5), "locator": self.maybe("p. 1"),
             "credibility": self.maybe(*map(str, Credibility)), "actor_as_reported": self.maybe("الجيش", "Army")}
            for n, name in enumerate(names)
        ]  # fmt: skip

    def _involvement(self, number: int) -> dict[str, Any]:
        actor = self.maybe(self.ids["Army"], self.ids["Militia"], self.ids["Somebody"])
        missing = None if actor else self.term(Missing)
        return {
            "actor_id": actor, "actor_missing": missing, "role": self.term(InvolvementRole), "ref": f"i{number}",
            "confidence": self.term(Confidence), "note": self.maybe("Seen", "شوهد"),
        }  # fmt: skip

    def _victim(self, alleged: int) -> dict[str, Any]:
        if self.rng.random() < 0.25:
            return {"kind": "group", "count_low": 2, "count_best": 3, "count_high": 9, "harm": self.term(Harm)}
        by_whom = [None, *(f"i{n}" for n in range(alleged))][: self.rng.randrange(3)]
        occupation, age = self.maybe("baker", "معلم"), self.maybe(4.0, 17.5, 34.0)
        return {
            "harm": self.term(Harm), "sex": self.term(Sex), "age_years": age,
            "age_band": self.term(AgeBand) if age is None else "not_recorded",
            "civil_status": self.term(CivilStatus), "cause": self.term(Cause),
            "occupation": occupation, "occupation_missing": None if occupation else self.maybe(*map(str, Missing)),
            "date_of_death": self.maybe("2024-12-31"), "described_as": self.maybe("A baker", "خباز"),
            "names": [{"name": name} for name in self.rng.sample(("أمينة", "امينه", "Пётр", "Amina"), 2)],
            "attributions": [self._attribution() for _ in range(self.rng.randrange(3))],
            "acts": [{"kind": self.term(ActKind), "means": self.maybe("rifle"), "involvement": by} for by in by_whom],
        }  # fmt: skip

    def _attribution(self) -> dict[str, Any]:
        dimension = self.rng.choice(("faith", "clan", "language"))
        group = self.maybe(self.ids[f"{dimension} north"], self.ids[f"{dimension} south/west"])
        return {
            "dimension_id": self.ids[dimension], "group_id": group, "sense": self.term(IdentitySense),
            "group_missing": None if group else self.term(Missing), "basis": self.term(AttributionBasis),
        }  # fmt: skip

    def judged(self, key: str, moves: tuple[IncidentStatus, ...]) -> None:
        for status in moves:
            self.store.review(key, status, "Seen by two", self.second)

    def merge(self, one: str, other: str) -> None:
        codes = [self.store.current("incident", key)["incident"][0]["code"] for key in (one, other)]
        review.merge(self.store, codes[0], codes[1], "The same", self.second)

    def taken_in(self, folder: Path) -> None:
        """Take in a list, and a newer version of it: one claim is superseded."""
        first = LIST + "1,2020-01-01,X,Agency,1,2,3\n2,2020-01-02,سوريا,Agency,0,4,9\n3,2020-02-01,Y,,1,1,1\n"
        take(self.store, folder, first)
        take(self.store, folder, first.replace("0,4,9", "3,5,9"))


def varied(store: Store, folder: Path, n: int = 54, seed: int = 1) -> Varied:
    """Fill an empty store with `n` incidents and three taken in from a list; some judged, merged, withdrawn."""
    made = Varied(store, seed)
    for number in range(n):
        key = made.one()
        two = len(store.current("incident", key)["claim"]) == 2
        made.judged(key, STATUSES[number % len(STATUSES)] if two else STATUSES[number % 3])
    made.taken_in(folder)
    first, second, third, fourth = made.incidents[:4]
    made.merge(first, second)
    store.withdraw("incident", third, made.by, "entered twice")
    store.withdraw("incident", fourth, made.by, "entered twice")
    made.judged(fourth, (IncidentStatus.IN_REVIEW,))
    return made
