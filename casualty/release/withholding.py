"""What a database withholds from a package: read once, before anything is written."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from casualty.disclosure import INSTITUTIONS, Phrases, Withheld
from casualty.vocabulary import ConsentPurpose, ConsentValue, DimensionState, Sensitivity

AGREED = frozenset({ConsentValue.GIVEN, ConsentValue.NOT_REQUIRED})


def withheld(connection: sa.Connection, purpose: ConsentPurpose = ConsentPurpose.SHARE_COMMISSION) -> Withheld:
    """Return what is withheld from a recipient to whom consent speaks by `purpose`.

    A refusal that stands withholds, whatever else was said of the same subject; silence withholds the sources that
    are, or may be, private persons, and what they said. Victims are shown unless a refusal stands (R60).
    """
    agreed, refused = _consents(connection, purpose)
    sources, names = _sources(connection, agreed, refused)
    victims = frozenset(refused["victim_id"])
    beside, victim_names = _victims(connection, victims)
    severe, severe_documents, severe_names = _severe(connection)
    off, labels = _dimensions(connection)
    phrases = Phrases.of([*labels, *victim_names, *severe_names, *names])
    return Withheld(
        victims=victims,
        beside=beside,
        sources=sources,
        documents=_documents(connection, sources, agreed, refused) | severe_documents,
        dimensions=off,
        tainted_incidents=_ids(
            connection, "SELECT DISTINCT incident_id FROM attribution WHERE dimension_id IN :ids", off
        ),
        tainted_documents=_tainted_documents(connection, off, Phrases.of(labels)),
        severe_incidents=severe,
        absent=_absent(connection),
        reticent=_reticent(connection, severe | beside),
        phrases=phrases,
    )


def _ids(connection: sa.Connection, text: str, ids: Iterable[str]) -> frozenset[str]:
    return frozenset(row[0] for row in _in(connection, text, ids))


def _in(connection: sa.Connection, text: str, ids: Iterable[str]) -> list[Any]:
    """Return the rows of a query over `:ids`, asked a few hundred at a time."""
    wanted, rows = sorted(ids), list[Any]()
    statement = sa.text(text).bindparams(sa.bindparam("ids", expanding=True))
    for start in range(0, len(wanted), 500):
        rows += connection.execute(statement, {"ids": wanted[start : start + 500]})
    return rows


def _consents(connection: sa.Connection, purpose: ConsentPurpose) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the ids agreed for and the ids refused, by the column that names the subject."""
    subjects = ("victim_id", "source_id", "document_id")
    agreed: dict[str, set[str]] = {subject: set() for subject in subjects}
    refused: dict[str, set[str]] = {subject: set() for subject in subjects}
    for value, *ids in connection.execute(
        sa.text(
            "SELECT value, victim_id, source_id, document_id FROM consent"
            " WHERE purpose = :purpose AND withdrawn_at IS NULL"
        ),
        {"purpose": purpose.value},
    ):
        for subject, key in zip(subjects, ids, strict=True):
            if key is not None:
                (agreed if value in AGREED else refused)[subject].add(key)
    return agreed, refused


def _sources(
    connection: sa.Connection, agreed: dict[str, set[str]], refused: dict[str, set[str]]
) -> tuple[frozenset[str], list[str]]:
    ids, names = set(), []
    for key, name, kind, sensitivity in connection.execute(sa.text("SELECT id, name, kind, sensitivity FROM source")):
        private = kind not in INSTITUTIONS and key not in agreed["source_id"]
        if key in refused["source_id"] or private or sensitivity == Sensitivity.SEVERE:
            ids.add(key)
            names.append(name)
    return frozenset(ids), names


def _documents(
    connection: sa.Connection, sources: frozenset[str], agreed: dict[str, set[str]], refused: dict[str, set[str]]
) -> frozenset[str]:
    """A document is withheld for itself, or for its source unless it has a consent of its own."""
    severe = _ids(connection, "SELECT id FROM document WHERE sensitivity IN :ids", [Sensitivity.SEVERE.value])
    theirs = _ids(connection, "SELECT id FROM document WHERE source_id IN :ids", sources)
    return frozenset(refused["document_id"]) | severe | (theirs - agreed["document_id"])


