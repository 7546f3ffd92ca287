/* A small map that asks for one point: a click, a marker that is dragged, or the arrow keys and Enter. */
const STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const parts = new WeakMap();
const round = (degrees) => Math.round(degrees * 1e6) / 1e6;
const alike = (one, other) => Boolean(one) === Boolean(other)
  && (!one || (Math.abs(one.lat - other.lat) < 1e-5 && Math.abs(one.lon - other.lon) < 1e-5));

class Place {
  constructor(root, words) {
    this.root = root;
    [this.box, this.said, this.fault] = [".place", ".place-said", ".fault"].map((name) => root.querySelector(name));
    root.querySelector(".place-help").textContent = words.help;
    this.sent = [];
    this.ready = library().then((maplibregl) => this.begin(maplibregl, words), () => {
      this.fault.textContent = words.failed;
    });
  }

  begin(maplibregl, words) {
    if (this.stopped) return null;
    const map = new maplibregl.Map({
      container: this.box,
      style: land({}, []),
      center: [15, 20],
      zoom: 0.6,
      maxZoom: 17,
      renderWorldCopies: false,
      dragRotate: false,
      pitchWithRotate: false,
      keyboard: false,
      attributionControl: false,
      fadeDuration: 0,
      locale: {
        "NavigationControl.ZoomIn": words.zoom_in,
        "NavigationControl.ZoomOut": words.zoom_out,
        "Map.Title": words.map,
        "Marker.Title": words.marker,
        "CooperativeGesturesHandler.MobileHelpText": words.two_fingers,
      },
      cooperativeGestures: window.matchMedia("(pointer: coarse)").matches,
    });
    this.map = map;
    map.touchZoomRotate.disableRotation();
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    map.getCanvas().setAttribute("role", "application");
    map.getCanvas().addEventListener("keydown", (event) => this.key(event));
    /* The wheel scrolls the page, until the map is in use. */
    map.scrollZoom.disable();
    map.getCanvas().addEventListener("focus", () => map.scrollZoom.enable());
    map.getCanvas().addEventListener("blur", () => map.scrollZoom.disable());
    map.on("click", ({ lngLat }) => this.set({ lat: lngLat.lat, lon: lngLat.lng }));
    this.marker = new maplibregl.Marker({ draggable: true, color: "#b42318" });
    this.marker.getElement().setAttribute("role", "img");
    this.marker.on("drag", () => this.draw(this.marked()));
    this.marker.on("dragend", () => this.set(this.marked()));
    return new Promise((resolve) => map.once("load", () => {
      ground(map);
      resolve(map);
    }));
  }

  marked() {
    const { lat, lng } = this.marker.getLngLat();
    return { lat, lon: lng };
  }

  key(event) {
    const arrow = ARROWS[event.key];
    const { words } = this.data;
    if (arrow) this.move(arrow, event.shiftKey ? 1 : STEP);
    else if (event.key === "Enter" && this.at) this.set(this.at);
    else if (event.key === "Escape" && this.moved) this.back();
    else if (event.key === "+") this.map.zoomIn();
    else if (event.key === "-") this.map.zoomOut();
    else return;
    event.preventDefault();
    if (this.moved && arrow) this.say(`${this.told()} ${words.enter}`);
  }

  move([x, y], step) {
    const from = this.at ? this.map.project([this.at.lon, this.at.lat]) : this.map.project(this.map.getCenter());
    const to = this.map.unproject([from.x + x * step, from.y + y * step]);
    this.moved = true;
    this.draw({ lat: to.lat, lon: to.lng });
    const { width, height } = this.map.getCanvas().getBoundingClientRect();
    const near = from.x < 40 || from.y < 40 || from.x > width - 40 || from.y > height - 40;
    if (near) this.map.panTo(to, { animate: false });
  }

  back() {
    this.moved = false;
    this.draw(this.chosen);
    this.say(this.told());
  }

  /* The person's own choice, told to the server. */
  set({ lat, lon }) {
    const point = { lat: round(lat), lon: round(Math.max(-180, Math.min(180, lon))) };
    this.moved = false;
    this.chosen = point;
    this.sent.push(point);
    this.draw(point);
    this.say(this.told());
    this.keep("point", { ...point, stamp: Date.now() });
  }

  draw(point) {
    this.at = point;
    this.box.dataset.point = point ? `${round(point.lat)},${round(point.lon)}` : "";
    if (point) this.marker.setLngLat([point.lon, point.lat]).addTo(this.map);
    else this.marker.remove();
    const ring = point && this.data.metres ? [circle(point, this.data.metres)] : [];
    this.map.getSource("extent").setData(ring.length
      ? { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: ring } } : empty());
  }

  told() {
    const { words } = this.data;
    if (!this.at) return words.none;
    /* Kept left to right, or the two numbers would change places in a sentence that runs the other way. */
    return filled(words.at, { point: `\u2066${this.at.lat.toFixed(5)}, ${this.at.lon.toFixed(5)}\u2069` });
  }

  say(text) { if (this.said.textContent !== text) this.said.textContent = text; }

  fit() {
    const { metres, outline } = this.data;
    const ring = this.at && circle(this.at, Math.max(metres ?? 0, 200) * 1.3);
    const [xs, ys] = ring ? [0, 1].map((i) => ring.map((corner) => corner[i])) : [];
    const [west, south, east, north] = ring
      ? [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] : outline ?? [-170, -56, 180, 75];
    this.map.fitBounds([[west, south], [east, north]], { padding: 24, maxZoom: 15, animate: false });
  }

  async show({ data, setStateValue }) {
    this.data = data;
    this.keep = setStateValue;
    const map = await this.ready;
    if (!map || this.stopped || this.data !== data) return;
    const { point, metres } = data;
    const first = !this.begun;
    /* An answer to an earlier choice of the person must not take back the last one. */
    const late = this.sent.slice(0, -1).some((earlier) => alike(earlier, point)) && !alike(this.sent.at(-1), point);
    const elsewhere = first || (!late && !alike(point, this.seen) && !alike(point, this.chosen));
    this.begun = true;
    this.seen = point;
    if (elsewhere) [this.chosen, this.sent, this.moved] = [point, [], false];
    this.draw(this.moved ? this.at : this.chosen);
    if (elsewhere || metres !== this.metres) this.fit();
    this.metres = metres;
    this.say(this.told());
  }

  stop() {
    this.stopped = true;
    this.map?.remove();
  }
}

export default function (component) {
  const root = component.parentElement;
  if (!parts.has(root)) parts.set(root, new Place(root, component.data.words));
  parts.get(root).show(component);
  return () => {
    parts.get(root)?.stop();
    parts.delete(root);
  };
}
