/* What every map of ours begins with: MapLibre GL from this server, the land and the units, true circles. */
const LIBRARY = "/assets/maplibre-gl.js";
const OUTLINES = "outlines"; // our own kind of address, for what is unpacked here
const PROVINCES_FROM = 3.5;
const absolute = (path) => new URL(path, window.location.origin).href;
const empty = () => ({ type: "FeatureCollection", features: [] });
const geojson = (data) => ({ type: "geojson", data });
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);

function library() {
  window.casualtyMapLibrary ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => {
      window.maplibregl.addProtocol(OUTLINES, async ({ url }, { signal }) =>
        ({ data: await outlines(url.slice(OUTLINES.length + 3), signal) }));
      resolve(window.maplibregl);
    };
    script.onerror = () => reject(new Error("The map's script did not load."));
    document.head.append(script);
  });
  return window.casualtyMapLibrary;
}

/* Outlines come as differences of whole steps, lines as [x, y, x, y, ..]; a feature is one kind with all its lines. */
function corners(steps, scale) {
  let [x, y] = [0, 0];
  return Array.from({ length: steps.length / 2 }, (_, i) => [(x += steps[2 * i]) / scale, (y += steps[2 * i + 1]) / scale]);
}

async function outlines(name, signal) {
  const answer = await fetch(absolute(`/assets/${name}.json`), { signal });
  if (!answer.ok) throw new Error(`The outlines did not load: ${answer.status}`);
  const { scale, land: polygons, ...lines } = await answer.json();
  const feature = (kind, type, coordinates) => ({ type: "Feature", properties: { kind }, geometry: { type, coordinates } });
  const features = Object.entries(lines).map(([kind, all]) =>
    feature(kind, "MultiLineString", all.map((steps) => corners(steps, scale))));
  const parts = polygons?.map((rings) => rings.map((steps) => corners(steps, scale)));
  if (parts) features.unshift(feature("land", "MultiPolygon", parts));
  return { type: "FeatureCollection", features };
}

/* The land and the units; called once for every map whose style is read. Borders within countries come when the map is first
   so close that they are drawn. */
function ground(map) {
  map.getSource("world").setData(`${OUTLINES}://world`);
  map.getSource("units").setData(absolute("/territory.geojson"));
  const look = () => {
    if (map.getZoom() < PROVINCES_FROM) return;
    map.off("zoom", look);
    map.getSource("provinces").setData(`${OUTLINES}://provinces`);
  };
  map.on("zoom", look);
  look();
}

/* A style without tiles, glyphs or sprites; its land comes with `ground`. */
function land(sources, layers) {
  const kind = (name) => ["==", ["get", "kind"], name];
  const width = (far, near) => ["interpolate", ["linear"], ["zoom"], 1, far, 8, near];
  return {
    version: 8,
    sources: {
      world: geojson(empty()),
      provinces: geojson(empty()),
      units: geojson(empty()),
      extent: geojson(empty()),
      ...sources,
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": "#d3e1ec" } },
      { id: "land", type: "fill", source: "world", filter: kind("land"),
        paint: { "fill-color": "#f6f3ea", "fill-outline-color": "#9aa5b1" } },
      { id: "ground", type: "fill", source: "units", paint: { "fill-color": "#f6f3ea" } },
      { id: "provinces", type: "line", source: "provinces", minzoom: PROVINCES_FROM,
        paint: { "line-color": "#a7b0b9", "line-width": width(0.4, 0.8) } },
      { id: "borders", type: "line", source: "world", filter: kind("border"),
        paint: { "line-color": "#4f5b67", "line-width": width(0.5, 1.3) } },
      { id: "disputed", type: "line", source: "world", filter: kind("disputed"),
        paint: { "line-color": "#a0522d", "line-width": width(0.8, 1.6), "line-dasharray": [2.5, 2] } },
      {
        id: "units", type: "line", source: "units",
        paint: {
          "line-color": "#7b8794",
          "line-width": ["match", ["get", "level"], 0, 1.8, 1, 1.4, 0.6],
          "line-opacity": ["match", ["get", "level"], 0, 1, 1, 0.9, 0.6],
        },
      },
      { id: "extent", type: "fill", source: "extent", filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": "#f0b429", "fill-opacity": 0.25 } },
      { id: "edge", type: "line", source: "extent", filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "line-color": "#8d5a00", "line-width": 1.5, "line-dasharray": [3, 2] } },
      ...layers,
    ],
  };
}

/* A circle of so many metres on the sphere, as a ring of longitude and latitude. */
function circle({ lat, lon }, metres) {
  const rad = Math.PI / 180;
  const reach = metres / 6371008.8;
  const middle = lat * rad;
  return Array.from({ length: 73 }, (_, i) => {
    const turn = i * 5 * rad;
    const up = Math.asin(Math.sin(middle) * Math.cos(reach) + Math.cos(middle) * Math.sin(reach) * Math.cos(turn));
    const over = Math.atan2(
      Math.sin(turn) * Math.sin(reach) * Math.cos(middle), Math.cos(reach) - Math.sin(middle) * Math.sin(up));
    return [lon + over / rad, up / rad];
  });
}
