/* The map's part of the page: begun once, shown what the server sends, and told of by what is pressed. */
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
    this.controls(maplibregl);
    map.on("styleimagemissing", ({ id }) => this.picture(id));
    this.drawing = new Drawing(map, map.getCanvasContainer(), this.root.querySelector(".note"), this.words,
      (corners) => this.tell("area", corners));
    this.drawing.restore = () => this.outline();
    this.tip = new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 10 });
    map.on("moveend", () => this.moved());
    /* Once the style is read: what the server counted is drawn first, and the land after it. */
    return new Promise((resolve) => map.once("style.load", () => {
      map.once("idle", () => ground(map));
      map.on("mousemove", (event) => this.point(event));
      map.on("click", (event) => this.press(event));
      if (!linked) this.fit(false);
      resolve(map);
    }));
  }

  controls(maplibregl) {
    const { map, words } = this;
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new Buttons([
      ["show-all", words.all, words.show_all, () => this.fit(true)],
      ["draw-area", "⬠", words.draw, () => this.drawing.begin()],
      ["view-area", "▭", words.here, () => this.tell("area", this.corners())],
      ["clear-area", "✕", words.clear, () => this.tell("area", [])],
    ]), "top-right");
    map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
  }

  picture(id) {
    const made = this.map.hasImage(id) ? null : image(id);
    if (made) this.map.addImage(id, made, { pixelRatio: 2 });
  }

  corners() {
    const bounds = this.map.getBounds();
    const [west, south, east, north] = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    return [[west, south], [east, south], [east, north], [west, north]];
  }

  /* All spots under the pointer, each once, a number before what lies over its spot. */
  under({ point: { x, y } }) {
    const box = [[x - 4, y - 4], [x + 4, y + 4]];
    const found = ["numbers", "spots", "signs", "cells"].flatMap((layer) => this.map.queryRenderedFeatures(box, { layers: [layer] }));
    return [...new Map(found.map((spot) => [spot.properties.key, spot])).values()];
  }

  leaf({ point: { x, y } }) {
    return this.map.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ["fan-leaves"] })[0];
  }

  finding({ point }) {
    return this.map.queryRenderedFeatures(point, { layers: ["found-circles"] })[0];
  }

  point(event) {
    if (this.drawing.going) return;
    const leaf = this.leaf(event);
    const spots = leaf ? [] : this.under(event);
    const finding = leaf || spots.length ? null : this.finding(event);
    const text = leaf ? leaf.properties.label : spots.length ? told(spots, this.words) : finding?.properties.said;
    this.map.getCanvas().style.cursor = leaf || spots.length ? "pointer" : "";
    if (!text) { this.tip.remove(); return; }
    const at = leaf ? leaf.geometry.coordinates : spots[0]?.geometry.type === "Point" ? spots[0].geometry.coordinates : event.lngLat;
    this.tip.setLngLat(at).setText(text).addTo(this.map);
  }

  press(event) {
    if (this.drawing.going) { this.drawing.press(event); return; }
    const leaf = this.leaf(event);
    if (leaf) { this.tell("spot", { code: leaf.properties.code }); return; }
    const spots = this.under(event);
    if (!spots.length) return;
    const [spot] = spots;
    this.tip.remove();
    this.tell("spot", spots.map(({ properties }) => properties.key));
    if (this.data.form !== "places" && spot.properties.count > MANY) {
      const at = spot.geometry.type === "Point" ? spot.geometry.coordinates : event.lngLat;
      this.map.easeTo({ center: at, zoom: this.map.getZoom() + 2 });
    }
  }

  moved() {
    clearTimeout(this.waiting);
    this.fanned();
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
    /* On the right stand the buttons: nothing that is shown shall lie under them. */
    const padding = { top: 40, bottom: 40, left: 40, right: 70 };
    this.map.fitBounds([[west, south], [east, north]], { padding, maxZoom: 9, animate: moving });
    this.moved();
  }

  async show({ data, setStateValue, setTriggerValue }) {
    this.data = data;
    this.keep = setStateValue;
    this.tell = setTriggerValue;
    const map = await this.ready;
    if (!map || this.stopped || this.data !== data) return;
    clearTimeout(this.rewrite);
    const filled = data.outlines !== null;
    const set = (name, features) => map.getSource(name).setData(collection(features));
    const spots = filled ? [] : spotFeatures(data);
    set("spots", spots);
    /* While the map's worker lays the spots out; it would ask for them one answer later. */
    for (const { properties: { shown } } of spots) if (shown) this.picture(`number:${shown}`);
    set("cells", filled ? cellFeatures(data) : []);
    set("areas", data.areas.circles.map(([lon, lat, metres]) => feature("Polygon", [circle({ lon, lat }, metres)])));
    for (const layer of ["areas-units", "areas-edges"]) map.setFilter(layer, ["in", ["get", "pcode"], ["literal", data.areas.units]]);
    set("findings", foundFeatures(data.findings));
    map.getSource("extent").setData(data.chosen ? extent(data.chosen) : empty());
    map.setFilter("unit", ["==", ["get", "pcode"], data.chosen?.unit ?? ""]);
    for (const [layer, which] of [["found-areas", "more"], ["found-less", "less"]]) {
      const codes = data.findings.areas.filter(([, what]) => what === which).map(([code]) => code);
      map.setFilter(layer, ["in", ["get", "pcode"], ["literal", codes]]);
    }
    this.shade(data.shaded);
    this.fanned();
    if (!this.drawing.going) this.outline();
    overlay(map, data.overlays);
    /* The address lost the view when the filter was written into it; a move that goes nowhere writes it again. */
    this.rewrite = setTimeout(() => map.fire("moveend"), 600);
    const box = this.root.querySelector(".map");
    box.dataset.counted = String(data.spots.reduce((sum, spot) => sum + spot[2], 0));
    box.dataset.spots = String(data.spots.length);
    box.dataset.form = data.form;
    box.dataset.findings = String(data.findings.circles.length);
    box.dataset.fan = String(data.fan?.leaves.length ?? 0);
  }

  shade(shaded) {
    const { map } = this;
    const level = ["==", ["get", "level"], shaded?.level ?? -1];
    map.setFilter("shades", level);
    map.setFilter("shades-edge", level);
    map.setFilter("shades-none", ["in", ["get", "pcode"], ["literal", shaded?.without ?? []]]);
    const pairs = Object.entries(shaded?.classes ?? {}).flatMap(([code, at]) => [code, at < 0 ? "#ffffff" : shaded.shades[at]]);
    map.setPaintProperty("shades", "fill-color", pairs.length ? ["match", ["get", "pcode"], ...pairs, "#f6f3ea"] : "#f6f3ea");
  }

  fanned() {
    const source = this.map.getSource?.("fan");
    if (source) source.setData(collection(this.data?.fan ? leaves(this.map, this.data.fan, this.data.colours) : []));
  }

  outline() {
    const corners = this.data.drawnArea;
    this.map.getSource("drawn").setData(collection(corners ? [feature("Polygon", [[...corners, corners[0]]])] : []));
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
