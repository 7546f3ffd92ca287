"""The tables of a package described for machines: a Frictionless data package, with the type and meaning of each column."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from casualty import codebook
from casualty.release.bag import Bag
from casualty.release.package import Package
from casualty.release.records import FILES
from casualty.schema import CHILDREN, table

PATH = "data/04_records/datapackage.json"
TYPES = ((sa.Boolean, "boolean"), (sa.Date, "date"), (sa.Integer, "integer"), (sa.Float, "number"))
OF_INCIDENT = frozenset(CHILDREN["incident"])


def write(bag: Bag, package: Package, added: dict[str, str]) -> None:
    """Write `datapackage.json`; `added` explains the columns that are not of the schema."""
    described = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "casualty-records",
        "title": "Casualty records: documented incidents, not all deaths",
        "resources": [_resource(name, package, added) for name in FILES if package.holds(name)],
    }
    bag.text(PATH, json.dumps(described, ensure_ascii=False, indent=1) + "\n")


def _resource(name: str, package: Package, added: dict[str, str]) -> dict[str, Any]:
    columns = package.columns(name)
    schema: dict[str, Any] = {"fields": [_field(name, column, added) for column in columns], "missingValues": [""]}
    schema |= {"primaryKey": ["id"]} if "id" in columns else {}
    if name in OF_INCIDENT:
        schema["foreignKeys"] = [
            {"fields": ["incident_id"], "reference": {"resource": FILES["incident"], "fields": ["id"]}}
        ]
    return {
        "name": FILES[name], "path": f"{FILES[name]}.csv", "type": "table", "format": "csv", "mediatype": "text/csv",
        "encoding": "utf-8", "description": " ".join((codebook.about(name)).split()), "schema": schema,
    }  # fmt: skip


def _field(name: str, column: str, added: dict[str, str]) -> dict[str, Any]:
    own = table(name).c.get(column)
    if own is None:
        return {"name": column, "type": "string", "description": added[column]}
    told: dict[str, Any] = {"name": column, "type": _type(own), "description": codebook.meaning(name, column)}
    allowed = list(_terms(own))
    return told | ({"constraints": {"enum": allowed}} if allowed else {})


def _type(column: sa.Column[Any]) -> str:
    if codebook.scheme_of(column) and isinstance(column.type, sa.Enum):
        return "string"
    return next((word for kind, word in TYPES if isinstance(column.type, kind)), "string")


def _terms(column: sa.Column[Any]) -> Iterator[str]:
    """Yield the words that a column of terms may hold in a package, the reasons for absence among them."""
    if isinstance(column.type, sa.Enum):
        yield from column.type.enums
        yield from (word for word in ("withheld", "not_applicable", "not_recorded") if word not in column.type.enums)
