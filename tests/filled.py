"""A small record in which every kind of withholding, contradiction and script occurs, for the tests of packages.

Words that must never leave are CANARIES; words that must be in every package of the commission tier are SONGS.
"""

from dataclasses import dataclass, field
from typing import Any

from casualty.access import Acting
from casualty.schema import (
    ActorFields,
    AdminUnitFields,
    BatchFields,
    ConsentFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    OriginFields,
    PopulationFields,
    SituationFields,
    SourceFields,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, SourceKind

CANARIES = (
    "Canaryfaith", "Canarycult", "Canarycode", "Canaryvictim", "Canaryniece", "Canarywitness", "Canarysevere",
    "Canaryhamlet", "Canarygone", "Canaryreason", "Canaryformer", "Canaryasker", "Canaryassessment", "Canaryraw",
    "Canarywithdrawnactor", "Canaryclinic", "Canaryhouse", "Canarycondition", "Canaryearlier", "Canaryremark", "$argon2",
)  # fmt: skip
SONGS = (
    "أمينة المثال", "Пример Примерович", "Public narrative", "Restricted narrative", "Northfolk", "Radio Example",
    "no onward sharing", "Not as told", "Seen by two", "Market of the old town",
)  # fmt: skip

BOX = '{"type":"Polygon","coordinates":[[[1.0,50.0],[2.0,50.0],[2.0,51.0],[1.0,51.0],[1.0,50.0]]]}'


@dataclass
class Filled:
    """Ids by the words of the test, and codes of incidents."""

    ids: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)


class Filler:
    """Records things under short names."""

    def __init__(self, store: Store, by: Acting, reviewer: Acting) -> None:
        self.store, self.by, self.reviewer = store, by, reviewer
        self.made = Filled()

    def put(self, name: str, kind: str, draft: Any, reason: str = "") -> str:
        saved = self.store.record(kind, draft, self.by, reason)
        self.made.ids[name] = saved.id
        return saved.id

    def incident(self, name: str, *claims: dict[str, Any], **fields: Any) -> str:
        stated = {
            "date_start": "2024-05-02", "date_end": "2024-05-03", "date_precision": 2, "lat": 50.5, "lon": 1.25,
            "place_precision": 1, "uncertainty_m": 100.0, "pcode": "007", "boundary_set": "test-1",
            "place_as_reported": "Market of the old town", "claims": list(claims) or [self.claim()], **fields,
        }  # fmt: skip
        saved = self.store.record("incident", IncidentDraft.model_validate(stated), self.by)
        self.made.ids[name], self.made.codes[name] = saved.id, str(saved.code)
        return saved.id

    def claim(self, document: str = "radio report", **fields: Any) -> dict[str, Any]:
        return {"document_id": self.made.ids[document], "killed_best": 2, **fields}

    def review(self, name: str, *moves: IncidentStatus, reasons: str = "Seen by two") -> None:
        for status in moves:
            self.store.review(self.made.ids[name], status, reasons, self.reviewer)


def fill(store: Store, by: Acting, reviewer: Acting) -> Filled:
    """Fill an empty store; return what was made."""
    filler = Filler(store, by, reviewer)
    _references(filler)
    _incidents(filler)
    _withheld(filler)
    return filler.made


def _references(filler: Filler) -> None:
    put, ids = filler.put, filler.made.ids
    put("situation", "situation", SituationFields(name="Example war"))
    put("faith", "dimension", DimensionFields(code="canarycode", label="Canaryfaith", assessment="Canaryassessment"))
    put("language", "dimension", DimensionFields(
        code="language", label="Language", state="on", assessment="Canaryassessment of why"))  # fmt: skip
    put("cult", "identity_group", GroupFields(dimension_id=ids["faith"], code="cult", label="Canarycult"))
    put("north", "identity_group", GroupFields(dimension_id=ids["language"], code="north", label="Northfolk"))
    put("south", "identity_group", GroupFields(dimension_id=ids["language"], code="south", label="Southfolk"))
    put("army", "actor", ActorFields(name="Army of Example", kind="state"))
    put("lost actor", "actor", ActorFields(name="Canarywithdrawnactor"))
    filler.store.withdraw("actor", ids["lost actor"], filler.by, "Canaryreason named wrongly")
    put("radio", "source", SourceFields(name="Radio Example", kind=SourceKind.MEDIA, reliability="b"))
    put("witness", "source", SourceFields(name="Canarywitness", kind=SourceKind.WITNESS))
    put("clinic", "source", SourceFields(name="Canaryclinic", kind=SourceKind.MEDICAL))
    put("relative", "source", SourceFields(name="Open Relative", kind=SourceKind.FAMILY))
    for name, source in (("radio report", "radio"), ("statement", "witness"), ("letter", "relative")):
        title = "Interview with Canarywitness" if name == "statement" else f"The {name}"
        put(name, "document", DocumentFields(title=title, source_id=ids[source], sha256="a" * 64))
    put("faith list", "document", DocumentFields(title="List by faith", source_id=ids["radio"]))
    put("severe file", "document", DocumentFields(title="Canarysevere file", source_id=ids["radio"]))
    put("origin", "origin", OriginFields(label="One wire"))
    put("unit", "admin_unit", AdminUnitFields(pcode="007", boundary_set="test-1", name="Seven", level=1, geometry=BOX))
    put("everybody", "population", PopulationFields(area="007", year=2020, number=1000.0, source="Census"))
    put("north people", "population", PopulationFields(
        area="007", year=2020, number=250.5, source="Census", dimension_id=ids["language"],
        group_id=ids["north"]))  # fmt: skip
    put("cult people", "population", PopulationFields(
        area="007", year=2020, number=77.0, source="Canarycult census", dimension_id=ids["faith"],
        group_id=ids["cult"]))  # fmt: skip
    with filler.store.writing(filler.by, action="intake") as writer:
        draft = BatchFields(dataset="list", format="victims", document_id=ids["radio report"], mapping="[a]", read=1,
                            recorded=1, amended=0, unchanged=0, refused=0, vanished=0, warnings=0)  # fmt: skip
        ids["batch"] = writer.record("batch", draft, number=1).id


