"""What a command or a page says of a record's history and of the targeting question: a document, and the same in words."""

from dataclasses import asdict
from typing import Any

from casualty.errors import NotFound
from casualty.ledger import Rows
from casualty.store import Revised, Store


def history(store: Store, code: str, at: int | None = None) -> tuple[object, str]:
    """Return the revisions of a record, or its state at revision `at`, as a document and as text.

    Raises NotFound if the record, or a state of it that early, is not held.
    """
    kind, record_id = store.identify(code)
    revisions = store.history(kind, record_id)
    if at is None:
        document = [{**asdict(r), "differences": [list(d) for d in r.differences()]} for r in revisions]
        return document, "\n".join(_told(revision) for revision in revisions)
    until = [revision for revision in revisions if revision.seq <= at]
    if not until:
        raise NotFound(f"{code} was not yet recorded at revision {at}; its first is {revisions[0].seq}.")
    state = until[-1].after
    if state is None:
        raise NotFound(f"The body of {code} at revision {until[-1].seq} was lawfully erased.")
    return {"kind": kind, "id": record_id, "seq": until[-1].seq, "at": until[-1].at, "state": state}, _state(state)


def _told(revision: Revised) -> str:
    lines = [
        f"{revision.seq}  {revision.at[:19]}Z  {revision.actor}  {revision.operation}  {revision.reason}  {revision.hash[:12]}"
    ]
    if revision.before is None:
        return lines[0]
    return "\n".join([*lines, *(f"    {where}: {was!r} -> {now!r}" for where, was, now in revision.differences())])


def _state(state: Rows) -> str:
    return "\n".join(
        f"{name} {row['id']}\n" + "\n".join(f"    {column}: {value}" for column, value in row.items() if column != "id")
        for name, rows in state.items()
        for row in rows
    )


def disparity(
    store: Store, dimension: str, *, by: str = "admin1", since: str | None = None, until: str | None = None,
    status: str | None = None, period: str = "all",
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Return the answer to the targeting question as a document and in sentences; nothing is kept."""
    from casualty import asking

    given = {"dimension": dimension, "by": by, "since": since, "until": until, "status": status, "period": period}
    chosen = {name: value for name, value in given.items() if value is not None}
    document = asking.answer(asking.gathered(store, "disparity", chosen), "disparity", chosen)
    document["head"] = asdict(store.head())
    return document, "\n".join([*document["sentences"], *document["caveats"]])
