"""How long does a reviewer wait? The queue's first page and the opening of a record, on the 176,579-incident file.

The times are of this machine; the ratio is to counting every incident once in the same run, which no page should do.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import large

TIMES = 15
QUEUE_MS, OPEN_MS = 300, 200


def _median_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return sorted(spent)[TIMES // 2]


def measure() -> dict[str, Any]:
    """Return the median times in ms of the queue's pages and of opening records, with their limits, and the ratio."""
    return _measured(large.database())


def _measured(database: Path) -> dict[str, Any]:
    from casualty import review
    from casualty.store import Store

    store = Store.open(database)
    by = store.local("reviewer")
    first = review.queue(store, by)
    counted = _median_ms(lambda: store.rows(sa.text("SELECT count(title), count(narrative_public) FROM incident")))
    queue = _median_ms(lambda: review.queue(store, by))
    rare = _median_ms(lambda: review.queue(store, by, status="verified"))
    following = _median_ms(lambda: review.queue(store, by, after=first.next))
    keys = iter(item.id for _ in range(TIMES) for item in review.queue(store, by, limit=200).items)

    def opened() -> None:
        key = next(keys)
        store.draft(key, by=by)
        review.compare(store, key, by)
        store.history("incident", key, by=by)

    opening = _median_ms(opened)
    store.close()
    return {
        f"queue, first page ms (under {QUEUE_MS})": round(queue, 1),
        "queue, second page ms": round(following, 1),
        "queue, of a status that is rare ms": round(rare, 1),
        f"opening a record, its claims and its history ms (under {OPEN_MS})": round(opening, 1),
        "first page / reading every incident once": round(queue / counted, 3),
        "opening / reading every incident once": round(opening / counted, 3),
        "too slow": queue >= QUEUE_MS or opening >= OPEN_MS,
    }


if __name__ == "__main__":
    figures = measure()
    print(json.dumps(figures, indent=2))
    sys.exit(figures["too slow"])
