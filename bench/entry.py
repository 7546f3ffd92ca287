"""How long a recorder waits on a record of 176,579 incidents: after a keystroke and for "already recorded?".

Times of one process on a warm cache, in milliseconds: median and the worst of the runs. The page is run by Streamlit's
own runner without a browser; what the browser and the line add is not in it.
"""

import json
import logging
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from bench import large

APP = str(Path(__file__).parent.parent / "app" / "main.py")
RUNS = 20
NAMES = ("Mosul", "حمص", "Kabul", "Алеппо", "Goma", "Maidug", "Sana'a", "Deir ez-Zo", "Kandahar", "Baghda")


def measure() -> dict[str, Any]:
    """Return median and worst of each wait, in milliseconds."""
    from casualty.store import Store

    logging.disable(logging.CRITICAL)  # Streamlit says of every run that it has no browser
    store = Store.open(large.database())
    try:
        return {
            "milliseconds": "median, worst",
            "rerun of the record page after a keystroke": _page(store),
            "already recorded?": _already(store),
        }
    finally:
        store.close()
        logging.disable(logging.NOTSET)


def _timed(runs: Callable[[int], Any]) -> list[float]:
    taken = []
    for number in range(RUNS):
        start = time.perf_counter()
        runs(number)
        taken.append((time.perf_counter() - start) * 1000)
    return [round(median(taken), 1), round(max(taken), 1)]


def _page(store: Any) -> list[float]:
    from streamlit.testing.v1 import AppTest

    from app import session
    from app.gate import Sessions

    session.move_in(session.House(store, Sessions(store)))
    by = store.local("bench")
    before, session.acting = session.acting, lambda: by  # type: ignore[assignment]
    try:
        test = AppTest.from_file(APP, default_timeout=120).run().switch_page("screens/record.py").run()
        assert not test.exception, test.exception

        def typed(number: int) -> None:
            boxes = [box for box in test.text_input if box.key and box.key.endswith((":date", ":place_as_reported"))]
            boxes[0].set_value(f"{1 + number % 27} March 2016")
            boxes[1].set_value(NAMES[number % len(NAMES)] + "x" * (number // len(NAMES))).run()

        typed(0)
        return _timed(typed)
    finally:
        session.acting = before


def _already(store: Any) -> list[float]:
    from casualty.linkage import IncidentTraits
    from casualty.recorded import Recorded

    found = Recorded(store)
    found.prepare()
    places = store.rows(sa.text("SELECT lat, lon FROM incident WHERE lat IS NOT NULL ORDER BY id LIMIT 2000"))[
        :: 2000 // RUNS
    ]

    def ask(number: int) -> None:
        row, day = places[number % len(places)], date(2014, 1, 1) + timedelta(days=41 * number)
        found.incidents(IncidentTraits(day, day + timedelta(days=number), row.lat, row.lon, killed_best=5))

    ask(0)
    return _timed(ask)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2, ensure_ascii=False))
