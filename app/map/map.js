/* The map of incidents, on the land that every map of ours begins with (land.js); spots are counted by the server. */
const MANY = 50;
const parts = new WeakMap();
const hatch = "pattern:hatch";

const layered = (id, type, source, paint, more = {}) => ({ id, type, source, paint, ...more });
const only = (name) => ["==", ["get", "what"], name];

function style() {
  const radius = ["get", "radius"];
  const colour = ["get", "colour"];
  const alarm = ["match", ["get", "what"], "more", "#9b1c1c", "less", "#1f4e79", "#b45309"];
  return land(
    {
      spots: geojson(empty()), cells: geojson(empty()), areas: geojson(empty()), findings: geojson(empty()),
      fan: geojson(empty()), drawn: geojson(empty()),
    },
    [
      { id: "spots-floor", type: "background", paint: { "background-color": "#ffffff", "background-opacity": 0 } },
      layered("shades", "fill", "units", { "fill-color": "#ffffff", "fill-opacity": 0.85 }, { filter: ["==", ["get", "level"], -1] }),
      layered("shades-none", "fill", "units", { "fill-pattern": hatch }, { filter: ["==", ["get", "pcode"], ""] }),
      layered("shades-edge", "line", "units", { "line-color": "#52606d", "line-width": 0.8 }, { filter: ["==", ["get", "level"], -1] }),
      layered("unit", "fill", "units", { "fill-color": "#f0b429", "fill-opacity": 0.25, "fill-outline-color": "#8d5a00" },
        { filter: ["==", ["get", "pcode"], ""] }),
      layered("found-areas", "fill", "units", { "fill-color": "#9b1c1c", "fill-opacity": 0.35 }, { filter: ["==", ["get", "pcode"], ""] }),
      layered("found-less", "fill", "units", { "fill-color": "#1f4e79", "fill-opacity": 0.35 }, { filter: ["==", ["get", "pcode"], ""] }),
      layered("cells", "fill", "cells", { "fill-color": ["get", "shade"], "fill-opacity": 0.8, "fill-outline-color": "#ffffff" }),
      layered("areas-units", "fill", "units", { "fill-color": "#6b5b7b", "fill-opacity": 0.05 }, { filter: ["==", ["get", "pcode"], ""] }),
      layered("areas-edges", "line", "units", { "line-color": "#6b5b7b", "line-width": 1.4, "line-dasharray": [2, 2] },
        { filter: ["==", ["get", "pcode"], ""] }),
      layered("areas", "line", "areas", { "line-color": "#52606d", "line-width": 1.2, "line-dasharray": [2, 2] }),
      layered("spots", "circle", "spots",
        {
          "circle-radius": radius, "circle-color": colour,
          "circle-opacity": ["match", ["get", "form"], 0, 0.85, 1, 0.4, 0.06],
          "circle-stroke-color": ["match", ["get", "form"], 0, "#ffffff", colour],
          "circle-stroke-width": ["match", ["get", "form"], 0, 1, 2.2],
        },
        { filter: ["==", ["get", "sign"], "circle"], layout: { "circle-sort-key": ["-", 0, ["get", "radius"]] } }),
      layered("signs", "symbol", "spots", {},
        {
          filter: ["!=", ["get", "sign"], "circle"],
          layout: {
            "icon-image": ["concat", "sign:", ["get", "sign"], ":", colour, ":", ["get", "form"]],
            "icon-size": ["/", radius, 12], "icon-allow-overlap": true, "icon-ignore-placement": true,
            "symbol-sort-key": ["-", 0, ["get", "radius"]],
          },
        }),
      layered("found-lines", "line", "findings", { "line-color": "#9b1c1c", "line-width": 1.6, "line-opacity": 0.75 }, { filter: only("line") }),
      layered("found-circles", "fill", "findings", { "fill-color": alarm, "fill-opacity": ["match", ["get", "what"], "chance", 0.03, 0.12] }, { filter: ["!=", ["get", "what"], "line"] }),
      layered("found-edges", "line", "findings", { "line-color": alarm, "line-width": 2.4 }, { filter: only("more") }),
      layered("found-others", "line", "findings", { "line-color": "#52606d", "line-width": 1.2, "line-dasharray": [3, 2] }, { filter: only("chance") }),
      layered("drawn-fill", "fill", "drawn", { "fill-color": "#1f4e79", "fill-opacity": 0.06 }, { filter: ["==", ["geometry-type"], "Polygon"] }),
      layered("drawn-edge", "line", "drawn", { "line-color": "#1f4e79", "line-width": 2, "line-dasharray": [4, 2] }),
      layered("drawn-corners", "circle", "drawn", { "circle-radius": 5, "circle-color": "#ffffff", "circle-stroke-color": "#1f4e79", "circle-stroke-width": 2 },
        { filter: ["==", ["geometry-type"], "Point"] }),
      layered("chosen", "circle", "extent",
        { "circle-radius": 15, "circle-opacity": 0, "circle-stroke-color": "#1f2933", "circle-stroke-width": 2.5 },
        { filter: ["==", ["geometry-type"], "Point"] }),
      layered("numbers", "symbol", "spots", {},
        {
          filter: ["!=", ["get", "shown"], ""],
          layout: { "icon-image": ["concat", "number:", ["get", "shown"]], "symbol-sort-key": ["-", 0, ["get", "count"]] },
        }),
      layered("ranges", "symbol", "spots", {},
        {
          filter: ["!=", ["get", "range"], ""],
          layout: { "icon-image": ["concat", "number:", ["get", "range"]], "icon-anchor": "left", "icon-offset": [9, 0] },
        }),
      layered("fan-lines", "line", "fan", { "line-color": "#52606d", "line-width": 1 }, { filter: ["==", ["geometry-type"], "LineString"] }),
      layered("fan-leaves", "circle", "fan",
        { "circle-radius": 7, "circle-color": colour, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5 },
        { filter: ["==", ["geometry-type"], "Point"] }),
    ],
  );
}

