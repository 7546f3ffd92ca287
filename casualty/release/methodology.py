"""The methodology of a package, in the five areas of the Standards for Casualty Recording (2016), pp. 18-20 (R01, R02).

Generated from what the database holds, never from what somebody meant to do.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from casualty import codebook
from casualty.disclosure import Phrases
from casualty.errors import CheckFailed
from casualty.release.papers import CAVEAT, Facts
from casualty.vocabulary import (
    Credibility,
    DimensionState,
    IncidentStatus,
    IntakeFormat,
    Reliability,
    SourceKind,
    StandardOfProof,
    Terms,
)


def text(facts: Facts, connection: sa.Connection, hidden: Phrases, *, outward: bool = False) -> str:
    """Return the methodology in the five areas of the Standards for Casualty Recording (pp. 18-20).

    `hidden` are phrases that no text may name; `outward`: for readers whom neither the names of data sets nor the ledger are
    for. Raises CheckFailed if one of the five would be empty.
    """
    areas = {
        "Source types": _sources(connection),
        "Collection process": _collection(connection, hidden, outward),
        "Evaluation of sources and information": _evaluation(connection),
        "Corroboration": _corroboration(connection, facts),
        "Quality control": _quality(connection, facts, outward),
    }
    if empty := [area for area, told in areas.items() if not told.strip()]:
        raise CheckFailed(f"The methodology says nothing on: {', '.join(empty)}. Nothing was released.")
    parts = [f"## {number}. {area}\n\n{told}\n" for number, (area, told) in enumerate(areas.items(), start=1)]
    return "\n".join(
        [
            f"# Methodology\n\nOf {facts.deployment}, as the record itself shows it. {CAVEAT}\n",
            f"## Definitions, inclusion and exclusion\n\n{codebook.INCLUSION}\n\nEvery term is defined in"
            " `02_codebook`. Casualty recording is not estimation: no number here is a model's.\n",
            *parts,
            f"## Limits and affiliations\n\n{_limits(facts)}\n",
        ]
    )


def _counted(connection: sa.Connection, query: str) -> dict[str, int]:
    return {str(row[0]): row[1] for row in connection.execute(sa.text(query))}


def _listed(counts: Mapping[str, int], scheme: type[Terms]) -> str:
    lines = [f"- {term.label}: {counts[term.value]}" for term in scheme if counts.get(term.value)]
    unrated = sum(count for value, count in counts.items() if value not in {term.value for term in scheme})
    return "\n".join([*lines, *([f"- not rated: {unrated}"] if unrated else [])]) or "- none"


def _sources(connection: sa.Connection) -> str:
    kinds = _counted(connection, "SELECT kind, count(*) FROM source WHERE withdrawn_at IS NULL GROUP BY kind")
    documents = connection.execute(sa.text("SELECT count(*), count(sha256) FROM document")).one()
    return (
        f"Sources by kind:\n\n{_listed(kinds, SourceKind)}\n\n{documents[0]} documents are held, {documents[1]} of them"
        " known by the SHA-256 of the file, taken before anything else touched it."
    )


def _collection(connection: sa.Connection, hidden: Phrases, outward: bool) -> str:
    told = "''" if outward else "dataset"
    batches = connection.execute(
        sa.text(
            f"SELECT format, {told} AS named, count(*), sum(recorded), sum(amended), sum(refused) FROM batch"
            " WHERE withdrawn_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
        )
    ).all()
    labels = {term.value: term.label for term in IntakeFormat}
    lines = [
        f"- {labels[form]}{_data_set(name, hidden)}: {files} file(s),"
        f" {recorded} records, {amended} amended, {refused} rows refused"
        for form, name, files, recorded, amended, refused in batches
    ]
    by_hand = connection.execute(
        sa.text(
            "SELECT count(*) FROM incident i WHERE i.withdrawn_at IS NULL AND i.merged_into_id IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM claim c WHERE c.incident_id = i.id AND c.batch_id IS NOT NULL)"
        )
    ).scalar_one()
    read = "\n".join(lines) or "- none"
    return (
        f"{by_hand} incidents were entered by recorders, one by one. Files read in:\n\n{read}\n\n"
        "A record needs a place, a date and a source, and a number killed if one is known; nothing else is required, of"
        " any side. Each document's own claim is kept apart from what is held after weighing."
    )


def _data_set(name: str, hidden: Phrases) -> str:
    if not name:
        return ""
    return f", data set {'(withheld)' if hidden.within(name) else name}"


def _evaluation(connection: sa.Connection) -> str:
    reliability = _counted(
        connection, "SELECT COALESCE(reliability, ''), count(*) FROM source WHERE withdrawn_at IS NULL GROUP BY 1"
    )
    credibility = _counted(
        connection, "SELECT COALESCE(credibility, ''), count(*) FROM claim WHERE standing = 'current' GROUP BY 1"
    )
    return (
        "The reliability of a source and the credibility of a piece of information are rated apart, never merged.\n\n"
        f"Reliability of sources:\n\n{_listed(reliability, Reliability)}\n\nCredibility of claims:\n\n"
        f"{_listed(credibility, Credibility)}"
    )


def _corroboration(connection: sa.Connection, facts: Facts) -> str:
    origins = connection.execute(sa.text("SELECT count(*) FROM origin WHERE withdrawn_at IS NULL")).scalar_one()
    proof = _counted(
        connection,
        "SELECT r.standard_of_proof, count(*) FROM review r JOIN incident i ON i.id = r.incident_id"
        " WHERE i.withdrawn_at IS NULL AND i.merged_into_id IS NULL GROUP BY 1",
    )
    return (
        f"Claims that go back to one origin count once ({origins} origins are held). `verified` needs at least"
        f" {facts.minimum_origins} independent origin(s), written reasons, a named standard of proof and a second"
        f" person.\n\nIncidents by status:\n\n{_listed(facts.tally.statuses, IncidentStatus)}\n\n"
        f"Standards of proof named in judgements:\n\n{_listed(proof, StandardOfProof)}"
    )


def _quality(connection: sa.Connection, facts: Facts, outward: bool) -> str:
    reviews, reviewers = connection.execute(sa.text("SELECT count(*), count(DISTINCT reviewer) FROM review")).one()
    conflicts = connection.execute(
        sa.text(
            "SELECT count(*) FROM incident WHERE count_conflict AND withdrawn_at IS NULL AND merged_into_id IS NULL"
        )
    ).scalar_one()
    link = "" if outward else f", up to link {facts.seq}"
    return (
        f"{reviews} signed judgements by {reviewers} reviewer(s); nobody reviews what they recorded themselves. Every"
        f" change is a link of a ledger that the database refuses to alter; it was verified in full{link},"
        f" before this package was written. {conflicts} incidents carry figures out of order, kept as"
        " stated and marked `count_conflict`. Refused rows of files never enter. Duplicates are merged by a person, and"
        " stay listed."
    )


def _limits(facts: Facts) -> str:
    kept = sum(facts.tally.withheld.values())
    return (
        f"Something is withheld: {kept} rows or fields, by category in `08_withheld.csv`. Identity is recorded as"
        " attributed on a named basis, never inferred by an algorithm. The record holds no statement of the"
        " affiliations of those who keep it; ask the sender."
    )


def in_use(connection: sa.Connection) -> dict[str, Sequence[Sequence[str]]]:
    """Return the identity dimensions and groups that this deployment uses, for the codebook."""
    rows = connection.execute(
        sa.text(
            "SELECT d.code, d.label, d.state, g.code, g.label FROM dimension d LEFT JOIN identity_group g"
            " ON g.dimension_id = d.id AND g.withdrawn_at IS NULL"
            " WHERE d.state <> 'off' AND d.withdrawn_at IS NULL AND d.sensitivity <> 'severe'"
            " AND COALESCE(g.sensitivity, 'low') <> 'severe' ORDER BY d.code, g.code"
        )
    ).all()
    states = {state.value: state.label for state in DimensionState}
    dimensions = {row[0]: (row[0], row[1], states[row[2]]) for row in rows}
    groups = [(row[3], row[4], f"of {row[0]}") for row in rows if row[3] is not None]
    return {"Identity dimensions": list(dimensions.values()), "Identity groups": groups}
