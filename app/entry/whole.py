"""A whole form, understood and checked: the incident with its victims, involvements and sources, every fault at its box."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.entry import people, reading, sources
from app.entry.reading import Read, Typed
from casualty import figures
from casualty.bodies import unstorable
from casualty.errors import Fault, InvalidRecords
from casualty.schema import IncidentDraft
from casualty.store import Store, faults_of

Derived = Callable[[Mapping[str, Any]], Mapping[str, Any]]
NOT_SAVED = "The incident cannot be saved as it is. Nothing you typed is lost."


@dataclass
class Whole:
    """All that a form says: the incident's fields with its victims and involvements, its sources, and the faults."""

    found: Read
    fields: dict[str, Any]
    told: list[sources.Told]
    absent: list[Fault]


def understood(typed: Typed, store: Store, *, amending: bool = False, derived: Derived = dict) -> Whole:
    """Return what a form says so far, with every fault of its typing; the rules are asked when it is saved.

    `derived` gives what follows from a new incident's fields where nothing is typed: the unit of its point.
    """
    today = store.today()
    found = reading.read(typed, today)
    found.faults += _unkept(typed)
    found.fields |= {} if amending else derived(found.fields)
    told = sources.told(typed, sources.claims_of(found.fields), found, optional=amending)
    fields = {
        **found.fields,
        "victims": people.victims(typed, today, found),
        "involvements": sources.checked(sources.involvements(typed), found),
        "claims": [{**one.claim, "document_id": one.document_id or sources.PLACEHOLDER} for one in told],
    }
    absent = [] if amending else [fault for fault in (_number(typed), _source(told, found)) if fault is not None]
    return Whole(found, fields, told, absent)


def _number(typed: Typed) -> Fault | None:
    return None if figures.plain(str(typed.get("killed") or "")) else reading.NO_NUMBER


def _source(told: list[sources.Told], found: Read) -> Fault | None:
    named = any(fault.field.startswith("source.") for fault in found.faults)
    return None if told or named else sources.NO_SOURCE


def checked(store: Store, whole: Whole, fields: Mapping[str, Any], typed: Typed) -> IncidentDraft:
    """Return the draft of these fields; raise InvalidRecords with every fault of typing, fields and rules at once.

    What has not been typed yet is a fault only here, when it is to be saved.
    """
    faults, draft = [*whole.found.faults, *whole.absent], None
    try:
        draft = IncidentDraft.model_validate(fields)
    except ValidationError as wrong:
        faults += faults_of(wrong)
    if draft is not None:
        said = {fault.field for fault in faults}
        if any(box.startswith("source.") for box in said):
            said.add(BOXES["source"])
        faults += [fault for fault in store.check(draft).faults if box_of(fault, typed) not in said]
    if draft is None or faults:
        raise InvalidRecords(NOT_SAVED, [_at_box(fault, typed) for fault in faults])
    return draft


# The boxes at which faults of fields and rules are shown.
BOXES = {
    "date_start": "date", "date_end": "date", "date": "date", "place": "place_as_reported", "lat, lon": "coordinates",
    "lat": "coordinates", "lon": "coordinates", "source": f"source.{sources.FIRST}.name", "resolved_out_of": "people",
    "victims": "people",
} | {f"{harm}_{part}": harm for harm in reading.HARMED for part in reading.PARTS}  # fmt: skip


# The boxes of a victim under which a field of it is typed; what is not here has a box of its own name below the grid.
IN_ROW = {"harm": "harm", "sex": "sex", "age": "age", "count": "count", "": "count"}
BELOW = {"resolved_out_of": "part_of", "acts.means": "means", "acts.involvement": "act_by", "acts.kind": "acts"}


def box_of(fault: Fault, typed: Typed) -> str:
    """Return the box at which a fault stands: fields and rules speak of `victim 2 age` and of `victims.1.age_years`."""
    first, _, rest = fault.field.partition(" ")
    if first == "victim":
        number, _, column = rest.partition(" ")
        return _victim_box(int(number) - 1, "acts.0.involvement" if column == "acts" else column, typed)
    first, _, rest = fault.field.partition(".")
    number, _, column = rest.partition(".")
    if first == "victims" and number:
        return _victim_box(int(number), column, typed)
    if first == "involvements" and number:
        listed = sources.involvements(typed)
        key = listed[int(number)]["ref"] if int(number) < len(listed) else ""
        return f"actor.{key}.{column if column in (*sources.INVOLVED, 'note') else 'actor'}"
    return BOXES.get(fault.field, fault.field)


def _victim_box(at: int, field: str, typed: Typed) -> str:
    listed = people.rows(typed)
    if not 0 <= at < len(listed):
        return "people"
    row, key = listed[at], listed[at]["id"]
    column, _, more = field.partition(".")
    number, _, part = more.partition(".")
    if column == "names":
        named = [name for name in ("name", "other_name") if reading.text(row, name)]
        return f"people.{key}.{named[int(number)]}" if int(number or 0) < len(named) else f"person.{key}.names"
    if column == "attributions":
        return people.identity_box(row, typed, int(number or 0), part)
    short = column.partition("_")[0]
    if short in IN_ROW:
        return f"people.{key}.{IN_ROW[short]}"
    if column == "described_as" and len(row.get("note") or "") >= len(typed.get(f"person.{key}.described_as") or ""):
        return f"people.{key}.note"
    return f"person.{key}.{BELOW.get(f'{column}.{part}' if part else column, column)}"


def _unkept(typed: Typed) -> list[Fault]:
    """Return a fault for each box that holds a character that no database keeps."""
    cells = {f"people.{row['id']}.{name}": value for row in people.rows(typed) for name, value in row.items()}
    text, mend = "Holds a character that cannot be kept (NUL, or half a pair).", "Type it again."
    return [
        Fault(0, box, text, mend)
        for box, value in {**typed, **cells}.items()
        if isinstance(value, str) and unstorable(value) and _in_use(box, typed)
    ]


def _in_use(box: str, typed: Typed) -> bool:
    """Return whether a box belongs to a part that is still in the form."""
    first, _, rest = box.partition(".")
    key = rest.rpartition(".")[0]
    rows = {str(row["id"]) for row in people.rows(typed)}
    if first == "source":
        return key in sources.keys(typed)
    if first == "actor":
        return key in (typed.get("actors") or ())
    if first == "identity":
        return key in rows or any(key in (typed.get(f"person.{row}.identities") or ()) for row in rows)
    return first != "person" or key in rows


def _at_box(fault: Fault, typed: Typed) -> Fault:
    return Fault(fault.row, box_of(fault, typed), fault.fault, fault.mend, fault.values)