/* Signs and numbers are drawn here, because text of the library's own would ask for font files. */
const sheet = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/* An empty sheet of so many pixels; there is only one, as each costs time to make. */
function pen(width, height) {
  [sheet.canvas.width, sheet.canvas.height] = [width, height];
  return sheet;
}

function numberImage(text) {
  const font = "600 22px system-ui, sans-serif";
  sheet.font = font;
  const [width, height] = [Math.ceil(sheet.measureText(text).width) + 8, 30];
  const drawing = pen(width, height);
  drawing.font = font;
  [drawing.textAlign, drawing.textBaseline, drawing.lineWidth] = ["center", "middle", 5];
  drawing.strokeStyle = "#ffffff";
  drawing.strokeText(text, width / 2, 15);
  drawing.fillStyle = "#1f2933";
  drawing.fillText(text, width / 2, 15);
  return drawing.getImageData(0, 0, width, height);
}

const SIGNS = {
  diamond: [[24, 2], [46, 24], [24, 46], [2, 24]],
  triangle: [[24, 3], [46, 44], [2, 44]],
};

function signImage([sign, colour, form]) {
  const drawing = pen(48, 48);
  const [first, ...others] = SIGNS[sign] ?? SIGNS.diamond;
  drawing.beginPath();
  drawing.moveTo(...first);
  for (const corner of others) drawing.lineTo(...corner);
  drawing.closePath();
  drawing.globalAlpha = form === "0" ? 0.85 : form === "1" ? 0.4 : 0.06;
  drawing.fillStyle = colour;
  drawing.fill();
  drawing.globalAlpha = 1;
  drawing.lineWidth = form === "0" ? 2 : 5;
  drawing.strokeStyle = form === "0" ? "#ffffff" : colour;
  drawing.stroke();
  return drawing.getImageData(0, 0, 48, 48);
}

function hatchImage() {
  const drawing = pen(16, 16);
  drawing.fillStyle = "#f6f3ea";
  drawing.fillRect(0, 0, 16, 16);
  drawing.strokeStyle = "#9aa5b1";
  drawing.lineWidth = 1.5;
  for (const at of [-16, 0, 16]) {
    drawing.beginPath();
    drawing.moveTo(at, 16);
    drawing.lineTo(at + 16, 0);
    drawing.stroke();
  }
  return drawing.getImageData(0, 0, 16, 16);
}

function image(id) {
  if (id.startsWith("number:")) return numberImage(id.slice(7));
  if (id.startsWith("sign:")) return signImage(id.slice(5).split(":"));
  return id === hatch ? hatchImage() : null;
}

