"""What changed between two packages of one sender and one tier: rows added, columns changed, codes removed. Standards: R19, R88."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from casualty.errors import Refused
from casualty.release.formats.output import Output
from casualty.release.formats.tables import FURTHER, Column, Table, held
from casualty.release.package import Package
from casualty.vocabulary import Tier

COLUMNS = (
    Column("table", "Table of the package."),
    Column("key", "Code of the incident or victim, key of any other row."),
    Column("change", "added, changed or removed since the earlier package."),
    Column("columns", "Which columns changed; of a removed incident, what became of it."),
)
DIGEST = 8
IDENTIFIERS = ("code", "id", "seq")


def write(package: Package, earlier: Package, output: Output) -> None:
    """Write changes.csv: this package against an earlier one. Only keys and names of columns, no content.

    Raises Refused for packages of two senders, of two tiers, or of two partners, whose keys differ by design.
    """
    labels = ["Source-Organization", "Tier"]
    if package.tier is Tier.PARTNER:
        labels.append("Recipient")
    if unlike := [label for label in labels if package.info.get(label) != earlier.info.get(label)]:
        raise Refused(f"The packages cannot be compared: they differ in {', '.join(unlike)}.")
    output.table("changes.csv", COLUMNS, _changes(package, earlier))


def _changes(package: Package, earlier: Package) -> Iterator[list[str]]:
    before = {table.name: table for table in held(earlier)}
    now = {table.name: table for table in held(package)}
    removed = _removed(now.get("removed"))
    for name in dict.fromkeys((*now, *before)):
        if name not in FURTHER:
            yield from _of_table(name, now.get(name), before.get(name), removed)


def _of_table(name: str, now: Table | None, before: Table | None, removed: dict[str, str]) -> Iterator[list[str]]:
    was = dict(_digests(before)) if before is not None else {}
    columns = [column.name for column in before.columns] if before is not None else []
    for key, digest in _digests(now) if now is not None else ():
        earlier = was.pop(key, None)
        if earlier is None:
            yield [name, key, "added", ""]
        elif now is not None and (changed := _changed([c.name for c in now.columns], digest, columns, earlier)):
            yield [name, key, "changed", " ".join(changed)]
    for key in was:
        yield [name, key, "removed", removed.get(key, "") if name == "incident" else ""]


def _digests(table: Table) -> Iterator[tuple[str, bytes]]:
    """Yield the key of each row and a digest of each of its cells, so that no row need be held whole."""
    at = next((found for name in IDENTIFIERS if (found := table.at(name)) is not None), None)
    if at is None:
        return
    for row in table.rows():
        yield row[at], b"".join(blake2b(cell.encode(), digest_size=DIGEST).digest() for cell in row)


def _changed(names: Sequence[str], digest: bytes, before: Sequence[str], earlier: bytes) -> list[str]:
    """Return the columns, of either package, whose cells differ."""
    now, was = _by_column(names, digest), _by_column(before, earlier)
    return [name for name in dict.fromkeys((*names, *before)) if now.get(name) != was.get(name)]


def _by_column(names: Sequence[str], digest: bytes) -> dict[str, bytes]:
    return {name: digest[at * DIGEST : (at + 1) * DIGEST] for at, name in enumerate(names)}


def _removed(table: Table | None) -> dict[str, str]:
    """Return what the later package says became of incidents that are no longer in it, by code."""
    if table is None:
        return {}
    code, status, into = (table.at(name) for name in ("incident_code", "incident_status", "merged_into"))
    if code is None or status is None or into is None:
        return {}
    return {row[code]: f"{row[status]} {row[into]}".strip() for row in table.rows()}
