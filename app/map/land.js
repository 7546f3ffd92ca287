/* What every map of ours begins with: MapLibre GL from this server, the land and the units, true circles. */
const LIBRARY = "/assets/maplibre-gl.js";
const absolute = (path) => new URL(path, window.location.origin).href;
const empty = () => ({ type: "FeatureCollection", features: [] });
const geojson = (data) => ({ type: "geojson", data });
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);

function library() {
  window.casualtyMapLibrary ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => resolve(window.maplibregl);
    script.onerror = () => reject(new Error("The map's script did not load."));
    document.head.append(script);
  });
  return window.casualtyMapLibrary;
}

/* A style without tiles, glyphs or sprites. */
function land(sources, layers) {
  return {
    version: 8,
    sources: {
      world: geojson(absolute("/assets/world.geojson")),
      units: geojson(absolute("/territory.geojson")),
      extent: geojson(empty()),
      ...sources,
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": "#d3e1ec" } },
      { id: "land", type: "fill", source: "world", paint: { "fill-color": "#f6f3ea", "fill-outline-color": "#9aa5b1" } },
      { id: "ground", type: "fill", source: "units", paint: { "fill-color": "#f6f3ea" } },
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
