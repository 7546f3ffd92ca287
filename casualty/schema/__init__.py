"""The record: every table, the drafts that fill them, and which tables make up one record.

`ROOTS` names each kind of record by its table; `CHILDREN` the tables that belong to a record and travel in its
ledger body, in the order in which rows may be inserted.
"""

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty.schema.house import (
    Account,
    AccountFields,
    Batch,
    BatchFields,
    Credential,
    Deployment,
    DeploymentFields,
    LedgerHead,
    Release,
    ReleaseFields,
    Revision,
    RevisionBody,
)
from casualty.schema.incident import (
    Act,
    ActFields,
    Attribution,
    AttributionFields,
    Claim,
    ClaimFields,
    Incident,
    IncidentDraft,
    IncidentFields,
    Involvement,
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
    "dimension": Dimension,
    "identity_group": IdentityGroup,
    "actor": Actor,
    "source": Source,
    "document": Document,
    "origin": Origin,
    "admin_unit": AdminUnit,
    "population": Population,
    "batch": Batch,
    "incident": Incident,
    "consent": Consent,
    "release": Release,
}

CHILDREN: dict[str, tuple[str, ...]] = {
    "incident": ("claim", "involvement", "victim", "victim_name", "attribution", "act", "review"),
}


def table(name: str) -> sa.Table:
    """Return the table of this name."""
    return SQLModel.metadata.tables[name]


__all__ = [
    "CHILDREN", "ROOTS", "Account", "AccountFields", "Act", "ActFields", "Actor", "ActorFields", "AdminUnit",
    "AdminUnitFields", "Attribution", "AttributionFields", "Batch", "BatchFields", "Claim", "ClaimFields", "Consent",
    "ConsentFields", "Credential", "Deployment", "DeploymentFields", "Dimension", "DimensionFields", "Document",
    "DocumentFields", "GroupFields", "IdentityGroup", "Incident", "IncidentDraft", "IncidentFields", "Involvement",
    "InvolvementFields", "LedgerHead", "NameFields", "Origin", "OriginFields", "Population", "PopulationFields",
    "Release", "ReleaseFields", "Review", "ReviewFields", "Revision", "RevisionBody", "Situation", "SituationFields",
    "Source", "SourceFields", "Stated", "Victim", "VictimDraft", "VictimFields", "VictimName", "table",
]  # fmt: skip