def _person(*names: str, **fields: Any) -> dict[str, Any]:
    return {"harm": "killed", "names": [{"name": name} for name in names], **fields}


def _attributed(filler: Filler, dimension: str, group: str) -> dict[str, Any]:
    ids = filler.made.ids
    return {"dimension_id": ids[dimension], "group_id": ids[group], "basis": "document"}


def _incidents(filler: Filler) -> None:
    claim, incident, ids = filler.claim, filler.incident, filler.made.ids
    north, south = _attributed(filler, "language", "north"), _attributed(filler, "language", "south")
    filler.put("agreed", "consent", ConsentFields(
        source_id=ids["relative"], purpose="share_commission", value="given", conditions="no onward sharing",
        taken_by="Canaryasker"))  # fmt: skip
    incident(
        "verified", claim(origin_id=ids["origin"]), claim("letter", killed_best=4, credibility="2"),
        killed_low=2, killed_best=3, killed_high=4, situation_id=ids["situation"], incident_type="raid",
        narrative_public='Public narrative, "quoted"\r\nand broken', narrative_restricted="Restricted narrative",
        involvements=[{"actor_id": ids["army"], "role": "alleged_perpetrator", "response": "denied"}],
        victims=[_person("أمينة المثال", attributions=[north, south], acts=["killing"], sex="woman", age_years=17.5)],
    )  # fmt: skip
    filler.review("verified", IncidentStatus.IN_REVIEW, IncidentStatus.VERIFIED)
    incident("persons", victims=[
        {"kind": "group", "ref": "g", "count_low": 2, "count_best": 3, "count_high": 9, "harm": "killed"},
        _person("Пример Примерович", resolved_out_of="g"), _person(occupation="baker"),
        {"harm": "injured"}])  # fmt: skip
    incident("representative", place_precision=3, uncertainty_m=None, killed_low=1)
    incident("disorder", killed_low=5, killed_best=2, killed_high=1, count_conflict=True)
    incident("placeless", lat=None, lon=None, date_start=None, date_end=None, date_precision=None,
             date_missing="unknown", involvements=[{"actor_missing": "unknown"}])  # fmt: skip
    incident("refuted", killed_best=1, narrative_public="Not as told")
    filler.review("refuted", IncidentStatus.IN_REVIEW, IncidentStatus.REFUTED)
    incident("contested", killed_best=1)
    filler.review("contested", IncidentStatus.IN_REVIEW, IncidentStatus.CONTESTED)


def _withheld(filler: Filler) -> None:
    claim, incident, ids, store = filler.claim, filler.incident, filler.made.ids, filler.store
    incident("off", claim("faith list", stated='{"column": "Canaryraw", "n": 1}'), killed_best=1,
             title="Of the Canarycult quarter",
             victims=[_person(attributions=[_attributed(filler, "faith", "cult")])])  # fmt: skip
    incident("refusing", narrative_public="They say Canaryniece wept", killed_best=2,
             victims=[_person("Canaryvictim", described_as="Canaryremark", sex="man", acts=["torture"],
                              attributions=[_attributed(filler, "language", "north")]),
                      _person("Bystander")])  # fmt: skip
    victim = store.current("incident", ids["refusing"])["victim"]
    refused = next(row["id"] for row in victim if row.get("described_as"))
    filler.put("refusal", "consent", ConsentFields(victim_id=refused, purpose="share_commission", value="refused",
                                                   conditions="Canaryreason of the family"))  # fmt: skip
    incident("mentioning", narrative_public="The same as CANARYVICTIM's", title="Where canarywitness stood")
    incident("told", claim("statement", cited="Canarywitness", locator="Canarywitness p. 1"), killed_best=1)
    incident("severe", claim("severe file", cited="Canarysevere"), sensitivity="severe", killed_best=6,
             title="Canarysevere", place_as_reported="Canaryhamlet",
             victims=[_person("Canaryhouse Person", sex="woman")])  # fmt: skip
    incident("beside", title="Near the house of CANARYHOUSE, Person")
    incident("gone", narrative_public="Canarygone", victims=[_person("Canarygone Person")])
    filler.put("vain", "consent", ConsentFields(
        victim_id=store.current("incident", ids["gone"])["victim"][0]["id"], purpose="share_commission", value="given",
        conditions="Canarycondition"))  # fmt: skip
    store.withdraw("incident", ids["gone"], filler.by, "Canaryreason of a kind")
    incident("amended", killed_best=1, narrative_public="Canaryformer text")
    draft, version = store.draft(ids["amended"])
    draft.narrative_public = "Present text"
    store.amend("incident", ids["amended"], draft, expected=version, by=filler.by, reason="Canaryearlier taken out")
