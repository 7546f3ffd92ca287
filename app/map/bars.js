/* Bars in time, stacked by category, with the window over them, as they are drawn (days.js writes the days).

   Time runs from the left in every language: a reader of Arabic too knows it so from the charts of her field, and a row
   of years that turned round with the language would make a rise look like a fall to whoever sees it in a picture. So
   the chart and the buttons that step along it stay; legend, words and table follow the language. */
const SVG = "http://www.w3.org/2000/svg";
const [TOP, BARS, STRIP_LABEL, STRIP, AXIS, END] = [18, 150, 22, 30, 36, 26];
const [UNDATED, APART] = [30, 34];
const WIDEST = 56;
const HANDLE = 26;
const LONG = { day: 1, week: 7, month: 30 };
const ICONS = {
  first: "M3 2h2v12H3zM14 2v12L6 8z", earlier: "M10.5 2 12 3.5 7.5 8l4.5 4.5-1.5 1.5-6-6z", play: "M4 2v12l9-6z", pause: "M3 2h4v12H3zM9 2h4v12H9z",
  later: "M5.5 2 4 3.5 8.5 8 4 12.5 5.5 14l6-6z", last: "M11 2h2v12h-2zM2 2v12l8-6z",
};
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const same = (one, other) => String(one) === String(other);
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);
const sum = (values, from, to) => {
  let total = 0;
  for (let i = from; i <= to; i += 1) total += values[i];
  return total;
};

function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...inside);
  return made;
}

function shape(tag, attributes = {}, ...inside) {
  const made = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...inside);
  return made;
}

/* Words of the record and of the language keep their own direction wherever they stand. */
const word = (text) => make("bdi", { dir: "auto" }, text);
const swatch = (colour) => {
  const made = make("i", colour.startsWith("#") ? {} : { class: colour });
  if (colour.startsWith("#")) made.style.background = colour;
  return made;
};

class Bars {
  constructor() {
    this.head = make("p", { class: "timeline-head" });
    this.legend = make("p", { class: "timeline-legend" });
    this.svg = shape("svg", { "aria-hidden": "true" });
    this.tip = make("div", { class: "timeline-tip", hidden: "" });
    this.chart = make("div", { class: "timeline-chart", dir: "ltr", tabindex: "0", role: "application", "aria-describedby": "help" }, this.svg, this.tip);
    this.now = make("span", { class: "timeline-now", "aria-hidden": "true" });
    this.said = make("p", { class: "timeline-hidden", role: "status" });
    this.help = make("p", { class: "timeline-hidden", id: "help" });
    this.note = make("p", { class: "timeline-note" });
    this.steps = make("span", { class: "timeline-steps", dir: "ltr", role: "group" });
    this.all = make("button", { type: "button", class: "timeline-all" });
    this.summary = make("summary");
    this.rows = make("div", { class: "timeline-rows", role: "region", tabindex: "0" });
    this.table = make("details", {}, this.summary, this.rows);
    const bar = make("div", { class: "timeline-bar" }, this.steps, this.all, this.now);
    this.box = make("div", { class: "timeline" }, this.head, this.legend, this.chart, bar, this.note, this.table, this.said, this.help);
    this.buttons = Object.fromEntries(["first", "earlier", "play", "later", "last"].map((does) => [does, this.button(does)]));
    this.canvas();
  }

