"""What changed since an earlier package, for a package that corrects it: which records, and what was done, without content.

Nothing that was delivered is overwritten: the new package holds the record as it is now, and this list leads to it (R88, R19).
"""

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from casualty.errors import UsageFault
from casualty.release.bag import Bag
from casualty.release.chain import SEALED_KINDS

PATH = "data/11_changes.csv"
COLUMNS = ("record_kind", "record_id", "incident_code", "change", "operations", "first_link", "last_link")


def write(bag: Bag, connection: sa.Connection, since: str, seq: int) -> None:
    """Write the records that were added, changed or taken back after the link of hash `since`, up to link `seq`.

    Raises UsageFault if this ledger has no such link.
    """
    first = connection.execute(sa.text("SELECT seq FROM revision WHERE hash = :hash"), {"hash": since}).scalar()
    if first is None:
        raise UsageFault("The earlier package was not made of this record: its last link is not in the ledger.")
    bag.table(PATH, COLUMNS, _changed(connection, first, seq))


def _changed(connection: sa.Connection, first: int, last: int) -> Iterator[tuple[str, ...]]:
    done: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    rows = connection.execute(
        sa.text(
            "SELECT seq, record_kind, record_id, operation FROM revision WHERE seq > :first AND seq <= :last ORDER BY seq"
        ),
        {"first": first, "last": last},
    )
    for seq, kind, record_id, operation in rows:
        if kind not in SEALED_KINDS:
            done[kind, record_id].append((seq, operation))
    codes = {row.id: row.code for row in connection.execute(sa.text("SELECT id, code FROM incident"))} if done else {}
    for (kind, record_id), links in sorted(done.items()):
        operations = [operation for _, operation in links]
        yield (
            kind, record_id, codes.get(record_id, ""), _change(operations), " ".join(operations),
            str(links[0][0]), str(links[-1][0]),
        )  # fmt: skip


def _change(operations: list[str]) -> str:
    if operations[-1] in ("withdraw", "erase"):
        return "taken back"
    return "added" if operations[0] == "record" else "changed"
