"""What the usual ways to show the same file cost: st.map, folium and plain pydeck, in an environment that has them.

They are no dependencies of this program. Run as: python -m bench.map.peers PYTHON, with the Python of an environment into which
streamlit, folium, streamlit-folium and pydeck were installed. Counted are bytes and the server's CPU seconds until nothing more
comes, which a busy machine hardly changes; when something is drawn depends on pictures and is in docs/map-cost.md.
"""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from bench import intake
from bench.map import browser as chrome
from bench.map import serving
from bench.map.browser import Bytes, Counted

READ = """
import pandas as pd
import streamlit as st

@st.cache_data
def read():
    return pd.read_csv({file!r}, usecols=["latitude", "longitude", "best_death"])

rows = read()
"""
WAYS = {
    "an empty page": "import streamlit as st\nst.title('Empty')\n",
    "st.map": READ + "st.map(rows, latitude='latitude', longitude='longitude')\n",
    "folium, FastMarkerCluster": READ
    + "import folium\nfrom folium.plugins import FastMarkerCluster\nfrom streamlit_folium import st_folium\n"
    "held = folium.Map(location=[20, 15], zoom_start=2)\n"
    "FastMarkerCluster(rows[['latitude', 'longitude']].values.tolist()).add_to(held)\nst_folium(held, width=1000)\n",
    "pydeck, a scatter plot": READ
    + "import pydeck\nlayer = pydeck.Layer('ScatterplotLayer', rows, get_position='[longitude, latitude]', get_radius=20000)\n"
    "st.pydeck_chart(pydeck.Deck(layer, map_provider=None))\n",
}
# Bytes of messages by which a page has said more than that it began.
DRAWN = 300
QUIET, LONGEST = 5.0, 120.0


def measured(python: str) -> dict[str, tuple[Bytes, float]]:
    """Return for each way the bytes that one opening takes with an empty cache, and the CPU seconds of the server."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="casualty-bench-") as kept, chrome.chromium() as browser:
        file = str(intake.source(Path(kept)).resolve())
        for number, (name, text) in enumerate(WAYS.items()):
            page = Path(kept) / f"way{number}.py"
            page.write_text(text.replace("{file!r}", repr(file)))
            found[name] = _one(browser, page, python)
    return found


def _one(browser: Browser, page: Path, python: str) -> tuple[Bytes, float]:
    with serving.plain(page, python) as server, chrome.fresh(browser) as context:
        before = server.cpu()
        counted = Counted(context)
        counted.page.goto(server.address, wait_until="commit")
        ends, quiet, heard = time.monotonic() + LONGEST, time.monotonic(), -1
        while time.monotonic() - quiet < QUIET and time.monotonic() < ends:
            counted.page.wait_for_timeout(200)
            resting = counted.page.locator('.stApp[data-test-script-state="notRunning"]').count()
            if counted.bytes.total != heard or not resting or counted.bytes.messages < DRAWN:
                quiet, heard = time.monotonic(), counted.bytes.total
        return counted.taken(), server.cpu() - before


if __name__ == "__main__":
    print("| way | kB of files | kB of messages | server CPU s | hosts asked |\n|---|---|---|---|---|")
    for way, (taken, cpu) in measured(sys.argv[1]).items():
        hosts = ", ".join(sorted(taken.hosts))
        print(
            f"| {way} | {(taken.own + taken.other) / 1000:,.0f} | {taken.messages / 1000:,.0f} | {cpu:.1f} | {hosts} |"
        )
