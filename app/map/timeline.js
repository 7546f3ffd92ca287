/* The timeline: the window over the bars (bars.js) by hand, by keys and played, told to the server and taken from it. */
const PACE = 1200;
const PATIENCE = 10000;
const PAUSE = 180;
const MOST_ROWS = 400;
const parts = new Map();

class Timeline extends Bars {
  constructor() {
    super();
    this.listen();
    this.sizes = new ResizeObserver(() => this.width() !== this.drawn && this.draw());
    this.sizes.observe(this.chart);
  }

  listen() {
    const { first, earlier, play, later, last } = this.buttons;
    first.onclick = () => this.pressed(() => this.end(-1));
    earlier.onclick = () => this.pressed(() => this.move(-1));
    later.onclick = () => this.pressed(() => this.move(1));
    last.onclick = () => this.pressed(() => this.end(1));
    play.onclick = () => (this.playing ? this.pause() : this.play());
    this.all.onclick = () => this.pressed(() => this.choose(null));
    this.chart.addEventListener("keydown", (event) => this.key(event));
    this.chart.addEventListener("blur", () => this.point(null));
    this.svg.addEventListener("pointerdown", (event) => this.grasp(event));
    this.svg.addEventListener("pointermove", (event) => !this.drag && this.point(this.under(event)));
    this.svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.point(null));
    this.svg.addEventListener("dblclick", () => this.choose(null));
    this.table.addEventListener("toggle", () => this.list());
    this.box.addEventListener("focusin", ({ target }) => { this.focused = target; });
    /* An element that is moved to another root loses the focus without having been left. */
    this.box.addEventListener("focusout", ({ target }) => setTimeout(() => {
      if (target.isConnected && this.focused === target && this.box.getRootNode().activeElement !== target) this.focused = undefined;
    }));
    this.dragged = (event) => this.pull(event);
    this.dropped = (event) => this.drop(event);
    this.struck = (event) => this.playing && !this.own(event) && this.pause();
  }

  /* Space on the chart and the play button pause by themselves. */
  own(event) {
    const [at] = event.composedPath();
    return this.buttons.play.contains(at) || (at === this.chart && event.key === " ");
  }

  /* The part outlives its place in the page: when the page builds the place anew, it moves in with all it holds. */
  place(root) {
    if (this.root === root) return;
    const focused = this.focused;
    this.root = root;
    root.append(this.box);
    if (focused) focused.focus({ preventScroll: true });
  }

  show({ data, setTriggerValue }) {
    this.tell = setTriggerValue;
    if (this.drag) this.waiting = data;
    else this.take(data);
  }

  take(data) {
    const tag = this.data?.language;
    [this.data, this.waiting] = [data, undefined];
    if (tag !== data.language) this.pen = new Pen(data.language);
    this.count = data.bins.count;
    this.starts = this.count ? binStarts(data.bins.first, data.bins.step, this.count) : [];
    const answered = this.sent && same(this.sent, data.window);
    if (!this.sent || answered) this.settle();
    else this.chosen = this.within(this.days);
    this.face();
    this.draw();
    this.list();
    if (answered) this.answered();
  }

  /* The window is the server's again. */
  settle() {
    clearTimeout(this.patience);
    this.sent = undefined;
    this.days = this.data.window;
    this.chosen = this.within(this.days);
  }

  within([from, to]) {
    if (!this.count || (!from && !to)) return null;
    const last = this.starts[this.count] - 1;
    const [one, other] = [from ? dayOf(from) : this.starts[0], to ? dayOf(to) : last];
    if (other < this.starts[0] || one > last || other < one) return null;
    return [this.bin(Math.max(one, this.starts[0])), this.bin(Math.min(other, last))];
  }

  /* ---- The table, filled when it is opened ---- */

  list() {
    if (!this.table.open) { this.rows.replaceChildren(); return; }
    const { words, categories, low, effort, undated } = this.data;
    const yearly = this.count > MOST_ROWS;
    const heads = [words.dates, ...categories.map(({ label }) => label), words.around, ...(low ? [words.band] : []), ...(effort ? [words.effort] : [])];
    const cells = (name, values) => make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value) => make("td", {}, value)));
    const body = (yearly ? this.years() : Array.from({ length: this.count }, (_, i) => [this.dated(i, i), i, i])).map(([name, from, to]) => {
      const [band, heard] = [low && this.banded(from, to), this.effort(from, to)];
      const numbers = [...this.data.inside, this.data.around].map((row) => this.pen.number(sum(row, from, to)));
      return cells(name, [...numbers, ...(low ? [band ? this.ranged(band) : ""] : []), ...(effort ? [heard === null ? words.unknown : this.pen.number(heard)] : [])]);
    });
    const apart = undated.around ? [cells(words.undated, [...categories.map(() => ""), this.pen.number(undated.around), ...(low ? [""] : []), ...(effort ? [""] : [])])] : [];
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, word(head))))), make("tbody", {}, ...body, ...apart));
    this.rows.replaceChildren(...(yearly ? [make("p", {}, words.by_year)] : []), table);
  }

  /* Runs of bins that begin in one year. */
  years() {
    const found = [];
    for (let i = 0; i < this.count; i += 1) {
      const name = this.pen.written(this.starts[i], "year");
      if (found.at(-1)?.[0] === name) found.at(-1)[2] = i;
      else found.push([name, i, i]);
    }
    return found;
  }

  /* ---- The window by hand ---- */

  across(event) { return event.clientX - this.svg.getBoundingClientRect().left; }

  at(x) { return clamp(Math.floor(((x - this.left) / (this.right - this.left)) * this.count), 0, this.count - 1); }

  under(event) {
    const x = this.across(event);
    if (this.data?.undated.around && x >= this.right + APART - 4) return "undated";
    if (!this.count || x < this.left || x > this.right) return null;
    return this.columns[Math.floor(this.at(x) / this.per)];
  }

  grasp(event) {
    const x = this.across(event);
    this.point(this.under(event));
    const { part } = event.target.dataset;
    if (event.button || !event.isPrimary || !this.count || (!part && (x < this.left - END / 2 || x > this.right + END / 2))) return;
    this.pause();
    this.drag = { part: part ?? "new", x, held: this.chosen, days: this.days, id: event.pointerId };
    ["pointermove", "pointerup", "pointercancel"].forEach((name) => window.addEventListener(name, name === "pointermove" ? this.dragged : this.dropped));
  }

  pull(event) {
    if (event.pointerId !== this.drag.id) return;
    const x = this.across(event);
    if (!this.drag.moved && Math.abs(x - this.drag.x) < 4) return;
    this.drag.moved = true;
    this.point(null);
    this.hold(this.pulled(x));
  }

  pulled(x) {
    const { part, held } = this.drag;
    if (part === "new") return [this.at(this.drag.x), this.at(x)].sort((one, other) => one - other);
    const by = Math.round(((x - this.drag.x) / (this.right - this.left)) * this.count);
    if (part === "body") return this.moved(held, by);
    return part === "from" ? [clamp(held[0] + by, 0, held[1]), held[1]] : [held[0], clamp(held[1] + by, held[0], this.count - 1)];
  }

  drop(event) {
    if (event.pointerId !== undefined && event.pointerId !== this.drag.id) return;
    ["pointermove", "pointerup", "pointercancel"].forEach((name) => window.removeEventListener(name, name === "pointermove" ? this.dragged : this.dropped));
    const { moved, held, days } = this.drag;
    const chosen = this.chosen;
    this.drag = undefined;
    const kept = moved && event.type === "pointerup";
    if (!kept) [this.chosen, this.days] = [held, days];
    /* What came from the server meanwhile is drawn now, and the window that was drawn over it stays. */
    if (kept && !same(chosen, held)) this.choose(chosen, 0);
    if (this.waiting) this.take(this.waiting);
    else this.brush();
  }

  hold(chosen) {
    this.chosen = chosen;
    this.days = this.ends(chosen);
    this.brush();
  }

  /* The window always covers whole bins. */
  ends(chosen) {
    return chosen ? [isoOf(this.starts[chosen[0]]), isoOf(this.starts[chosen[1] + 1] - 1)] : [null, null];
  }

  choose(chosen, pause = PAUSE) {
    const days = this.ends(chosen);
    if (!this.sent && same(days, this.data.window)) { this.hold(chosen); return; }
    this.sent = days;
    this.hold(chosen);
    clearTimeout(this.sending);
    clearTimeout(this.patience);
    this.sending = setTimeout(() => {
      this.since = Date.now();
      this.tell("window", days);
    }, pause);
    this.patience = setTimeout(() => this.given(), PATIENCE);
  }

  /* No answer: what the server last said stands. */
  given() {
    this.pause();
    this.settle();
    if (!this.drag) this.brush();
  }

  moved([from, to], by) {
    const step = clamp(by, -from, this.count - 1 - to);
    return [from + step, to + step];
  }

  pressed(does) {
    this.pause();
    if (this.data) does();
  }

  move(by) {
    if (!this.count) return;
    /* Without a window a step to the right begins at the first bin, one to the left at the last. */
    const begin = by < 0 ? this.count - 1 : 0;
    this.choose(this.chosen ? this.moved(this.chosen, by) : [begin, begin]);
  }

  end(side) { if (this.count) this.choose(this.moved(this.chosen ?? (side < 0 ? [0, 0] : [this.count - 1, this.count - 1]), side * this.count)); }

  resize(by) {
    if (!this.chosen) { this.move(by); return; }
    const [from, to] = this.chosen;
    this.choose([from, clamp(to + by, from, this.count - 1)]);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.chart || !this.data) return;
    const long = this.chosen ? this.chosen[1] - this.chosen[0] + 1 : 1;
    const does = {
      ArrowLeft: () => (event.shiftKey ? this.resize(-1) : this.move(-1)), ArrowRight: () => (event.shiftKey ? this.resize(1) : this.move(1)),
      PageUp: () => this.move(-long), PageDown: () => this.move(long), Home: () => this.end(-1), End: () => this.end(1),
      " ": () => (this.playing ? this.pause() : this.play()), Escape: () => this.away(),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
    if (this.chosen && event.key !== "Escape") this.point(this.columns[Math.floor(this.chosen[event.shiftKey ? 1 : 0] / this.per)]);
  }

  away() {
    this.point(null);
    if (this.drag) this.drop({ type: "keydown" });
    else this.choose(null);
  }

  /* ---- Playing ---- */

  /* Nothing glides: the window stands still between two steps, for readers whom motion makes ill. */
  play() {
    if (!this.count) return;
    this.playing = true;
    document.addEventListener("keydown", this.struck, true);
    const last = this.chosen && this.chosen[1] === this.count - 1;
    if (!this.chosen || last) this.choose(this.chosen ? this.moved(this.chosen, -this.count) : [0, 0], 0);
    else this.next();
    this.playable();
    /* A window over everything has nowhere to go. */
    if (!this.sent) this.pause();
  }

  /* By its own length, so that no date is shown twice; the last step ends with the last bin. */
  next() {
    const [from, to] = this.chosen;
    this.choose(this.moved(this.chosen, to - from + 1), 0);
  }

  answered() {
    if (!this.playing) return;
    if (!this.chosen || this.chosen[1] >= this.count - 1) { this.pause(); return; }
    clearTimeout(this.beat);
    this.beat = setTimeout(() => this.playing && this.next(), Math.max(0, PACE - (Date.now() - this.since)));
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    clearTimeout(this.beat);
    document.removeEventListener("keydown", this.struck, true);
    this.playable();
  }

  stop() {
    this.pause();
    if (this.drag) this.drop({ type: "stop" });
    [this.sending, this.patience].forEach(clearTimeout);
    this.sizes.disconnect();
    this.box.remove();
  }
}

export default function (component) {
  const { key } = component.data;
  const root = component.parentElement;
  if (!parts.has(key)) parts.set(key, new Timeline());
  const part = parts.get(key);
  part.place(root);
  part.show(component);
  return () => setTimeout(() => {
    /* Unless the page has built its place anew. */
    if (part.root !== root || parts.get(key) !== part) return;
    part.stop();
    parts.delete(key);
  }, 500);
}
