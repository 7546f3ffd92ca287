"""What a reviewer states, validated; and the steps that only a second person takes."""

from typing import TypeVar

from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import bodies, rules
from casualty.errors import Fault, InvalidRecords
from casualty.ledger import Rows
from casualty.schema import ReviewFields
from casualty.store import faults_of, history
from casualty.vocabulary import IncidentStatus, StandardOfProof
from casualty.writing import Saved, Writer, hidden, nothing

Model = TypeVar("Model", bound=SQLModel)

JUDGEMENT = "This judgement cannot be recorded."


def stated(model: type[Model], **values: object) -> Model:
    """Return what somebody stated as a validated draft; raise InvalidRecords with every fault."""
    try:
        return model.model_validate(values)
    except ValidationError as wrong:
        raise InvalidRecords("The record cannot be saved as it is.", faults_of(wrong)) from wrong


def must_say_why(reasons: str) -> None:
    """Raise InvalidRecords unless reasons are given."""
    if not reasons.strip():
        raise InvalidRecords(JUDGEMENT, [Fault(0, "reasons", "No reasons are given.", "Write why.")])


def must_be_second(writer: Writer, incident: Rows, reasons: str) -> None:
    """Raise InvalidRecords for who recorded or amended the incident, or gives no reasons."""
    if faults := rules.check_second_person(writer.by.name, writer.hands(incident), reasons):
        raise InvalidRecords(JUDGEMENT, faults)


def seen(writer: Writer, kind: str, record_id: str) -> Rows:
    """Return a record as it stands; raise NotFound if there is none that this person sees."""
    writer.flush()
    rows = history.current(writer.connection, kind, record_id)
    if hidden(writer.connection, kind, rows, writer.cleared, writer.by.name):
        raise nothing(kind, record_id)
    return rows


def take_up_if_bare(writer: Writer, incident_id: str, minimum_origins: int, reasons: str) -> Saved | None:
    """Take an incident into review again if fewer origins stand behind it than its status needs."""
    rows = seen(writer, "incident", incident_id)
    if not bare(writer, rows, minimum_origins):
        return None
    return writer.review(rows, judgement(IncidentStatus.IN_REVIEW, reasons), minimum_origins)


def bare(writer: Writer, rows: Rows, minimum_origins: int) -> bool:
    """Return whether fewer independent origins stand behind an incident, as these rows have it, than its status needs."""
    needed = rules.origins_needed(bodies.status_of(rows), minimum_origins)
    return bool(needed) and writer.origins(rows) < needed


def judgement(to: IncidentStatus, reasons: str, standard: StandardOfProof = StandardOfProof.NOT_STATED) -> ReviewFields:
    """Return a judgement as a draft; raise InvalidRecords."""
    return stated(ReviewFields, to_status=to, reasons=reasons, standard_of_proof=standard)
