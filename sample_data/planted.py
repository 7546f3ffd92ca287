"""What was planted, written down for whoever checks a test against it."""

from typing import Any

from sample_data.events import CHAINS, FIRST, LINKS, NEAR_DAYS, NEAR_KM, Event, Scene
from sample_data.names import COUNTRY_CODE
from sample_data.people import COLUMN, FIGHTING, MASSACRED, SEEMS_TARGETED, TARGETED, WARDENS
from sample_data.whereabouts import LAST

Row = dict[str, Any]


def written_down(scene: Scene, events: list[Event], lines: list[Row]) -> list[Row]:
    """Return one entry a pattern: what, where, when, who, how many incidents, and which test should see it."""
    of = {
        name: [event for event in events if event.planted == name] for name in ("targeted", "massacre", "near_repeat")
    }
    keys = {name: [line["key"] for line in lines if line["planted"] == name] for name in of}
    return [
        _targeted(scene, of["targeted"], keys["targeted"]),
        _seems_targeted(scene, lines),
        _massacre(scene, of["massacre"][0], keys["massacre"]),
        _near_repeat(scene, of["near_repeat"], keys["near_repeat"]),
    ]


def _where(scene: Scene, pcode: str) -> Row:
    units = scene.land.units
    row: Row = {"pcode": pcode, "name": units[pcode].name, "level": units[pcode].level}
    return row if len(pcode) == 4 else row | {"region_pcode": pcode[:4], "region_name": units[pcode[:4]].name}


def _when(events: list[Event]) -> Row:
    days = sorted(event.date for event in events)
    return {"first": days[0].isoformat(), "last": days[-1].isoformat()}


def _targeted(scene: Scene, events: list[Event], keys: list[str]) -> Row:
    return {
        "name": "targeted",
        "what": "One minority is attacked in many separate, mostly small incidents, in one district in one quarter.",
        "where": _where(scene, events[0].district),
        "when": _when(events) | {"quarter": f"{events[0].date.year}-Q{(events[0].date.month + 2) // 3}"},
        "who": {
            "dimension": "ethnicity",
            "group": TARGETED,
            "alleged_actor": WARDENS,
            "alleged_in": sum(event.party == WARDENS for event in events),
        },
        "incidents": len(events),
        "people": sum(event.people for event in events),
        "seen_by": [
            "disparity on incidents by district and quarter: clearest, far above chance",
            "disparity on incidents by district over all years",
            "disparity on incidents by region over all years",
            "the same among verified incidents alone, as far as their number allows",
            "the shares of perceived identity and of alleged targeting grounds in these incidents",
        ],
        "not_seen_by": [
            "disparity in any other region or district",
            "a near-repeat test within the district: the incidents are dense in time, and in space like all others",
        ],
        "mirror": "In the same region and district the majority's incident ratio lies below 1: shares add up to one. "
        "Over the whole country the crude ratio of this group is raised a little by these incidents alone. A "
        "near-repeat test over the whole country may see them as a dense quarter of one district.",
        "keys": keys,
    }


def _seems_targeted(scene: Scene, lines: list[Row]) -> Row:
    region = f"{COUNTRY_CODE}{FIGHTING + 1:02d}"
    return {
        "name": "seems_targeted",
        "what": "A minority has far more incidents than its share of the country's people, because it lives where the "
        "violence is; within each region and district its incidents follow its share of the people there.",
        "where": _where(scene, region),
        "when": {"first": FIRST.isoformat(), "last": LAST.isoformat()},
        "who": {"dimension": "ethnicity", "group": SEEMS_TARGETED, "alleged_actor": None},
        "incidents": sum(_harms(line, SEEMS_TARGETED) for line in lines),
        "seen_by": ["crude disparity on incidents over the whole country: ratio near 2, interval above 1"],
        "not_seen_by": [
            "disparity stratified by region or by district: ratio near 1",
            "disparity on incidents in any one region or district",
        ],
        "mirror": "Over the whole country the majority's crude incident ratio lies below 1.",
        "keys": [],
    }


def _harms(line: Row, group: str) -> bool:
    """Return whether a person of this group is recorded in an incident."""
    return any(
        attribution.get("group") == group and attribution["sense"] == "own"
        for victim in line["victims"]
        for attribution in victim["attributions"]
    )


def _massacre(scene: Scene, event: Event, keys: list[str]) -> Row:
    return {
        "name": "massacre",
        "what": "One incident harms more people than any other, all of one minority. It is one event.",
        "where": _where(scene, event.district) | {"place": event.place.name, "lat": event.lat, "lon": event.lon},
        "when": {"first": event.date.isoformat(), "last": event.date.isoformat()},
        "who": {"dimension": "ethnicity", "group": MASSACRED, "alleged_actor": COLUMN},
        "incidents": 1,
        "people": event.people,
        "seen_by": [
            "the ratio of victims, if they are taken as independent: clearly above 1 in the region and in the country",
            "a list of incidents by size",
        ],
        "not_seen_by": ["disparity on incidents, in the country, the region or the district: ratio near 1, no alarm"],
        "mirror": "",
        "keys": keys,
    }


def _near_repeat(scene: Scene, events: list[Event], keys: list[str]) -> Row:
    return {
        "name": "near_repeat",
        "what": f"{CHAINS} chains of {LINKS} incidents; each follows the one before within {NEAR_DAYS} days and "
        f"{NEAR_KM:g} km. Neither the number of incidents nor the groups of the people harmed are changed.",
        "where": _where(scene, events[0].district),
        "when": _when(events),
        "who": {"dimension": None, "group": None, "alleged_actor": None},
        "incidents": len(events),
        "seen_by": [
            f"a near-repeat (Knox) test at {NEAR_KM:g} km and {NEAR_DAYS} days, on exact days and places, there",
            "the same over the whole country, which this district carries",
        ],
        "not_seen_by": ["a near-repeat test within any other district", "disparity of any group, for this reason"],
        "mirror": "",
        "keys": keys,
    }
