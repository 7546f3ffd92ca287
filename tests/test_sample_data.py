"""The sample data: fresh, valid, invented, and carrying the patterns that are written down beside it, no others."""

import csv
import io
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from scipy.stats import chi2_contingency
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from casualty import rules
from casualty.schema import IncidentDraft, table
from casualty.vocabulary import (
    ActorKind,
    AttributionBasis,
    DatePrecision,
    GenocideGround,
    Harm,
    IdentitySense,
    IncidentStatus,
    Missing,
    PersecutionGround,
    PlacePrecision,
    Reliability,
    SourceKind,
    StandardOfProof,
)
from sample_data import make, people, sources

Row = dict[str, Any]
SEEDS = (make.SEED, 1, 2)
AFTER = date(2025, 6, 1)
BESIDE_THE_DRAFT = ("key", "recorded_by", "status", "review", "duplicate_of", "planted")
REFERENCES = ("document", "source", "origin", "actor", "dimension")


@pytest.fixture(scope="module")
def built() -> make.Sample:
    """The sample data of the seed that is committed."""
    return make.build()


@pytest.fixture(scope="module", params=SEEDS)
def sample(request: pytest.FixtureRequest) -> make.Sample:
    """The sample data of a few seeds."""
    return make.build(request.param)


@pytest.fixture(scope="module")
def drafts(built: make.Sample) -> list[IncidentDraft]:
    """Every incident line as a validated draft, with its names in place of ids."""
    return [IncidentDraft.model_validate(drafted(line, id_of)) for line in built.incidents]


def id_of(kind: str, name: str) -> str:
    return f"{kind}:{hash(name) % 10**12}"


def drafted(line: Row, id_of: Callable[[str, str], str]) -> Row:
    """Return a line as draft values, with `id_of(kind, name)` in place of every name."""
    stated = {name: value for name, value in line.items() if name not in BESIDE_THE_DRAFT}
    stated["claims"] = [swapped(claim, id_of) for claim in line["claims"]]
    stated["involvements"] = [swapped(involvement, id_of) for involvement in line["involvements"]]
    stated["victims"] = [
        victim | {"attributions": [swapped(held, id_of) for held in victim["attributions"]]}
        for victim in line["victims"]
    ]
    return stated


def swapped(row: Row, id_of: Callable[[str, str], str]) -> Row:
    kept = dict(row)
    if "group" in kept:
        kept["group_id"] = id_of("identity_group", f"{kept['dimension']}/{kept.pop('group')}")
    return {
        f"{name}_id" if name in REFERENCES else name: id_of(name, value) if name in REFERENCES else value
        for name, value in kept.items()
    }


def persons(lines: Iterable[Row]) -> list[Row]:
    return [victim for line in lines for victim in line["victims"] if victim["kind"] == "person"]


def own(victim: Row, dimension: str = "ethnicity") -> list[Row]:
    """Return the attributions of a victim's own identity in one dimension."""
    return [held for held in victim["attributions"] if held["dimension"] == dimension and held["sense"] == "own"]


# The files


def test_committed_files_are_what_the_generator_makes(built: make.Sample) -> None:
    """R55, R85: the files beside the generator are those of its default seed, byte for byte."""
    for name, content in make.files(built).items():
        assert (make.HERE / name).read_bytes() == content, f"{name} is stale: run python -m sample_data.make"


