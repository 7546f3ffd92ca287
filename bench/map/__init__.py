"""How long does an analyst wait for the map, what comes over the line, and what does the server hold? `python -m bench.map`

Real Chromium without graphics hardware, an empty and a filled cache, no host but 127.0.0.1; `casualty serve` in a process of its own; the
176,579-incident file and a million incidents made of it. What is measured:

- first data drawn: seconds from navigation (signed in) to the first frame in which the map's own library shows a spot that the
  server counted; nothing left to draw: the library's first rest with spots in the picture. "Just started": the server has begun to
  listen and has read nothing yet. All other figures are of a server that has read its columns.
- bytes: files as encoded on the line, messages of the websocket before the line compresses them. "Beyond an empty page": the messages,
  and all files that an empty Streamlit page does not ask for in the same run, Streamlit's or ours.
- server ms of an action: the wall time of all runs of the page's script it leads to, in the server, so without browser and line;
  beside it the CPU time of the same thread, which a busy machine stretches less. kB: all that came until the page was at rest.
- memory: the server's peak with five analysts' pages open, each doing every action in turn.

Limits are those of the issue, doubled for a million. The usual ways, on the same file, as measured on 23 November 2026 (docs/map-cost.md):

| way | first drawn s | server s | messages MB | files MB | server MB | other hosts | every record accounted for |
|---|---|---|---|---|---|---|---|
| st.map | 10.2 | 0.42 | 6.2 | 6.1 | 252 | a tile server | nothing on screen says so |
| folium, FastMarkerCluster | never without its hosts | 1.75 | 3.8 | 2.8 | 283 | several | nothing is drawn |
| folium, the same with local files | 4.8 | 1.4 | 3.8 | 2.9 | 342 | none | yes |
| folium, a marker each | 125 | 103 | 83 | 2.9 | 1,765 | none | yes |
| pydeck, a scatter plot | 11.2 | 1.10 | 12.9 | 6.1 | 365 | none without its basemap | overplotted |
| pydeck, hexagons | 5.9 | 1.19 | 12.9 | 6.1 | 352 | none without its basemap | added up in the browser, said nowhere |
| pydeck, a scatter plot, a million | 54 | 5.9 | 73.7 | 6.1 | 1,234 | none without its basemap | overplotted |
"""

from bench.map import measuring, records
from bench.map.figures import Figure, table

SIZES = {"large": ("176,579 incidents", records.large, 1.0), "million": ("1,000,000 incidents", records.million, 2.0)}


def main(sizes: tuple[str, ...] = tuple(SIZES)) -> bool:
    """Print the figures of the records named; return whether any lies beyond its limit."""
    beyond: list[Figure] = []
    for name in sizes:
        title, database, factor = SIZES[name]
        for figures in measuring.measured(database(), factor):
            print(f"\n{title}; load of the machine: {_load()}\n\n{table(figures)}", flush=True)
            beyond += [figure for figure in figures if figure.beyond]
    return bool(beyond)


def _load() -> str:
    with open("/proc/loadavg", encoding="ascii") as file:
        return file.read().split()[0]