  button(does) {
    const made = make("button", { type: "button" }, shape("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, shape("path", { d: ICONS[does] })));
    this.steps.append(made);
    return made;
  }

  /* What is dragged stays the same element as long as the timeline lives, or a finger would lose it. */
  canvas() {
    const hatch = (id, colour) => shape("pattern", { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      shape("rect", { width: 5, height: 5, fill: "#ffffff" }), shape("rect", { width: 2, height: 5, fill: colour }));
    [this.behind, this.bars] = [shape("g"), shape("g")];
    this.area = shape("rect", { class: "timeline-area" });
    this.window = shape("rect", { class: "timeline-window", "data-part": "body" });
    this.edges = shape("path", { class: "timeline-edges" });
    this.grips = shape("path", { class: "timeline-grips" });
    this.handles = ["from", "to"].map((part) => shape("rect", { class: "timeline-handle", "data-part": part }));
    this.svg.append(shape("defs", {}, hatch("hatch", "#3e4c59"), hatch("pale", "#aab4be")), this.behind, this.bars, this.area,
      this.window, this.edges, this.grips, ...this.handles);
  }

  /* The bin of a day. */
  bin(day) {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.starts[middle] <= day) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  face() {
    const { words, measure, what, bins, direction, categories, low, undated } = this.data;
    this.box.dir = direction;
    this.head.replaceChildren(make("b", {}, measure), ` · ${words[bins.step]} · ${words[what]}`);
    const marks = [
      ...categories.map(({ label, colour }) => [colour, label]),
      ["around", words.outside], ...(low ? [["band", words.band]] : []), ...(undated.around ? [["undated", words.undated]] : []),
    ];
    this.legend.replaceChildren(...marks.map(([colour, label]) => make("span", {}, swatch(colour), word(label))));
    this.chart.setAttribute("aria-label", `${words.label}: ${measure}`);
    this.help.textContent = words.help;
    this.steps.ariaLabel = words.steps;
    Object.entries(this.buttons).forEach(([does, button]) => { button.title = button.ariaLabel = words[does]; });
    this.all.textContent = words.all;
    this.summary.textContent = this.rows.ariaLabel = words.table;
    this.playable();
  }

  playable() {
    const { words } = this.data;
    const { play, first, earlier, later, last } = this.buttons;
    const does = this.playing ? "pause" : "play";
    play.querySelector("path").setAttribute("d", ICONS[does]);
    play.title = play.ariaLabel = words[does];
    [first, earlier, play, later, last].forEach((button) => { button.disabled = !this.count; });
    const some = this.chosen || this.days?.some(Boolean);
    /* Not disabled where it has the focus, which would be lost. */
    this.all.setAttribute("aria-disabled", String(!some));
  }

  /* ---- What is drawn ---- */

  width() { return Math.floor(this.chart.clientWidth); }

  draw() {
    const { data } = this;
    this.drawn = this.width();
    if (!data || !this.drawn) return;
    this.layout();
    this.columns = this.gathered();
    this.svg.setAttribute("viewBox", `0 0 ${this.drawn} ${this.high}`);
    this.svg.style.height = `${this.high}px`;
    this.behind.replaceChildren();
    this.bars.replaceChildren();
    if (this.count) {
      this.grid();
      this.axis();
      this.stacks();
      if (data.low) this.band();
      if (data.effort) this.strip();
    } else {
      this.behind.append(this.text(this.drawn / 2, this.base / 2 + TOP, data.words.none, "middle"));
    }
    if (data.undated.around) this.without();
    this.brush();
    this.remark();
    /* What was pointed at may have other numbers now. */
    const at = this.pointed;
    this.point(at?.from === undefined ? null : this.columns[Math.floor(at.from / this.per)]);
  }

  layout() {
    const { undated, effort } = this.data;
    const apart = undated.around ? UNDATED + APART : 0;
    /* At most one bar for two columns of pixels: a thinner one could be neither seen nor pointed at. */
    this.per = Math.max(1, Math.ceil((2 * this.count) / Math.max(2, this.drawn - 3 * END - apart)));
    const [whole, most] = this.range();
    this.levels = most ? levels(most, whole) : [];
    /* Where no bar rises, that of what has no date has the scale to itself. */
    this.top = most * 1.04 || undated.around || 1;
    const longest = Math.max(...[0, ...this.levels, this.strongest()].map((level) => this.pen.number(level).length));
    this.left = Math.max(END, longest * 7 + 12);
    this.right = this.drawn - END - apart;
    this.base = TOP + BARS;
    this.foot = this.base + (effort && this.count ? STRIP_LABEL + STRIP : 0);
    this.high = this.foot + AXIS;
  }

  strongest() { return this.data.effort && this.count ? this.data.effort.reduce((most, n) => Math.max(most, n ?? 0), 0) : 0; }

  /* Whether all numbers are whole, and the largest that a bar or its band reaches. */
  range() {
    const { around, inside, high } = this.data;
    const whole = around.every(Number.isInteger) && inside.every((row) => row.every(Number.isInteger));
    let most = 0;
    for (let from = 0; from < this.count; from += this.per) {
      const to = Math.min(this.count, from + this.per) - 1;
      const stack = inside.reduce((total, row) => total + sum(row, from, to), 0);
      most = Math.max(most, sum(around, from, to), stack, high ? this.banded(from, to)?.[1] ?? 0 : 0);
    }
    return [whole, most];
  }

  /* Low and high of some bins: one without a band counts by what is known of it. */
  banded(from, to) {
    const { low, high, inside } = this.data;
    let [some, least, most] = [false, 0, 0];
    for (let i = from; i <= to; i += 1) {
      const best = inside.reduce((total, row) => total + row[i], 0);
      some ||= low[i] !== null && high[i] !== null;
      least += low[i] ?? best;
      most += high[i] ?? best;
    }
    return some ? [least, most] : null;
  }

  /* How many sources spoke: over several bins the average, because the same source speaks in many. */
  effort(from, to) {
    const known = this.data.effort?.slice(from, to + 1).filter((n) => n !== null) ?? [];
    return known.length ? sum(known, 0, known.length - 1) / known.length : null;
  }

  gathered() {
    const { inside, around, low } = this.data;
    const found = [];
    /* Between thin bars a gap would come and go as they are rounded to pixels. */
    this.thin = this.per * (this.right - this.left) < 4 * this.count;
    for (let from = 0; from < this.count; from += this.per) {
      const to = Math.min(this.count, from + this.per) - 1;
      const [x, end] = [Math.round(this.x(from)), Math.round(this.x(to + 1))];
      const wide = Math.max(1, Math.min(WIDEST, end - x - (this.thin ? 0 : 1)));
      found.push({
        from, to, wide, x: x + Math.floor((end - x - wide) / 2),
        inside: inside.map((row) => sum(row, from, to)), around: sum(around, from, to),
        band: low ? this.banded(from, to) : null, effort: this.effort(from, to),
      });
    }
    return found;
  }

  /* Where a bin begins. */
  x(bin) { return this.left + (bin * (this.right - this.left)) / this.count; }

  y(value) { return Math.round(this.base - (value / this.top) * BARS); }

  text(x, y, said, anchor, kind = "") {
    return shape("text", { x, y, "text-anchor": anchor, class: kind }, said);
  }

  grid() {
    const lines = [0, ...this.levels].map((level) => {
      const y = this.y(level) + 0.5;
      this.behind.append(this.text(this.left - 7, y + 4, this.pen.number(level), "end"));
      return `M${this.left} ${y}H${this.right}`;
    });
    this.behind.append(shape("path", { class: "timeline-grid", d: lines.slice(1).join("") }), shape("path", { class: "timeline-base", d: lines[0] }));
  }

  axis() {
    const [first, last] = [this.starts[0], this.starts[this.count] - 1];
    const apart = (last - first + 1) / Math.max(1, (this.right - this.left) / 66);
    const marks = ticks(first, last, Math.max(apart, LONG[this.data.bins.step]));
    if (!marks.length) marks.push({ day: first, form: this.data.bins.step === "month" ? "shortMonth" : "shortDay" });
    let [year, lines] = [null, ""];
    marks.forEach(({ day, form }) => {
      const x = Math.round(this.dayX(day)) + 0.5;
      lines += `M${x} ${this.foot}v5`;
      this.behind.append(this.text(x, this.foot + 18, this.pen.written(day, form), "middle", "timeline-date"));
      if (form !== "year" && yearOf(day) !== year) {
        year = yearOf(day);
        this.behind.append(this.text(x, this.foot + 32, this.pen.written(day, "year"), "middle", "timeline-date timeline-year"));
      }
    });
    this.behind.append(shape("path", { class: "timeline-base", d: lines }));
    if (this.foot > this.base) this.behind.append(shape("path", { class: "timeline-base", d: `M${this.left} ${this.foot + 0.5}H${this.right}` }));
  }

  /* Where a day is named: under the middle of its bin where that is wide. */
  dayX(day) {
    const bin = this.bin(day);
    if (this.right - this.left >= 12 * this.count) return this.x(bin + 0.5);
    return this.x(bin + (day - this.starts[bin]) / (this.starts[bin + 1] - this.starts[bin]));
  }

  /* One path for each category, however many bars there are. */
  stacks() {
    const { categories } = this.data;
    const paths = categories.map(() => "");
    let [pale, caps] = ["", ""];
    this.columns.forEach(({ x, wide, inside, around }) => {
      const bar = (low, high) => `M${x} ${low}V${high}h${wide}V${low}z`;
      if (around) {
        const y = Math.min(this.y(around), this.base - 1);
        pale += bar(this.base, y);
        caps += bar(y + 1, y);
      }
      const total = inside.reduce((all, n) => all + n, 0);
      if (!total) return;
      if (this.y(total) === this.base) {
        paths[inside.indexOf(Math.max(...inside))] += bar(this.base, this.base - 1);
        return;
      }
      let [reached, under] = [0, this.base];
      inside.forEach((n, i) => {
        reached += n;
        const y = this.y(reached);
        if (n && y < under) {
          /* A white line parts it from what it stands on, so that the parts are seen without their colours. */
          paths[i] += bar(under < this.base && under - y > 1 ? under - 1 : under, y);
          under = y;
        }
      });
    });
    this.bars.append(shape("path", { class: "timeline-pale", d: pale }), shape("path", { class: "timeline-caps", d: caps }),
      ...paths.map((d, i) => shape("path", { d, fill: categories[i].colour, "data-category": categories[i].name })));
  }

  /* A line from low to high at each bar; over narrow bars two lines, which leave their colours to be seen. */
  band() {
    const d = this.columns[0].wide < 8 ? this.outline() : this.columns.filter(({ band }) => band).map(({ x, wide, band: [low, high] }) => {
      const middle = Math.floor(x + wide / 2) + 0.5;
      const cap = wide >= 9 ? 3 : 0;
      const ends = cap ? [low, high].map((n) => `M${middle - cap} ${this.y(n) + 0.5}h${2 * cap}`).join("") : "";
      return `M${middle} ${this.y(low) + 0.5}V${this.y(high) + 0.5}${ends}`;
    }).join("");
    this.bars.append(shape("path", { class: "timeline-casing", d }), shape("path", { class: "timeline-whisker", d }));
  }

  outline() {
    return [0, 1].map((end) => this.columns.map(({ x, wide, band }, i) => {
      if (!band) return "";
      return `${this.columns[i - 1]?.band ? "V" : `M${x} `}${this.y(band[end]) + 0.5}H${x + wide}`;
    }).join("")).join("");
  }

  /* Who was heard, on a scale of its own; where that is not known the line stops. */
  strip() {
    const { words, direction } = this.data;
    const most = this.strongest();
    const [floor, x] = [this.foot, direction === "rtl" ? this.right : this.left];
    const y = (n) => floor - (n / (most || 1)) * (STRIP - 3);
    const label = this.text(x, floor - STRIP - 5, words.effort, "start");
    label.setAttribute("direction", direction);
    this.behind.append(label, this.text(this.left - 7, floor + 4, "0", "end"));
    if (most) this.behind.append(this.text(this.left - 7, y(most) + 6, this.pen.number(most), "end"));
    const known = (i) => (this.columns[i]?.effort ?? null) !== null;
    const d = this.columns.map(({ x: at, wide, effort }, i) => {
      if (!known(i)) return "";
      /* One that stands alone is as wide as its bar. */
      if (!known(i - 1) && !known(i + 1)) return `M${at} ${y(effort).toFixed(1)}h${wide}`;
      return `${known(i - 1) ? "L" : "M"}${at + wide / 2} ${y(effort).toFixed(1)}`;
    }).join("");
    this.behind.append(shape("path", { class: "timeline-grid", d: `M${this.left} ${Math.round(y(most)) + 0.5}H${this.right}` }), shape("path", { class: "timeline-effort", d }));
  }

  /* What has no date stands apart; a bar that would outgrow all others is cut, and its number says how tall it is. */
  without() {
    const { undated, words } = this.data;
    const [x, scale] = [this.right + APART, (n) => Math.max(TOP, Math.min(this.y(n), this.base - 1))];
    const bar = (n, fill) => shape("rect", { class: "timeline-undated", x, y: scale(n), width: UNDATED, height: this.base - scale(n), fill: `url(#${fill})` });
    this.bars.append(bar(undated.around, "pale"));
    if (undated.inside) this.bars.append(bar(undated.inside, "hatch"));
    if (this.y(undated.around) < TOP) this.bars.append(shape("path", { class: "timeline-cut", d: `M${x - 3} ${TOP + 14}l${UNDATED + 6} -7` }));
    const middle = x + UNDATED / 2;
    this.behind.append(this.text(middle, scale(undated.around) - 5, this.pen.number(undated.around), "middle"),
      this.text(middle, this.base + 16, words.undated, "middle", "timeline-date"));
  }

  brush() {
    const [low, high] = this.chosen ? [this.x(this.chosen[0]), this.x(this.chosen[1] + 1)].map(Math.round) : [0, 0];
    const wide = high - low;
    const at = (element, x, width) => Object.entries({ x, width, y: TOP - 6, height: this.foot - TOP + 6 })
      .forEach(([name, value]) => element.setAttribute(name, Math.max(0, value)));
    at(this.area, this.left, this.count ? this.right - this.left : 0);
    at(this.window, low, wide);
    /* Of a narrow window the handles reach outwards, so that each is wide enough for a finger. */
    const inner = Math.min(HANDLE / 2, wide / 3);
    at(this.handles[0], low + inner - HANDLE, this.chosen ? HANDLE : 0);
    at(this.handles[1], high - inner, this.chosen ? HANDLE : 0);
    const [middle, top] = [TOP + BARS / 2, TOP - 6];
    this.edges.setAttribute("d", this.chosen ? [low, high].map((x) => `M${x} ${top}V${this.foot}`).join("") : "");
    this.grips.setAttribute("d", this.chosen ? [low, high].map((x) => `M${x - 4} ${middle - 14}h8v28h-8z`).join("") : "");
    this.box.dataset.window = this.chosen ? String(this.chosen) : "";
    this.box.dataset.columns = String(this.columns?.length ?? 0);
    this.told();
    this.playable();
  }

  remark() {
    const { words, bins, effort } = this.data;
    const summed = filled(words[`summed_${bins.step}`], { n: this.pen.number(this.per) });
    this.note.textContent = this.per === 1 ? "" : `${summed} ${effort ? words.averaged : ""}`;
  }

  /* ---- What is said ---- */

  /* In a sentence from the right a date or a number keeps its own order. */
  apart(text) { return this.data.direction === "rtl" ? `\u2068${text}\u2069` : text; }

  dated(from, to) {
    const { words, bins: { step } } = this.data;
    const write = (day) => this.apart(step === "month" ? this.pen.month(day) : this.pen.day(day));
    const last = step === "week" ? this.starts[to + 1] - 1 : this.starts[to];
    if (write(this.starts[from]) === write(last)) return write(last);
    return filled(words.span, { from: write(this.starts[from]), to: write(last) });
  }

  named() {
    const { words } = this.data;
    const [from, to] = this.days ?? [];
    if (!from && !to) return words.all_dates;
    if (this.chosen && same(this.ends(this.chosen), this.days)) return this.dated(...this.chosen);
    const [one, other] = [from, to].map((day) => day && this.apart(this.pen.day(dayOf(day))));
    return from && to ? filled(words.span, { from: one, to: other }) : filled(from ? words.since : words.until, { from: one, to: other });
  }

  /* Until the server has answered, the number is what the bars of the window add up to. */
  told() {
    const ours = this.sent || this.drag;
    const number = ours && this.chosen ? this.pen.number(sum(this.data.around, ...this.chosen)) : this.data.total;
    const text = ours && !this.chosen ? this.named() : `${this.named()}: ${this.apart(number)}`;
    this.now.textContent = text;
    if (!ours && this.said.textContent !== text) this.said.textContent = text;
  }

  point(column) {
    this.pointed = column;
    if (!column) { this.tip.hidden = true; return; }
    const { words, categories, undated, effort } = this.data;
    const number = (n) => this.pen.number(n);
    const line = (colour, label, value) => make("li", {}, ...(colour ? [swatch(colour)] : []), word(label), make("span", {}, word(value)));
    const alone = column === "undated";
    const lines = alone ? [line("undated", words.chosen, number(undated.inside)), line("around", words.around, number(undated.around))]
      : categories.map(({ label, colour }, i) => line(colour, label, number(column.inside[i])));
    if (!alone && column.around !== column.inside.reduce((all, n) => all + n, 0)) lines.push(line("around", words.around, number(column.around)));
    if (column.band) lines.push(line("band", words.band, this.ranged(column.band)));
    if (!alone && effort) lines.push(line("", words.effort, column.effort === null ? words.unknown : number(column.effort)));
    this.tip.dir = this.data.direction;
    this.tip.replaceChildren(make("b", {}, alone ? words.undated : this.dated(column.from, column.to)), make("ul", {}, ...lines));
    this.tip.hidden = false;
    const [x, wide] = alone ? [this.right + APART, UNDATED] : [column.x, column.wide];
    const room = this.drawn - this.tip.offsetWidth;
    const beside = x + wide + 14 <= room ? x + wide + 14 : x - this.tip.offsetWidth - 14;
    this.tip.style.left = `${clamp(beside, 0, Math.max(0, room))}px`;
    /* Where there is no room beside the bars it stands over the legend. */
    this.tip.classList.toggle("above", this.drawn < 520);
  }

  ranged([low, high]) { return filled(this.data.words.range, { low: this.pen.number(low), high: this.pen.number(high) }); }
}
