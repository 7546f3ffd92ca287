"""The routes of a deployment's own map layers, and what the map is told of them."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.shipped import Kept, takes_gzip
from casualty import overlays
from casualty.errors import CasualtyError, Fault, NotFound
from casualty.store import Store

COLOURS = ("#5b4b8a", "#00796b", "#ad1457", "#5d4037", "#33691e", "#37474f")


def listed(store: Store) -> list[dict[str, Any]]:
    """Return the layers as the map and its list take them.

    Each: `id`, `title`, `credit` (plain text of the file: escape it), `kind` (raster, vector, shapes), `url` (a path of
    this server; tiles with {z}, {x}, {y}), `bounds` (west, south, east, north in degrees), `minzoom`, `maxzoom`, `parts`
    (names inside vector tiles) and a `colour`.
    """
    return [
        {
            "id": layer.id,
            "title": layer.title,
            "credit": layer.credit,
            "kind": layer.kind,
            "url": f"/layers/{layer.id}" + (".geojson" if layer.kind == "shapes" else "/{z}/{x}/{y}"),
            "bounds": list(layer.bounds),
            "minzoom": layer.minzoom,
            "maxzoom": layer.maxzoom,
            "parts": list(layer.parts) if layer.kind == "vector" else [],
            "colour": COLOURS[at % len(COLOURS)],
        }
        for at, layer in enumerate(overlays.of(store).layers)
    ]


def faults(store: Store) -> tuple[Fault, ...]:
    """Return what is wrong with files in the folder of layers, or with the folder itself."""
    try:
        return overlays.of(store).faults
    except CasualtyError as told:
        return told.faults or (Fault(0, "", told.template, "", told.values),)


class Layers:
    """The routes that tiles and shapes are sent by."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[Route]:
        """Return the routes; they stand behind the guard like all that is not named as open."""
        return [
            Route("/layers/{key}.geojson", self.shapes),
            Route("/layers/{key}/{z:int}/{x:int}/{y:int}", self.tile),
        ]

    async def shapes(self, request: Request) -> Response:
        """Send a layer of shapes as GeoJSON."""
        try:
            text = await run_in_threadpool(self._outlines, request.path_params["key"])
        except CasualtyError as told:
            return _refused(told)
        return Kept(text, "application/geo+json").answer(request)

    async def tile(self, request: Request) -> Response:
        """Send one tile, in gzip if it lies so and the browser takes it; nothing where a vector layer has none."""
        key, *place = (request.path_params[name] for name in ("key", "z", "x", "y"))
        try:
            layer = await run_in_threadpool(_of_kind, self.store, key, shapes=False)
            found = await run_in_threadpool(overlays.tile, layer, *place, packed=takes_gzip(request))
        except CasualtyError as told:
            return _refused(told)
        if found is None:
            # Where a picture is missing the map enlarges the one of the zoom before.
            absent = layer.kind == "raster"
            return PlainTextResponse("No such tile.\n", status_code=404) if absent else Response(status_code=204)
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if found.gzipped else {})
        return Response(found.body, media_type=found.media_type, headers=headers)

    def _outlines(self, key: str) -> bytes:
        return overlays.outlines(_of_kind(self.store, key, shapes=True))


def _of_kind(store: Store, key: str, *, shapes: bool) -> overlays.Overlay:
    layer = overlays.of(store).layer(key)
    if (layer.kind == "shapes") is not shapes:
        raise NotFound("There is no layer {key}.", values={"key": key})
    return layer


def _refused(told: CasualtyError) -> Response:
    return PlainTextResponse(f"{told}\n", status_code=404 if isinstance(told, NotFound) else 422)
