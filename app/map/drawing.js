/* Drawing an area on the map by its corners, with the pointer or with the keys. */
class Drawing {
  constructor(map, canvas, note, words, done) {
    Object.assign(this, { map, canvas, note, words, done, corners: null });
    canvas.addEventListener("keydown", (event) => this.key(event), true);
    map.on("mousemove", ({ lngLat }) => this.corners && this.show([...this.corners, [lngLat.lng, lngLat.lat]]));
  }

  get going() { return this.corners !== null; }

  begin() {
    this.corners = [];
    this.map.doubleClickZoom.disable();
    this.map.getCanvas().style.cursor = "crosshair";
    this.note.textContent = this.words.drawing;
    this.map.getCanvas().focus();
    this.show([]);
  }

  end() {
    this.corners = null;
    this.note.textContent = "";
    this.map.getCanvas().style.cursor = "";
    setTimeout(() => this.map.doubleClickZoom.enable(), 300);
  }

  press({ point, lngLat }) {
    if (this.corners.length > 2) {
      const first = this.map.project(this.corners[0]);
      if (Math.hypot(first.x - point.x, first.y - point.y) < 12) { this.close(); return; }
    }
    this.corners.push([lngLat.lng, lngLat.lat]);
    this.show(this.corners);
  }

  /* Enter sets a corner in the middle of the map for those who move it by the arrow keys; with Shift, or on three, it closes. */
  key(event) {
    if (!this.going) return;
    if (event.key === "Escape") { this.end(); this.restore?.(); } else if (event.key === "Enter") {
      if (this.corners.length > 2) this.close();
      else this.press({ point: { x: -99, y: -99 }, lngLat: this.map.getCenter() });
    } else if (event.key === " ") {
      this.press({ point: { x: -99, y: -99 }, lngLat: this.map.getCenter() });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  close() {
    const corners = this.corners;
    this.end();
    this.done(corners);
  }

  show(corners) {
    const shapes = corners.map((corner) => feature("Point", corner));
    if (corners.length > 1) shapes.unshift(feature("LineString", corners.length > 2 ? [...corners, corners[0]] : corners));
    this.map.getSource("drawn").setData(collection(shapes));
  }
}
