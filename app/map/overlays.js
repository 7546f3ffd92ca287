/* A deployment's own layers (tiles and shapes that this server reads), below what the map is about. */
const ABOVE_OVERLAYS = "spots-floor";
const drawnOverlays = new WeakMap();

/* How one layer is drawn: shapes and vector tiles by the kind of their geometry, without any text. */
function overlayLayers({ id, kind, parts, colour }) {
  const source = `overlay:${id}`;
  if (kind === "raster") return [{ id: source, type: "raster", source, paint: { "raster-fade-duration": 0 } }];
  const forms = [
    ["fill", ["Polygon", "MultiPolygon"], { "fill-color": colour, "fill-opacity": 0.15 }],
    ["line", ["LineString", "MultiLineString", "Polygon", "MultiPolygon"], { "line-color": colour, "line-width": 1.2 }],
    ["circle", ["Point", "MultiPoint"],
      { "circle-color": colour, "circle-radius": 3.5, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1 }],
  ];
  const tables = kind === "vector" ? parts : [null];
  return forms.flatMap(([type, geometries, paint], row) => tables.map((table, at) => ({
    id: `${source}:${row}:${at}`,
    type,
    source,
    ...(table !== null && { "source-layer": table }),
    filter: ["in", ["geometry-type"], ["literal", geometries]],
    paint,
  })));
}

function overlaySource({ kind, url, bounds, minzoom, maxzoom }) {
  /* Not through URL: that would write the braces of {z} in another way. */
  const address = window.location.origin + url;
  if (kind === "shapes") return { type: "geojson", data: address };
  return { type: kind, tiles: [address], bounds, minzoom, maxzoom, ...(kind === "raster" && { tileSize: 256 }) };
}

function dropOverlay(map, layers) {
  for (const { id } of layers) if (map.getLayer(id)) map.removeLayer(id);
  if (map.getSource(layers[0].source)) map.removeSource(layers[0].source);
}

/* Show these layers and no others of their kind: [{ id, kind, url, bounds, minzoom, maxzoom, parts, colour }], the first
   lowest. Pictures lie under all borders, or they would hide which of them are disputed. */
function overlay(map, list) {
  const drawn = drawnOverlays.get(map) ?? new Map();
  drawnOverlays.set(map, drawn);
  const wanted = new Set(list.map(({ id }) => id));
  for (const [id, layers] of drawn) {
    if (wanted.has(id)) continue;
    dropOverlay(map, layers);
    drawn.delete(id);
  }
  for (const one of list) {
    const below = [one.kind === "raster" && "provinces", ABOVE_OVERLAYS].find((id) => id && map.getLayer(id));
    if (!drawn.has(one.id)) {
      const layers = overlayLayers(one);
      map.addSource(layers[0].source, overlaySource(one));
      for (const layer of layers) map.addLayer(layer);
      drawn.set(one.id, layers);
    }
    for (const { id } of drawn.get(one.id)) map.moveLayer(id, below);
  }
}