const short = (n) => (n < 10000 ? String(n) : `${Math.round(n / 1000)}k`);
const SIGN_OF = { injured: "diamond", missing: "triangle" };
const feature = (type, coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type, coordinates } });
const collection = (features) => ({ type: "FeatureCollection", features });

/* A bubble stands on its cell and never reaches far beyond it: cells are 44 pixels wide. */
function radiusOf(value, cells) {
  const grown = 4 + 3 * Math.log10(1 + value);
  return cells ? Math.min(grown + 2, 21) : grown;
}

function spotFeatures({ spots, form, size, colours }) {
  const cells = form !== "places";
  const ranges = form === "places" && spots.length <= 150 && size !== "incidents";
  return spots.map(([lon, lat, count, best, unknown, category, areas, key, low, high]) => {
    const range = unknown === count ? "?" : low === high ? short(best) : `${short(low)}–${short(high)}`;
    const value = size === "incidents" ? count : best;
    return feature("Point", [lon, lat], {
      count, best, unknown, key, low, high, form: areas, colour: colours[category] ?? "#6b5b7b",
      radius: radiusOf(value, cells), sign: SIGN_OF[size] ?? "circle",
      shown: form !== "hexagons" && form !== "squares" && count > 1 ? short(count) : "",
      range: ranges && count === 1 ? range : "",
    });
  });
}

function cellFeatures({ spots, outlines, size, ends, shades }) {
  return spots.map((spot, at) => {
    const number = size === "incidents" ? spot[2] : spot[3];
    const of = ends.findIndex((end) => number <= end);
    return feature("Polygon", [[...outlines[at], outlines[at][0]]], {
      count: spot[2], best: spot[3], unknown: spot[4], key: spot[7], low: spot[8], high: spot[9],
      shade: number > 0 ? shades[of < 0 ? shades.length - 1 : of] : "#ffffff",
    });
  });
}

/* What stands at one and the same place, laid round it: on a ring, or on a spiral when many. */
function leaves(map, { lon, lat, leaves: all }, colours) {
  const middle = map.project([lon, lat]);
  return all.flatMap(([code, category, label], at) => {
    const turn = all.length <= 12 ? (2 * Math.PI * at) / all.length : at * 0.75;
    const away = all.length <= 12 ? 34 : 30 + at * 2.6;
    const end = map.unproject([middle.x + away * Math.cos(turn), middle.y + away * Math.sin(turn)]);
    const to = [end.lng, end.lat];
    return [
      feature("LineString", [[lon, lat], to]),
      feature("Point", to, { code, label, colour: colours[category] ?? "#6b5b7b" }),
    ];
  });
}

/* A circle of so many metres on the sphere, and its centre. */
function extent(chosen) {
  const point = feature("Point", [chosen.lon, chosen.lat]);
  return collection(chosen.metres ? [feature("Polygon", [circle(chosen, chosen.metres)]), point] : [point]);
}

function foundFeatures({ circles, lines }) {
  return [
    ...circles.map(([lon, lat, metres, rank, out, said]) =>
      feature("Polygon", [circle({ lon, lat }, metres)], { what: out ? "more" : "chance", rank, said })),
    ...lines.map(([west, south, east, north]) => feature("LineString", [[west, south], [east, north]], { what: "line" })),
  ];
}

function told(spots, words) {
  const sum = (name) => spots.reduce((total, { properties }) => total + properties[name], 0);
  const [count, number, unknown] = [sum("count"), sum("best"), sum("unknown")];
  const said = [filled(words.incidents[new Intl.PluralRules(words.language).select(count)], { n: count })];
  if (words.number && unknown < count) said.push(filled(words.number, { number, low: sum("low"), high: sum("high") }));
  if (words.number && unknown > 0) said.push(count === 1 ? words.unknown : filled(words.unknown_in, { unknown }));
  return said.join(words.comma);
}

/* Buttons of ours among those of the map: [text, title, what it does]. */
class Buttons {
  constructor(list) { this.list = list; }
  onAdd() {
    this.box = document.createElement("div");
    this.box.className = "maplibregl-ctrl maplibregl-ctrl-group";
    for (const [name, text, title, press] of this.list) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `own ${name}`;
      button.textContent = text;
      button.title = button.ariaLabel = title;
      button.onclick = press;
      this.box.append(button);
    }
    return this.box;
  }
  onRemove() { this.box.remove(); }
}