def _victims(connection: sa.Connection, victims: frozenset[str]) -> tuple[frozenset[str], list[str]]:
    incidents = _ids(connection, "SELECT incident_id FROM victim WHERE id IN :ids", victims)
    names = _in(connection, "SELECT name FROM victim_name WHERE victim_id IN :ids", victims)
    return incidents, [row[0] for row in names]


def _severe(connection: sa.Connection) -> tuple[frozenset[str], frozenset[str], list[str]]:
    """Return the incidents of severe sensitivity, the documents that speak of nothing else, and the names in them."""
    incidents = _ids(connection, "SELECT id FROM incident WHERE sensitivity IN :ids", [Sensitivity.SEVERE.value])
    documents = _ids(connection, "SELECT document_id FROM claim WHERE incident_id IN :ids", incidents)
    elsewhere = _ids(
        connection,
        "SELECT DISTINCT c.document_id FROM claim c JOIN incident i ON i.id = c.incident_id"
        " WHERE i.sensitivity <> 'severe' AND c.document_id IN :ids",
        documents,
    )
    names = _in(connection, "SELECT name FROM victim_name WHERE incident_id IN :ids", incidents)
    return incidents, documents - elsewhere, [row[0] for row in names]


def _dimensions(connection: sa.Connection) -> tuple[frozenset[str], list[str]]:
    """Return the dimensions that are switched off or taken back, and the words that only they use."""
    dimensions = connection.execute(sa.text("SELECT id, state, withdrawn_at, code, label FROM dimension")).all()
    groups = connection.execute(sa.text("SELECT dimension_id, code, label, label_local FROM identity_group")).all()
    off = frozenset(row[0] for row in dimensions if row[1] == DimensionState.OFF or row[2] is not None)
    words = [(row[0], word) for row in dimensions for word in row[3:]]
    words += [(row[0], word) for row in groups for word in row[1:] if word]
    shared = {word.casefold() for key, word in words if key not in off}
    return off, [word for key, word in words if key in off and word.casefold() not in shared]


def _tainted_documents(connection: sa.Connection, off: frozenset[str], labels: Phrases) -> frozenset[str]:
    """Return the documents whose rows as read may state an identity that is switched off, by value or by mapping."""
    stated = _ids(
        connection,
        "SELECT DISTINCT c.document_id FROM claim c JOIN attribution a ON a.incident_id = c.incident_id"
        " WHERE a.dimension_id IN :ids",
        off,
    )
    batches = connection.execute(sa.text("SELECT document_id, mapping FROM batch"))
    return stated | {document for document, mapping in batches if labels.within(mapping)}


def _absent(connection: sa.Connection) -> frozenset[str]:
    rows = connection.execute(
        sa.text(
            "SELECT c.victim_id FROM consent c JOIN victim v ON v.id = c.victim_id JOIN incident i"
            " ON i.id = v.incident_id WHERE i.withdrawn_at IS NOT NULL OR i.merged_into_id IS NOT NULL"
        )
    )
    return frozenset(row[0] for row in rows)


def _reticent(connection: sa.Connection, incidents: Iterable[str]) -> frozenset[str]:
    """Return the judged victims who stand in these incidents, or in one that was taken back or merged."""
    text = (
        "SELECT v.id, v.incident_id, i.withdrawn_at IS NULL AND i.merged_into_id IS NULL FROM victim v"
        " JOIN incident i ON i.id = v.incident_id"
        " WHERE v.id IN (SELECT victim_id FROM pairing UNION SELECT other_id FROM pairing)"
    )
    within = set(incidents)
    rows = connection.execute(sa.text(text))
    return frozenset(key for key, incident, stands in rows if not stands or incident in within)
