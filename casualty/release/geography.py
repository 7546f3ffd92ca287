"""Places as GeoJSON (RFC 7946): WGS 84, longitude first, one feature a line so that a reader need not hold them all."""

import json
from collections.abc import Mapping
from typing import Any

from casualty.release.bag import Sheet

OPENING = '{"type":"FeatureCollection","features":[\n'
CLOSING = "\n]}\n"

EXACT_ENOUGH = 2
INCIDENT = (
    "code", "status", "incident_type", "date_start", "date_end", "date_precision", "place_precision", "uncertainty_m",
    "pcode", "boundary_set", "killed_low", "killed_best", "killed_high", "count_conflict", "codebook_version",
)  # fmt: skip
UNIT = ("pcode", "boundary_set", "name", "name_local", "level", "parent_pcode", "valid_from", "valid_to")


def incident(values: Mapping[str, Any]) -> str | None:
    """Return an incident as a feature, or None if no point of it is shown.

    `representative` is true where the point stands for an area (place precision of 3 or more, or not known): such
    a point is not where anything happened (R33).
    """
    if values.get("lat") is None:
        return None
    precision = values.get("place_precision")
    properties = {name: values.get(name) for name in INCIDENT}
    properties["representative"] = precision is None or precision > EXACT_ENOUGH
    point = {"type": "Point", "coordinates": [values["lon"], values["lat"]]}
    return _feature(values["id"], point, properties)


def unit(values: Mapping[str, Any]) -> str | None:
    """Return an administrative unit as a feature: its boundary, else its point, else None."""
    geometry = values.get("geometry")
    properties = {name: values.get(name) for name in UNIT}
    if geometry is not None:
        return _feature(values["id"], json.loads(geometry), properties)
    if values.get("lat") is None:
        return None
    return _feature(values["id"], {"type": "Point", "coordinates": [values["lon"], values["lat"]]}, properties)


def _feature(key: str, geometry: object, properties: object) -> str:
    feature = {"type": "Feature", "id": key, "geometry": geometry, "properties": properties}
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


class Features:
    """A GeoJSON collection, one feature a line."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._any = False
        sheet.write(OPENING)

    def add(self, feature: str | None) -> None:
        """Add a feature, if there is one."""
        if feature is not None:
            self._sheet.write(f",\n{feature}" if self._any else feature)
            self._any = True

    def close(self) -> None:
        """End the collection."""
        self._sheet.write(CLOSING)
