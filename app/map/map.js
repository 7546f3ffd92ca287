/* The map of incidents, on the land that every map of ours begins with (land.js); spots are counted by the server. */
const COLOURS = ["#1f4e79", "#1b8a8f", "#d9730d", "#6b5b7b"];
const MANY = 50;
const parts = new WeakMap();

function style() {
  const radius = ["+", 4, ["*", 3, ["log10", ["+", 1, ["get", "killed"]]]]];
  const colour = ["match", ["get", "tier"], 0, COLOURS[0], 1, COLOURS[1], 2, COLOURS[2], COLOURS[3]];
  return land(
    { spots: geojson(empty()) },
    [
      {
        id: "unit", type: "fill", source: "units", filter: ["==", ["get", "pcode"], ""],
        paint: { "fill-color": "#f0b429", "fill-opacity": 0.25, "fill-outline-color": "#8d5a00" },
      },
      {
        id: "spots", type: "circle", source: "spots",
        layout: { "circle-sort-key": ["-", 0, ["get", "killed"]] },
        paint: {
          "circle-radius": radius,
          "circle-color": colour,
          "circle-opacity": ["match", ["get", "form"], 0, 0.82, 1, 0.4, 0.06],
          "circle-stroke-color": ["match", ["get", "form"], 0, "#ffffff", colour],
          "circle-stroke-width": ["match", ["get", "form"], 0, 1, 2.2],
        },
      },
      {
        id: "chosen", type: "circle", source: "extent", filter: ["==", ["geometry-type"], "Point"],
        paint: { "circle-radius": 15, "circle-opacity": 0, "circle-stroke-color": "#1f2933", "circle-stroke-width": 2.5 },
      },
      {
        id: "numbers", type: "symbol", source: "spots", filter: [">", ["get", "count"], 1],
        layout: { "icon-image": ["concat", "number:", ["get", "shown"]], "symbol-sort-key": ["-", 0, ["get", "count"]] },
      },
    ],
  );
}

/* Numbers are drawn here, because text of the library's own would ask for font files. */
function numberImage(text) {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const font = "600 22px system-ui, sans-serif";
  pen.font = font;
  canvas.width = Math.ceil(pen.measureText(text).width) + 8;
  canvas.height = 30;
  pen.font = font;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 5;
  pen.strokeStyle = "#ffffff";
  pen.strokeText(text, canvas.width / 2, 15);
  pen.fillStyle = "#1f2933";
  pen.fillText(text, canvas.width / 2, 15);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

const short = (n) => (n < 10000 ? String(n) : `${Math.round(n / 1000)}k`);

function features(spots) {
  return {
    type: "FeatureCollection",
    features: spots.map(([lon, lat, count, killed, unknown, tier, form, key]) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [lon, lat] },
      properties: { count, killed, unknown, tier, form, key, shown: short(count) },
    })),
  };
}

/* A circle of so many metres on the sphere, and its centre. */
function extent(chosen) {
  const point = { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [chosen.lon, chosen.lat] } };
  if (!chosen.metres) return { type: "FeatureCollection", features: [point] };
  const ring = circle(chosen, chosen.metres);
  const round = { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
  return { type: "FeatureCollection", features: [round, point] };
}

function told(spots, words) {
  const sum = (name) => spots.reduce((total, spot) => total + spot.properties[name], 0);
  const [count, killed, unknown] = [sum("count"), sum("killed"), sum("unknown")];
  const parts = [filled(words.incidents[new Intl.PluralRules(words.language).select(count)], { n: count })];
  if (unknown < count) parts.push(filled(words.killed, { killed }));
  if (unknown > 0) parts.push(count === 1 ? words.unknown : filled(words.unknown_in, { unknown }));
  return parts.join(words.comma);
}

class ShowAll {
  constructor(words, show) { [this.words, this.show] = [words, show]; }
  onAdd() {
    this.box = document.createElement("div");
    this.box.className = "maplibregl-ctrl maplibregl-ctrl-group";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "show-all";
    button.textContent = this.words.all;
    button.title = button.ariaLabel = this.words.show_all;
    button.onclick = this.show;
    this.box.append(button);
    return this.box;
  }
  onRemove() { this.box.remove(); }
}

class Part {
  constructor(root, words) {
    [this.root, this.words] = [root, words];
    root.querySelector(".map").ariaLabel = words.map;
    this.ready = library().then((maplibregl) => this.begin(maplibregl), () => this.fail());
  }

