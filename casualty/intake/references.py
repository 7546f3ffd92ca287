"""What rows refer to by name (actors, origins, situations, dimensions, groups): found, or made when first accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty.bodies import dump, root
from casualty.intake.mapping import Identity
from casualty.ledger import Row, Rows, current_bodies
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
from casualty.vocabulary import ActorKind, DimensionState, Operation, SituationKind, SourceKind
from casualty.writing import Writer

NAME_OF = {"actor": "name", "origin": "label", "situation": "name", "source": "name"}
WITHDRAWAL = ("withdrawn_at", "withdrawn_by", "withdrawn_reason")
LONGEST_NAME = {"actor": 300, "origin": 300, "situation": 200, "source": 300}
LONGEST_CODE = 80

Name = tuple[str, str]


@dataclass
class References:
    """Ids of named records. A name not yet held gets an id at once and a row only when `keep` is called.

    A withdrawn record that is named again is restored; an identity dimension that was withdrawn or switched off is
    `closed`: nothing is brought into it.
    """

    writer: Writer
    _known: dict[Name, str] = field(default_factory=dict)
    _withdrawn: set[str] = field(default_factory=set)
    _closed: dict[str, str] = field(default_factory=dict)
    _new: list[tuple[str, Name, Row]] = field(default_factory=list)
    _again: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for kind, column in NAME_OF.items():
            for row in self._rows(kind):
                self._hold((kind, row[column]), row)
        for row in self._rows("dimension"):
            self._hold(("dimension", slug(row["code"])), row)
            if row["withdrawn_at"] or row["state"] == DimensionState.OFF:
                self._closed[slug(row["code"])] = row["id"]
        groups = self._rows("identity_group")
        # Codes after labels: where one group's label is another's code, the code decides.
        for column in ("label", "code"):
            for row in groups:
                self._hold((f"group {row['dimension_id']}", slug(row[column])), row)

    def _rows(self, kind: str) -> list[sa.RowMapping]:
        return list(self.writer.connection.execute(sa.select(table(kind))).mappings())

    def _hold(self, name: Name, row: sa.RowMapping) -> None:
        self._known[name] = row["id"]
        if row["withdrawn_at"]:
            self._withdrawn.add(row["id"])

    def closed(self, dimension: str) -> bool:
        """Return whether a dimension is held and switched off or withdrawn."""
        return slug(dimension) in self._closed

    @property
    def closed_ids(self) -> frozenset[str]:
        """Return the ids of all closed dimensions."""
        return frozenset(self._closed.values())

    def actor(self, name: str, kind: ActorKind) -> str:
        return self._named("actor", name, lambda name: ActorFields.model_validate({"name": name, "kind": kind}))

    def origin(self, label: str) -> str:
        return self._named("origin", label, lambda label: OriginFields(label=label))

    def situation(self, name: str) -> str:
        return self._named("situation", name, lambda name: SituationFields(name=name, kind=SituationKind.NOT_ASSESSED))

    def source(self, name: str, kind: SourceKind) -> str:
        return self._named("source", name, lambda name: SourceFields(name=name, kind=kind))

    def _named(self, kind: str, name: str, make: Callable[[str], SQLModel]) -> str:
        name = name[: LONGEST_NAME[kind]].strip()
        return self._id(kind, (kind, name), lambda: make(name))

    def dimension(self, code: str, identity: Identity) -> str:
        """Return a dimension's id; one that came with a data set is `imported` unless its assessment is written."""
        state = DimensionState.ON if identity.assessment.strip() else DimensionState.IMPORTED
        stated = {
            "code": slug(code),
            "label": identity.label or code,
            "state": state,
            "assessment": identity.assessment or None,
        }
        return self.described(stated)

    def described(self, stated: Row) -> str:
        """Return the id of the dimension of this code; one not yet held is made as it is described."""
        return self._id("dimension", ("dimension", stated["code"]), lambda: DimensionFields.model_validate(stated))

    def group(self, dimension_id: str, word: str) -> str:
        """Return a group's id by its code or label, however spelled; a word not yet known becomes a group."""
        stated = {"dimension_id": dimension_id, "code": slug(word), "label": " ".join(word.split())}
        return self._id(
            "identity_group", (f"group {dimension_id}", slug(word)), lambda: GroupFields.model_validate(stated)
        )

    def find(self, kind: str, name: str) -> str | None:
        """Return the id of a record that is held or was named before, by its name or its code, or None."""
        return self._known.get((kind, name)) or self._known.get((kind, slug(name)))

    def held(self, kind: str, name: str) -> str:
        """Return the id of a record that must already be held; KeyError otherwise."""
        return self._known.get((kind, name)) or self._known[kind, slug(name)]

    def know(self, kind: str, key: str, record_id: str) -> None:
        """Note a record that was written elsewhere in this transaction."""
        self._known[kind, key] = record_id

    def _id(self, kind: str, name: Name, make: Callable[[], SQLModel]) -> str:
        found = self._known.get(name)
        if found is None:
            row = root(self.writer.ids, self.writer.at, self.writer.by.name, dump(make()))
            self._known[name] = found = str(row["id"])
            self._new.append((kind, name, row))
        elif found in self._withdrawn:
            self._withdrawn.remove(found)
            self._again.append((kind, found))
        return found

    def mark(self) -> tuple[int, int]:
        """Return how many names wait to be kept, for `forget`."""
        return len(self._new), len(self._again)

    def keep(self) -> None:
        """Write the records first named by the rows that were just accepted."""
        for kind, _, row in self._new:
            self.writer.insert(kind, {kind: [row]})
        for kind, record_id in self._again:
            before = self._current(kind, record_id)
            after = {kind: [{name: value for name, value in before[kind][0].items() if name not in WITHDRAWAL}]}
            self.writer.change(kind, before, after, Operation.RESTORE)
        self._new, self._again = [], []

    def _current(self, kind: str, record_id: str) -> Rows:
        self.writer.flush()
        return next(rows for _, rows in current_bodies(self.writer.connection, kind, [record_id]))

    def forget(self, since: tuple[int, int]) -> None:
        """Drop the records first named since a mark: by a row that was refused, or that changes nothing."""
        for _, name, _ in self._new[since[0] :]:
            del self._known[name]
        self._withdrawn.update(record_id for _, record_id in self._again[since[1] :])
        del self._new[since[0] :], self._again[since[1] :]
