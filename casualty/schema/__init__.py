"""The record: every table, the drafts that fill them, and which tables make up one record.

`ROOTS` names each kind of record by its table; `CHILDREN` the tables that belong to a record and travel in its
ledger body, in the order in which rows may be inserted. The tables of `desk` belong to no record.
"""

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty.schema.desk import Assignment, SavedFilter, Seal, Session, Unfinished, Viewing, Visit
from casualty.schema.house import (
    Account,
    AccountFields,
    AnalysisRun,
    AnalysisRunFields,
    Batch,
    BatchFields,
    Clearance,
    ClearanceFields,
    Credential,
    Deployment,
    DeploymentFields,
    LedgerHead,
    Release,
    ReleaseFields,
    ReleaseRequest,
    ReleaseRequestFields,
    Revision,
    RevisionBody,
)
from casualty.schema.incident import (
    Act,
    ActDraft,
    ActFields,
    Attribution,
    AttributionFields,
    Claim,
    ClaimFields,
    Incident,
    IncidentDraft,
    IncidentFields,
    Involvement,
    InvolvementDraft,
    InvolvementFields,
    NameFields,
    Review,
    ReviewFields,
    Stated,
    Victim,
    VictimDraft,
    VictimFields,
    VictimName,
)
from casualty.schema.judging import (
    Coding,
    CodingFields,
    CodingSample,
    CodingSampleFields,
    Correction,
    CorrectionFields,
    Pairing,
    PairingFields,
)
from casualty.schema.reference import (
    Actor,
    ActorFields,
    AdminUnit,
    AdminUnitFields,
    Consent,
    ConsentFields,
    Dimension,
    DimensionFields,
    Document,
    DocumentFields,
    GroupFields,
    IdentityGroup,
    NamedPlace,
    NamedPlaceFields,
    Origin,
    OriginFields,
    Population,
    PopulationFields,
    Situation,
    SituationFields,
    Source,
    SourceFields,
)

ROOTS: dict[str, type[SQLModel]] = {
    "deployment": Deployment,
    "account": Account,
    "situation": Situation,
    "clearance": Clearance,
    "dimension": Dimension,
    "identity_group": IdentityGroup,
    "actor": Actor,
    "source": Source,
    "document": Document,
    "origin": Origin,
    "admin_unit": AdminUnit,
    "named_place": NamedPlace,
    "population": Population,
    "batch": Batch,
    "incident": Incident,
    "consent": Consent,
    "release_request": ReleaseRequest,
    "release": Release,
    "correction": Correction,
    "coding_sample": CodingSample,
    "coding": Coding,
    "pairing": Pairing,
    "analysis_run": AnalysisRun,
}

CHILDREN: dict[str, tuple[str, ...]] = {
    "incident": ("claim", "involvement", "victim", "victim_name", "attribution", "act", "review"),
}


def table(name: str) -> sa.Table:
    """Return the table of this name."""
    return SQLModel.metadata.tables[name]


__all__ = [
    "CHILDREN", "ROOTS", "Account", "AccountFields", "Act", "ActDraft", "ActFields", "Actor", "ActorFields",
    "AdminUnit", "AdminUnitFields", "AnalysisRun", "AnalysisRunFields", "Assignment", "Attribution",
    "AttributionFields", "Batch", "BatchFields", "Claim", "ClaimFields", "Clearance", "ClearanceFields", "Coding",
    "CodingFields", "CodingSample", "CodingSampleFields", "Consent", "ConsentFields", "Correction",
    "CorrectionFields", "Credential", "Deployment", "DeploymentFields", "Dimension", "DimensionFields", "Document",
    "DocumentFields", "GroupFields", "IdentityGroup", "Incident", "IncidentDraft", "IncidentFields", "Involvement",
    "InvolvementDraft", "InvolvementFields", "LedgerHead", "NameFields", "NamedPlace", "NamedPlaceFields", "Origin",
    "OriginFields", "Pairing", "PairingFields", "Population", "PopulationFields", "Release", "ReleaseFields",
    "ReleaseRequest", "ReleaseRequestFields", "Review", "ReviewFields", "Revision", "RevisionBody",
    "SavedFilter", "Seal", "Session", "Situation", "SituationFields", "Source",
    "SourceFields", "Stated", "Unfinished", "Victim", "VictimDraft", "VictimFields", "VictimName", "Viewing",
    "Visit", "table",
]  # fmt: skip
