"""What enters a question of place and time from the record: each incident once, with its mix (R09, R33, R37, R39, R44)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import minimum
from hypothesis import given
from hypothesis import strategies as st
from test_targeting import identity, victim

from casualty import sample
from casualty.access import Acting
from casualty.errors import NotEnoughData, NotFound, UsageFault
from casualty.events import NOT_JUDGED, WIDEST, gathered, widened
from casualty.patterns.events import NO_DATE, Events
from casualty.schema import ActorFields, ClaimFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus
from geo.frame import distance_m

__all__ = ["identity"]  # the fixture of a dimension with two groups

Identity = dict[str, str]


def only(store: Store, **options: Any) -> Events:
    return gathered(store, dimension="ethnicity", **options)


def days(events: Events) -> list[tuple[str, ...]]:
    return [tuple(str(np.datetime64(int(day), "D")) for day in span) for span in events.day_span]


def test_an_incident_keeps_its_mix(store: Store, by: Acting, document: str, identity: Identity) -> None:
    """R39, R47: parts of the killed of known identity; the unknown are in the victims and not in the mix."""
    known = [victim(identity, "kess"), victim(identity, "kess"), victim(identity, "tul"), victim(identity, None)]
    store.record("incident", minimum(document, killed_best=9, killed_low=6, killed_high=12, victims=known), by)
    store.record("incident", minimum(document, killed_best=3, victims=[victim(identity, None)]), by)
    events = only(store)
    assert events.groups == ("kess", "tul")
    np.testing.assert_allclose(events.mix, [[2 / 3, 1 / 3], [np.nan, np.nan]])
    assert events.victims.tolist() == [[6, 9, 12], [3, 3, 3]]


def test_a_person_named_out_of_a_group_counts_once(store: Store, by: Acting, document: str, identity: Identity) -> None:
    """R09"""
    whole = victim(identity, "tul", kind="group", ref="g", count_best=6)
    named = [victim(identity, "kess", resolved_out_of="g"), victim(identity, "kess", resolved_out_of="g")]
    store.record("incident", minimum(document, killed_best=None, killed_low=2, victims=[whole, *named]), by)
    events = only(store)
    np.testing.assert_allclose(events.mix, [[1 / 3, 2 / 3]])
    assert events.victims.tolist() == [[2, 6, 6]]


@pytest.mark.parametrize(
    ("fields", "known"),
    [({"basis": "person_inferred"}, False), ({"sense": "perceived"}, False), ({"harm": "injured"}, False), ({}, True)],
)
def test_what_is_no_known_identity_of_the_killed(
    store: Store, by: Acting, document: str, identity: Identity, fields: dict[str, Any], known: bool
) -> None:
    """R40, R44: inferred by a person only when asked for."""
    store.record("incident", minimum(document, victims=[victim(identity, "kess", **fields)]), by)
    assert np.isfinite(only(store).mix).all() == known
    assert np.isfinite(only(store, inferred=True).mix).all() == (known or "basis" in fields)


def test_which_incidents_enter(sqlite_store: Store, identity_of: Identity) -> None:
    """R16, R32: no draft, nothing refuted or merged; outside the days asked nothing, and the undated are counted out."""
    store, by = sqlite_store, sqlite_store.local("tester")
    document = identity_of["document"]
    first = store.record("incident", minimum(document), by)
    store.record("incident", minimum(document), by, status=IncidentStatus.DRAFT)
    gone = store.record("incident", minimum(document), by)
    store.withdraw("incident", gone.id, by, "twice")
    store.record("incident", minimum(document, date_start="2025-01-01", date_end="2025-01-01"), by)
    undated = {"date_start": None, "date_end": None, "date_missing": "unknown"}
    store.record("incident", minimum(document, **undated), by)
    events = only(store)
    assert (len(events), dict(events.left_out)) == (3, {NOT_JUDGED: 1})
    asked = only(store, since=date(2024, 5, 2), until=date(2024, 12, 31))
    assert (asked.ids, dict(asked.left_out)) == ((first.code,), {NOT_JUDGED: 1, NO_DATE: 1})
    assert len(only(store, status="draft")) == 1
    with pytest.raises(NotEnoughData, match="ask for others"):
        only(store, since=date(2030, 1, 1))
    with pytest.raises(NotEnoughData):
        only(store, tier="verified")


@pytest.mark.parametrize(
    ("options", "fault"),
    [({"by": "village"}, "--by village"), ({"status": "odd"}, "--status odd"), ({"tier": "x"}, "--tier x")],
)
def test_what_is_not_known_is_refused(store: Store, identity: Identity, options: dict[str, Any], fault: str) -> None:
    """R34: exit 2 with what there is."""
    with pytest.raises(UsageFault, match=fault):
        only(store, **options)
    with pytest.raises(NotFound, match="Known: ethnicity"):
        gathered(store, dimension="caste")


def test_dates_are_as_wide_as_they_are_known(store: Store, by: Acting, document: str, identity: Identity) -> None:
    """R32: the days stated, or as wide as the precision says; the day is the middle of them."""
    for start, end, precision in (
        ("2024-05-02", "2024-05-02", 1), ("2024-05-01", "2024-05-06", 2), ("2024-06-01", "2024-06-30", 4), ("2024-07-15", "2024-07-15", 4),
    ):  # fmt: skip
        store.record("incident", minimum(document, date_start=start, date_end=end, date_precision=precision), by)
    events = only(store)
    held = dict(zip(events.date_precision.tolist(), days(events), strict=True))
    assert held[1] == ("2024-05-02", "2024-05-02")
    assert held[2] == ("2024-05-01", "2024-05-06")
    assert sorted(days(events))[2:] == [("2024-06-01", "2024-06-30"), ("2024-06-30", "2024-07-30")]
    assert (np.abs(events.day - events.day_span.mean(axis=1)) <= 0.5).all()
    assert events.with_dates().left_out == {"date known to a month or wider": 2}


@given(st.integers(0, 20_000), st.integers(0, 400), st.sampled_from((1, 2, 3, 4, 5)))
def test_a_widened_span_holds_the_stated_one(first: int, wide: int, precision: int) -> None:
    """R32"""
    start, end = widened(first, first + wide, precision)
    assert start <= first <= first + wide <= end
    assert end - start == wide or end - start == WIDEST[precision]


def test_places_are_metres_around_all_of_them(store: Store, by: Acting, document: str, identity: Identity) -> None:
    """R33, R36: with their precision and uncertainty; an incident without a point has none."""
    for lon, lat, precision in ((20.0, 10.0, 1), (20.4, 10.3, 3)):
        store.record("incident", minimum(document, lon=lon, lat=lat, place_precision=precision, uncertainty_m=500), by)
    store.record("incident", minimum(document), by)
    events = only(store)
    there = np.isfinite(events.x)
    assert there.tolist() == [True, True, False]
    apart = np.hypot(np.diff(events.x[there]), np.diff(events.y[there]))[0]
    assert apart == pytest.approx(distance_m(20.0, 10.0, 20.4, 10.3)[0], rel=1e-6)
    assert events.spread_m[there].tolist() == [500, 500]
    assert events.with_points().place_precision.tolist() == [1]


def test_who_is_alleged_and_who_says_so(store: Store, by: Acting, document: str, identity: Identity) -> None:
    """R37, R51: only those alleged to have done or ordered it; sources of all claims; acts, and means of the killed."""
    column = store.record("actor", ActorFields(name="Amber Column"), by).id
    wardens = store.record("actor", ActorFields(name="Wardens"), by).id
    other = store.record("source", SourceFields(name="Radio"), by).id
    parts = [
        {"actor_id": column, "role": "alleged_perpetrator"}, {"actor_id": wardens, "role": "side_a"},
        {"actor_missing": "unknown", "role": "alleged_command"},
    ]  # fmt: skip
    claims = [{"document_id": document}, ClaimFields(document_id=document, source_id=other).model_dump()]
    shot = victim(identity, "kess", cause="small_arms", acts=["killing"])
    hurt = victim(identity, "kess", cause="heavy_weapons", harm="injured", acts=["not_recorded"])
    store.record("incident", minimum(document, involvements=parts, claims=claims, victims=[shot, hurt]), by)
    events = only(store)
    assert events.actors == (frozenset({"Amber Column"}),)
    assert events.acts == (frozenset({"killing"}),)
    assert events.means == (frozenset({"small_arms"}),)
    assert len(events.sources[0]) == 2
    assert other in events.sources[0]


@pytest.fixture
def identity_of(sqlite_store: Store) -> Identity:
    """A dimension with one group and a document, on SQLite."""
    from casualty.schema import DimensionFields, DocumentFields, GroupFields

    by = sqlite_store.local("tester")
    fields = DimensionFields(code="ethnicity", label="Ethnicity", state="on", assessment="Signed.")
    dimension = sqlite_store.record("dimension", fields, by).id
    group = GroupFields(dimension_id=dimension, code="kess", label="Kess")
    sqlite_store.record("identity_group", group, by)
    source = sqlite_store.record("source", SourceFields(name="Paper"), by).id
    held = sqlite_store.record("document", DocumentFields(title="Issue", source_id=source), by)
    return {"dimension": dimension, "document": held.id}


# The sample territory ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sundovel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    held = Store.open(path)
    yield held
    held.close()


def test_the_sample_territory_is_gathered_whole(sundovel: Store) -> None:
    """R33, R51: every standing incident once, with area, tier and source; the massacre is one of them."""
    import json

    events = gathered(sundovel, dimension="ethnicity")
    file = Path(sample.__file__).parent.parent / "sample_data/incidents.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    status = Counter(line["status"] for line in lines)
    assert len(events) == sum(status.values()) - status["refuted"] - status["draft"]
    assert len(set(events.ids)) == len(events)
    assert events.tier.count("verified") == status["verified"]
    assert all(events.sources)
    assert events.groups == ("ibrenne", "kessand", "ombreth", "tulvet")
    known = events.with_identity()
    np.testing.assert_allclose(known.mix.sum(axis=1), 1)
    assert known.mix[int(known.victims[:, 1].argmax())].max() > 0.9
    assert {area for area in events.area if area} == {f"XS0{region}" for region in range(1, 7)}


def test_points_of_the_sample_lie_as_far_apart_as_on_the_earth(sundovel: Store) -> None:
    """R36: some two hundred kilometres across, the flat frame stretches nothing."""
    from casualty import frames

    events = gathered(sundovel, dimension="religion", by="admin2").with_points()
    held = frames.incidents(sundovel).set_index("code").loc[list(events.ids)]
    lon, lat = held["lon"].to_numpy(), held["lat"].to_numpy()
    truth = distance_m(lon[0], lat[0], lon, lat)
    np.testing.assert_allclose(np.hypot(events.x - events.x[0], events.y - events.y[0]), truth, rtol=2e-3, atol=1)
    assert {len(area) for area in events.area if area} == {6}