  fail() {
    this.root.querySelector(".fault").textContent = this.words.failed;
  }

  begin(maplibregl) {
    if (this.stopped) return null;
    const linked = new URLSearchParams(window.location.hash.slice(1)).has("view");
    const map = new maplibregl.Map({
      container: this.root.querySelector(".map"),
      style: style(),
      hash: "view",
      center: [15, 20],
      zoom: 0.6,
      maxZoom: 15,
      renderWorldCopies: false,
      dragRotate: false,
      pitchWithRotate: false,
      attributionControl: false,
      fadeDuration: 0,
      locale: {
        "NavigationControl.ZoomIn": this.words.zoom_in,
        "NavigationControl.ZoomOut": this.words.zoom_out,
        "ScaleControl.Meters": this.words.metres,
        "ScaleControl.Kilometers": this.words.kilometres,
        "Map.Title": this.words.map,
      },
      cooperativeGestures: window.matchMedia("(pointer: coarse)").matches,
    });
    this.map = map;
    map.touchZoomRotate.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ShowAll(this.words, () => this.fit(true)), "top-right");
    map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    map.on("styleimagemissing", ({ id }) => {
      if (id.startsWith("number:")) map.addImage(id, numberImage(id.slice(7)), { pixelRatio: 2 });
    });
    this.tip = new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 10 });
    map.on("mousemove", (event) => this.point(event));
    map.on("click", (event) => this.press(event));
    map.on("moveend", () => this.moved());
    return new Promise((resolve) => map.once("load", () => {
      if (!linked) this.fit(false);
      resolve(map);
    }));
  }

  /* All spots under the pointer, each once, a number before what lies over its spot. */
  under({ point: { x, y } }) {
    const box = [[x - 4, y - 4], [x + 4, y + 4]];
    const found = ["numbers", "spots"].flatMap((layer) => this.map.queryRenderedFeatures(box, { layers: [layer] }));
    return [...new Map(found.map((spot) => [spot.properties.key, spot])).values()];
  }

  point(event) {
    const [spot, ...others] = this.under(event);
    this.map.getCanvas().style.cursor = spot ? "pointer" : "";
    if (!spot) { this.tip.remove(); return; }
    this.tip.setLngLat(spot.geometry.coordinates).setText(told([spot, ...others], this.words)).addTo(this.map);
  }

  press(event) {
    const spots = this.under(event);
    if (!spots.length) return;
    const [spot] = spots;
    this.tip.remove();
    this.tell("spot", spots.map(({ properties }) => properties.key));
    if (this.data.grid && spot.properties.count > MANY) {
      this.map.easeTo({ center: spot.geometry.coordinates, zoom: this.map.getZoom() + 2 });
    }
  }

  moved() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const bounds = this.map.getBounds();
      const round = (value) => Math.round(value * 1e5) / 1e5;
      const view = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth(), this.map.getZoom()].map(round);
      if (String(view) === this.last) return;
      this.last = String(view);
      this.keep("view", view);
    }, 120);
  }

  fit(moving) {
    if (!this.data.fit) return;
    const [west, south, east, north] = this.data.fit;
    this.map.fitBounds([[west, south], [east, north]], { padding: 40, maxZoom: 9, animate: moving });
    this.moved();
  }

  async show({ data, setStateValue, setTriggerValue }) {
    this.data = data;
    this.keep = setStateValue;
    this.tell = setTriggerValue;
    const map = await this.ready;
    if (!map || this.stopped || this.data !== data) return;
    clearTimeout(this.rewrite);
    map.getSource("spots").setData(features(data.spots));
    map.getSource("extent").setData(data.chosen ? extent(data.chosen) : empty());
    map.setFilter("unit", ["==", ["get", "pcode"], data.chosen?.unit ?? ""]);
    /* The address lost the view when the filter was written into it; a move that goes nowhere writes it again. */
    this.rewrite = setTimeout(() => map.fire("moveend"), 600);
    this.root.querySelector(".map").dataset.counted = String(data.spots.reduce((sum, spot) => sum + spot[2], 0));
    this.root.querySelector(".map").dataset.spots = String(data.spots.length);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.waiting);
    clearTimeout(this.rewrite);
    this.map?.remove();
  }
}

export default function (component) {
  const root = component.parentElement;
  if (!parts.has(root)) parts.set(root, new Part(root, component.data.words));
  parts.get(root).show(component);
  return () => {
    parts.get(root)?.stop();
    parts.delete(root);
  };
}
