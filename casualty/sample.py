"""Building the sample database: the invented territory, its accounts, and its incidents, through the same doors as any record."""

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from casualty import intake
from casualty.access import Acting
from casualty.intake.references import References
from casualty.ledger import Row, current_bodies
from casualty.schema import DocumentFields, IncidentDraft, OriginFields, ReviewFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, IntakeFormat, Role, StandardOfProof

PASSWORD = "sample-only"
ACCOUNTS = {
    "administrator": Role.ADMINISTRATOR,
    "recorder": Role.RECORDER,
    "recorder2": Role.RECORDER,
    "reviewer": Role.REVIEWER,
    "analyst": Role.ANALYST,
    "custodian": Role.CUSTODIAN,
    "custodian2": Role.CUSTODIAN,
}
BOUNDARIES = "sample-2024"
DROPPED = ("key", "planted", "recorded_by", "status", "review", "duplicate_of")


def build(target: str, progress: Callable[[int], None], source: Path | None = None) -> None:
    """Make the sample database at a path or URL; raise UsageFault if there is one already.

    `source` holds the files of another seed; without it, those that came with the program are used.
    """
    store = Store.create(target, name="Sample record of an invented territory", sample=True)
    by = _accounts(store)
    with nullcontext(source) if source else as_file(files("sample_data")) as folder:
        for name, format in (("places.geojson", IntakeFormat.PLACES), ("groups.csv", IntakeFormat.GROUPS),
                             ("population.csv", IntakeFormat.POPULATION), ("actors.csv", IntakeFormat.ACTORS)):  # fmt: skip
            intake.take_in(
                store,
                folder / name,
                by["analyst"],
                format=format,
                dataset=BOUNDARIES if "places" in name else f"sample {name}",
            )
        documents = _sources(store, by["recorder"], json.loads((folder / "sources.json").read_text(encoding="utf-8")))
        _incidents(store, by, folder / "incidents.jsonl", documents, progress)
    store.close()


def _accounts(store: Store) -> dict[str, Acting]:
    found: dict[str, Acting] = {}
    for name, role in ACCOUNTS.items():
        who = found.get("administrator") or store.local("sample")
        store.add_account(name, role, PASSWORD, who, sample=True)
        found[name] = Acting(name, role)
    return found


def _sources(store: Store, by: Acting, stated: dict[str, list[Row]]) -> dict[str, dict[str, str]]:
    """Record sources, origins and documents; return their ids by kind and name."""
    held: dict[str, dict[str, str]] = {"source": {}, "origin": {}, "document": {}}
    with store.writing(by, reason="sample sources") as writer:
        for source in stated["sources"]:
            held["source"][source["name"]] = writer.record("source", SourceFields.model_validate(source)).id
        for origin in stated["origins"]:
            fields = origin if isinstance(origin, dict) else {"label": origin}
            held["origin"][fields["label"]] = writer.record("origin", OriginFields.model_validate(fields)).id
        for document in stated["documents"]:
            fields = {
                name: value for name, value in document.items() if name not in ("source", "text") and value is not None
            }
            text = document["text"].encode()
            fields |= {
                "source_id": held["source"][document["source"]],
                "sha256": hashlib.sha256(text).hexdigest(),
                "bytes": len(text),
            }
            held["document"][document["title"]] = writer.record("document", DocumentFields.model_validate(fields)).id
    return held


def _incidents(
    store: Store,
    by: dict[str, Acting],
    path: Path,
    documents: dict[str, dict[str, str]],
    progress: Callable[[int], None],
) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    saved: dict[str, str] = {}
    for recorder in sorted({line["recorded_by"] for line in lines}):
        with store.writing(by[recorder], reason="sample incident") as writer:
            references = References(writer)
            for number, line in enumerate((line for line in lines if line["recorded_by"] == recorder), start=1):
                draft = IncidentDraft.model_validate(_resolved(line, documents, references))
                status = IncidentStatus(line["status"])
                start = (
                    status if status in (IncidentStatus.DRAFT, IncidentStatus.SUBMITTED) else IncidentStatus.SUBMITTED
                )
                saved[line["key"]] = writer.record("incident", draft, status=start).id
                progress(number)
    _review(store, by["reviewer"], [line for line in lines if line["status"] not in ("draft", "submitted")], saved)


def _resolved(line: dict[str, Any], documents: dict[str, dict[str, str]], references: References) -> dict[str, Any]:
    """Return the line as draft values: names of documents, actors and groups become their ids."""
    fields = {name: value for name, value in line.items() if name not in DROPPED}
    victims = fields.get("victims", [])
    attributions = [attribution for victim in victims for attribution in victim.get("attributions", [])]
    for part in (*fields.get("claims", []), *fields.get("involvements", []), *attributions):
        for kind in ("document", "source", "origin"):
            if part.get(kind):
                part[f"{kind}_id"] = documents[kind][part[kind]]
            part.pop(kind, None)
        if "actor" in part:
            part["actor_id"] = references.held("actor", part.pop("actor"))
    for attribution in attributions:
        attribution["dimension_id"] = references.held("dimension", attribution.pop("dimension"))
        if attribution.get("group") is not None:
            attribution["group_id"] = references.held(f"group {attribution['dimension_id']}", attribution["group"])
        attribution.pop("group", None)
    return fields


def _review(store: Store, by: Acting, lines: list[dict[str, Any]], saved: dict[str, str]) -> None:
    """Take up each reviewed incident and record the judgement, by the table of moves."""
    minimum = store.deployment()["minimum_origins"]
    for step in (1, 2):
        with store.writing(by, reason="sample review") as writer:
            held = dict(current_bodies(writer.connection, "incident"))
            for line in lines:
                status = IncidentStatus(line["status"])
                review = line.get("review") or {}
                if step == 2 and status == IncidentStatus.IN_REVIEW:
                    continue
                judgement = ReviewFields(
                    to_status=IncidentStatus.IN_REVIEW if step == 1 else status,
                    reasons="Taken up for review." if step == 1 else review["reasons"],
                    standard_of_proof=StandardOfProof(review.get("standard_of_proof", "not_stated")),
                )
                writer.review(held[saved[line["key"]]], judgement, minimum)