def test_command_writes_the_same_bytes_for_the_same_seed(
    built: make.Sample, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R85: a seed gives the same bytes each time, another seed gives others."""
    make.main(["--seed", "5", "--out", str(tmp_path / "five")])
    assert "incidents.jsonl" in capsys.readouterr().out
    again = make.files(make.build(5))
    assert {path.name: path.read_bytes() for path in (tmp_path / "five").iterdir()} == again
    assert again["incidents.jsonl"] != make.files(built)["incidents.jsonl"]


def test_tables_have_the_columns_they_promise(built: make.Sample) -> None:
    """R98: every row has every column, and P-codes keep their letters and zeros."""
    for name, columns in {
        "groups.csv": make.GROUP_COLUMNS,
        "population.csv": make.POPULATION_COLUMNS,
        "actors.csv": make.ACTOR_COLUMNS,
    }.items():
        read = list(csv.DictReader(io.StringIO(make.files(built)[name].decode())))
        assert read
        assert all(tuple(row) == columns and None not in row.values() for row in read)


def test_readme_names_the_patterns_and_the_seed(built: make.Sample) -> None:
    """R56: what is planted is written where a reader looks first."""
    text = (make.HERE / "README.md").read_text(encoding="utf-8")
    assert f"seed {make.SEED}" in text
    assert all(f"`{entry['name']}`" in text for entry in built.planted)
    assert all(f"`{name}`" in text for name in make.files(built))


# The land and its people


def test_territory_is_tiled_by_valid_units(sample: make.Sample) -> None:
    """Districts are valid, meet without gap or overlap, and add up to their region and the country."""
    shapes = {f["properties"]["pcode"]: shapely.geometry.shape(f["geometry"]) for f in sample.places["features"]}
    levels = Counter(f["properties"]["level"] for f in sample.places["features"])
    assert levels == {0: 1, 1: 6, 2: 26}
    assert all(shape.is_valid for shape in shapes.values())
    districts = [code for code in shapes if len(code) == 6]
    assert shapely.coverage_is_valid([shapes[code] for code in districts])
    for code, shape in shapes.items():
        parts = [shapes[district] for district in districts if district.startswith(code)]
        assert shapely.equals(shapely.union_all(parts), shape)


def test_territory_is_an_invented_one_in_the_open_ocean(sample: make.Sample) -> None:
    """No real place stands accused: the box below holds sea and nothing else, and the code belongs to no State."""
    for feature in sample.places["features"]:
        found, shape = feature["properties"], shapely.geometry.shape(feature["geometry"])
        west, south, east, north = shape.bounds
        assert -23 < west < east < -18
        assert -32 < south < north < -28
        assert found["boundary_set"] == "sample-2024"
        assert (found["parent_pcode"] or "") == found["pcode"][:-2] if found["level"] else found["pcode"] == "XS"
    country = shapely.geometry.shape(sample.places["features"][0]["geometry"])
    assert len(country.geoms) > 3, "islands"
    assert all(part.exterior.is_ccw for part in country.geoms), "RFC 7946"


def test_population_covers_every_district_group_and_year(sample: make.Sample) -> None:
    """R27: a denominator for each group, district and year; every dimension counts the same people."""
    units = {f["properties"]["pcode"] for f in sample.places["features"] if f["properties"]["level"] == 2}
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for area, dimension, _, year, number, source in sample.population:
        totals[area, dimension, year] += int(number)
        assert "Invented" in source
    assert set(totals) == {(a, d.code, str(y)) for a in units for d in people.DIMENSIONS for y in people.YEARS}
    first = [number for (_, dimension, year), number in totals.items() if (dimension, year) == ("ethnicity", "2021")]
    assert sum(first) == pytest.approx(2_400_000, abs=100)
    for (area, _, year), number in totals.items():
        assert abs(number - totals[area, "ethnicity", year]) <= 4


def test_reference_rows_use_the_vocabulary(built: make.Sample) -> None:
    """Grounds, kinds and ratings are terms of the codebook; political groups have no ground of the Convention."""
    for row in (dict(zip(make.GROUP_COLUMNS, row, strict=True)) for row in built.groups):
        assert row["genocide_ground"] in {"", *GenocideGround}
        assert row["persecution_ground"] in set(PersecutionGround)
        assert (row["dimension"] == "political") == (row["genocide_ground"] == "")
        assert len(row["assessment"]) > 40
    assert {kind for _, kind, _, _ in built.actors} <= set(ActorKind)
    assert {source["kind"] for source in built.sources["sources"]} <= set(SourceKind)
    assert {source["reliability"] for source in built.sources["sources"]} <= set(Reliability)


# The record


def test_every_line_is_a_draft_without_faults(built: make.Sample, drafts: list[IncidentDraft]) -> None:
    """R07, R08, R09, R24: each line validates and breaks no rule of the record."""
    for line, draft in zip(built.incidents, drafts, strict=True):
        assert rules.check(draft, AFTER).faults == [], line["key"]


def test_every_row_passes_the_checks_of_the_database(drafts: list[IncidentDraft]) -> None:
    """The named CHECKs hold, as a database without any Python above it would judge."""
    insert = database()
    for number, draft in enumerate(drafts):
        of = {"id": str(number), "code": str(number), "status": "submitted", "version": 1}
        insert("incident", draft.model_dump(exclude={"claims", "involvements", "victims"}) | of)
        for claim in draft.claims:
            insert("claim", claim.model_dump() | {"standing": "current"})
        for involvement in draft.involvements:
            insert("involvement", involvement.model_dump(exclude={"id", "ref"}))
        for victim in draft.victims:
            insert("victim", victim.model_dump(exclude={"ref", "names", "attributions", "acts"}))
            for attribution in victim.attributions:
                insert("attribution", attribution.model_dump())


def database() -> Callable[[str, Row], None]:
    """Return a function that inserts a row into its table of a SQLite database with the declared CHECKs."""
    connection = sqlite3.connect(":memory:")
    serial = iter(range(10**6))
    for name in ("incident", "claim", "involvement", "victim", "attribution"):
        connection.execute(str(CreateTable(table(name)).compile(dialect=sqlite.dialect())))

    def insert(name: str, row: Row) -> None:
        needed = {column.name: f"x{next(serial)}" for column in table(name).columns if not column.nullable}
        full = needed | {column: value for column, value in row.items() if value is not None or column != "id"}
        plain = {column: value.isoformat() if isinstance(value, date) else value for column, value in full.items()}
        columns, marks = ", ".join(f'"{column}"' for column in plain), ", ".join("?" for _ in plain)
        connection.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", list(plain.values()))

    return insert


def test_references_name_what_is_there(built: make.Sample) -> None:
    """R16: every document, source, origin, actor and group that a line names is in the files beside it."""
    named: dict[str, set[str]] = defaultdict(set)
    for line in built.incidents:
        drafted(line, lambda kind, name: named[kind].add(name) or name)  # type: ignore[func-returns-value]
    documents = built.sources["documents"]
    assert named["document"] == {document["title"] for document in documents}
    assert len(named["document"]) == len(documents)
    assert named["source"] == {source["name"] for source in built.sources["sources"]}
    assert named["source"] >= {document["source"] for document in documents}
    assert named["origin"] == set(built.sources["origins"])
    assert named["actor"] == {actor[0] for actor in built.actors}
    assert named["identity_group"] == {f"{row[0]}/{row[5]}" for row in built.groups}


def test_claims_can_be_read_in_their_documents(built: make.Sample) -> None:
    """R16: at its locator a document says the date and the number killed that the claim says."""
    texts = {document["title"]: document["text"] for document in built.sources["documents"]}
    for claim in (claim for line in built.incidents for claim in line["claims"]):
        place = f"{claim['locator']}: "
        said = next(text for text in texts[claim["document"]].splitlines() if text.startswith(place))
        assert claim["date_as_reported"] in said
        assert str(claim.get("killed_best", "")) in said


def test_keys_and_duplicates(built: make.Sample) -> None:
    """R58: keys are unique; a duplicate points at an earlier record of another recorder, from other sources."""
    by_key = {line["key"]: line for line in built.incidents}
    assert len(by_key) == len(built.incidents)
    again = [line for line in built.incidents if "duplicate_of" in line]
    assert 15 <= len(again) <= 30
    for line in again:
        first = by_key[line["duplicate_of"]]
        assert "duplicate_of" not in first
        assert first["planted"] is None
        assert first["recorded_by"] != line["recorded_by"]
        assert not {c["source"] for c in first["claims"]} & {c["source"] for c in line["claims"]}


def test_status_follows_from_a_second_persons_review(built: make.Sample) -> None:
    """R12, R13, R15: a judgement has another author, reasons and a standard; verified has two independent origins."""
    moves = rules.MOVES[IncidentStatus.IN_REVIEW] | {IncidentStatus.IN_REVIEW}
    for line in built.incidents:
        review = line.get("review")
        assert (review is None) == (line["status"] == "submitted")
        if review is None:
            continue
        assert line["status"] in moves
        assert review["reviewer"] != line["recorded_by"]
        assert len(review["reasons"]) > 10
        assert review["standard_of_proof"] in set(StandardOfProof)
        if line["status"] == "verified":
            assert review["standard_of_proof"] != "not_stated"
            assert sources.independent(line["claims"]) >= 2


def test_size_and_variety(built: make.Sample) -> None:
    """R08, R15, R23, R25: what recorders meet is there, the imprecise, the unknown, the conflicting, three scripts."""
    lines, individuals = built.incidents, persons(built.incidents)
    assert len(lines) == pytest.approx(1500, abs=60)
    assert len(individuals) == pytest.approx(4000, abs=400)
    assert {line["date_precision"] for line in lines if "date_start" in line} == set(DatePrecision)
    assert {line.get("place_precision") for line in lines} == {None, *PlacePrecision}
    assert {line["status"] for line in lines} >= {"verified", "contested", "unverifiable", "refuted", "needs_work"}
    assert 3 <= sum("date_missing" in line for line in lines) <= 30
    assert 8 <= sum("place_missing" in line for line in lines) <= 50
    assert 3 <= sum(line.get("count_conflict", False) for line in lines) <= 10
    assert any("killed_best" not in line and "killed_low" in line for line in lines)
    assert any("killed_low" not in line for line in lines)
    assert {name["script"] for person in individuals for name in person.get("names", [])} == {"Latn", "Arab", "Cyrl"}
    relayed = [{claim.get("origin") for claim in line["claims"]} for line in lines if len(line["claims"]) > 2]
    assert any(len(origins) == 1 for origins in relayed), "several papers, one origin"
    assert any(len({claim.get("killed_best") for claim in line["claims"]}) > 2 for line in lines)


def test_four_ways_of_not_knowing_are_all_there(built: make.Sample) -> None:
    """R25: unknown, not recorded, withheld and not applicable are four values, each used."""
    individuals = persons(built.incidents)
    held = [attribution for person in individuals for attribution in person["attributions"]]
    assert {attribution["group_missing"] for attribution in held if "group_missing" in attribution} == set(Missing)
    assert {person["occupation_missing"] for person in individuals if "occupation_missing" in person} == set(Missing)
    assert {person["sex"] for person in individuals} >= {"unknown", "not_recorded", "withheld", "other", "woman", "man"}
    assert {attribution["sense"] for attribution in held} == set(IdentitySense)
    assert {attribution["basis"] for attribution in held} == set(AttributionBasis)
    assert 5 < sum(len({row["group"] for row in own(person) if "group" in row}) > 1 for person in individuals) < 60


def test_identity_is_unknown_for_about_an_eighth(sample: make.Sample) -> None:
    """About 12 in 100 persons have no known ethnicity, in every group of districts alike."""
    individuals = persons(sample.incidents)
    unknown = sum(not any("group" in row for row in own(person)) for person in individuals)
    assert 0.09 < unknown / len(individuals) < 0.16


def test_unnamed_groups_contain_the_persons_resolved_out_of_them(built: make.Sample) -> None:
    """R09: never more persons than the group's low, and the incident's figures include both once."""
    groups = 0
    for line in built.incidents:
        for group in (victim for victim in line["victims"] if victim["kind"] == "group"):
            resolved = sum(other.get("resolved_out_of") == group["ref"] for other in line["victims"])
            assert resolved <= group["count_low"] <= group["count_high"]
            groups += 1
    assert groups > 80


def test_figures_agree_with_the_victims(built: make.Sample, drafts: list[IncidentDraft]) -> None:
    """R09, R29: what the rows add up to lies within the figures held, but where figures are out of order."""
    for line, draft in zip(built.incidents, drafts, strict=True):
        for harm in ("killed", "injured"):
            low, high = line.get(f"{harm}_low"), line.get(f"{harm}_high")
            if line["victims"] and low is not None and not line.get("count_conflict"):
                total = rules.victims_harmed(draft.victims, Harm(harm))
                assert low <= (total.high or 0), line["key"]
                assert (total.low or 0) <= high, line["key"]


def test_points_lie_in_the_district_that_is_named(built: make.Sample) -> None:
    """A point of precision 1 or 2 lies in its district; a coarser one says how far it may be off."""
    shapes = {f["properties"]["pcode"]: shapely.geometry.shape(f["geometry"]) for f in built.places["features"]}
    for line in built.incidents:
        if line.get("place_precision", 9) < 3 and "pcode" in line:
            assert shapely.contains_xy(shapes[line["pcode"]], line["lon"], line["lat"]), line["key"]
        if line.get("place_precision", 0) > 2:
            assert line["uncertainty_m"] > 1000


@pytest.mark.parametrize("of", ["given", "family", "script"])
def test_names_say_nothing_of_identity(sample: make.Sample, of: str) -> None:
    """Identity is never guessable from a name: names and ethnicity are independent, one person an incident."""
    part = {
        "given": lambda name: name["name"].split()[0],
        "family": lambda name: name["name"].split()[-1],
        "script": lambda name: name["script"],
    }
    seen: Counter[tuple[str, str]] = Counter()
    for line in (line for line in sample.incidents if line["planted"] is None):
        known = [
            (p["names"], held["group"]) for p in persons([line]) if "names" in p for held in own(p) if "group" in held
        ]
        seen.update((part[of](names[0]), group) for names, group in known[:1])
    names, groups = sorted({name for name, _ in seen}), sorted({group for _, group in seen})
    counted = np.array([[seen[name, group] for group in groups] for name in names])
    assert chi2_contingency(counted[counted.sum(axis=1) > 10]).pvalue > 0.001
