"""What rows refer to by name (actors, origins, situations, dimensions, groups): found, or made when first accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty.bodies import dump, root
from casualty.intake.mapping import Identity
from casualty.ledger import Row
from casualty.linkage import slug
from casualty.schema import (
    ActorFields,
    DimensionFields,
    GroupFields,
    OriginFields,
    SituationFields,
    SourceFields,
    table,
)
from casualty.vocabulary import ActorKind, DimensionState, SituationKind, SourceKind
from casualty.writing import Writer

NAME_OF = {"actor": "name", "origin": "label", "situation": "name", "source": "name"}


@dataclass
class References:
    """Ids of named records. A name not yet held gets an id at once and a row only when `keep` is called."""

    writer: Writer
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _new: list[tuple[str, str, Row]] = field(default_factory=list)

    def __post_init__(self) -> None:
        connection = self.writer.connection
        for kind, column in NAME_OF.items():
            part = table(kind)
            for row in connection.execute(sa.select(part.c.id, part.c[column])):
                self._known[kind, row[1]] = row[0]
        dimension, group = table("dimension"), table("identity_group")
        for row in connection.execute(sa.select(dimension.c.id, dimension.c.code)):
            self._known["dimension", slug(row[1])] = row[0]
        for row in connection.execute(sa.select(group.c.id, group.c.dimension_id, group.c.code, group.c.label)):
            for word in (row.code, row.label):
                self._known[f"group {row.dimension_id}", slug(word)] = row.id

    def actor(self, name: str, kind: ActorKind) -> str:
        return self._id("actor", name, lambda: ActorFields(name=name, kind=kind))

    def origin(self, label: str) -> str:
        return self._id("origin", label, lambda: OriginFields(label=label))

    def situation(self, name: str) -> str:
        return self._id("situation", name, lambda: SituationFields(name=name, kind=SituationKind.NOT_ASSESSED))

    def source(self, name: str, kind: SourceKind) -> str:
        return self._id("source", name, lambda: SourceFields(name=name, kind=kind))

    def dimension(self, code: str, identity: Identity) -> str:
        """Return a dimension's id; one that came with a data set is `imported` unless its assessment is written."""
        state = DimensionState.ON if identity.assessment.strip() else DimensionState.IMPORTED
        return self._id(
            "dimension", code,
            lambda: DimensionFields(code=code, label=identity.label or code, state=state, assessment=identity.assessment or None),
            key=slug(code),
        )  # fmt: skip

    def group(self, dimension_id: str, word: str) -> str:
        """Return a group's id by its code or label, however spelled; a word not yet known becomes a group."""
        code = slug(word)
        label = " ".join(word.split())
        return self._id(
            f"group {dimension_id}", word, lambda: GroupFields(dimension_id=dimension_id, code=code, label=label), key=code
        )

    def held(self, kind: str, name: str) -> str:
        """Return the id of a record that must already be held; KeyError otherwise."""
        return self._known.get((kind, name)) or self._known[kind, slug(name)]

    def know(self, kind: str, key: str, record_id: str) -> None:
        """Note a record that was written elsewhere in this transaction."""
        self._known[kind, key] = record_id

    def _id(self, kind: str, name: str, make: Callable[[], SQLModel], key: str | None = None) -> str:
        found = self._known.get((kind, key or name))
        if found is not None:
            return found
        row = root(self.writer.ids, self.writer.at, self.writer.by.name, dump(make()))
        self._known[kind, key or name] = row["id"]
        self._new.append((kind, key or name, row))
        return str(row["id"])

    def keep(self) -> None:
        """Write the records first named by the row that was just accepted."""
        for kind, _, row in self._new:
            name = "identity_group" if kind.startswith("group ") else kind
            self.writer.insert(name, {name: [row]})
        self._new = []

    def forget(self) -> None:
        """Drop the records first named by a row that was refused."""
        for kind, name, _ in self._new:
            del self._known[kind, name]
        self._new = []
