/* A table typed fast: real inputs, rows pasted from a spreadsheet. What stands in the page wins over the server. */
const PAUSE = 500;
const LONGEST = 1000;
const AGAIN = 1500;
const parts = new WeakMap();
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (slot, name) => values[name] ?? slot);
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\p{M}\u0640]/gu, "").replace(/\s+/g, " ").trim();
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");

function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => value !== undefined && made.setAttribute(name, value));
  made.append(...inside);
  return made;
}

/* Tab-separated text as a spreadsheet copies it: a quoted cell may hold tabs, line breaks and doubled quotes. */
function fromText(text) {
  const cells = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/y;
  const rows = [[]];
  for (let found = cells.exec(text); found; found = cells.exec(text)) {
    rows.at(-1).push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (!found[3] || cells.lastIndex === text.length) break;
    if (found[3] !== "\t") rows.push([]);
  }
  return rows;
}

/* The first table of copied HTML; a merged cell stands where it begins, so that its neighbours stay in their columns. */
function fromHtml(html) {
  const table = new DOMParser().parseFromString(html, "text/html").querySelector("table");
  if (!table) return null;
  table.querySelectorAll("br").forEach((line) => line.replaceWith(" "));
  const rows = [...table.rows].map(() => []);
  [...table.rows].forEach((row, down) => [...row.cells].forEach((cell) => {
    let over = 0;
    while (rows[down][over] !== undefined) over += 1;
    for (let y = 0; y < cell.rowSpan && down + y < rows.length; y += 1) {
      for (let x = 0; x < cell.colSpan; x += 1) rows[down + y][over + x] = "";
    }
    rows[down][over] = cell.textContent;
  }));
  return rows.map((row) => Array.from(row, (cell) => cell ?? ""));
}

function copied(clipboard) {
  const rows = fromHtml(clipboard.getData("text/html")) ?? fromText(clipboard.getData("text/plain"));
  const tidy = rows.map((row) => row.map((cell) => cell.replace(/\s+/g, " ").trim()));
  while (tidy.length && !tidy.at(-1).some(Boolean)) tidy.pop();
  return tidy;
}

class Grid {
  constructor(root) {
    this.box = make("div", { class: "grid" });
    this.said = make("p", { class: "grid-said", role: "status" });
    this.bar = make("div", { class: "grid-undo" });
    this.table = make("table", { role: "table" });
    this.box.append(this.table, this.bar, this.said);
    root.append(this.box);
    this.rows = [];
    this.done = [];
    this.table.addEventListener("input", (event) => this.typed(event.target));
    this.table.addEventListener("focusout", () => this.send());
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("paste", (event) => this.paste(event));
    this.table.addEventListener("click", (event) => this.press(event.target.closest("button")));
    this.bar.addEventListener("click", (event) => event.target.closest("button") && this.undo());
  }

  /* Called at every run of the page: the rows of the server are taken once for each generation. */
  show({ data, setStateValue }) {
    const face = JSON.stringify([data.columns, data.words, data.direction]);
    const fresh = data.generation !== this.data?.generation;
    [this.data, this.keep] = [data, setStateValue];
    this.columns = data.columns;
    if (fresh) {
      this.rows = data.rows.map((row) => ({ ...row }));
      [this.done, this.sent] = [[], JSON.stringify(this.held())];
      clearTimeout(this.waiting);
      this.box.removeAttribute("data-unsent");
    }
    if (fresh || face !== this.face) this.build();
    this.face = face;
    this.mark();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.compare(), AGAIN);
  }

  /* A server that was started anew may hold older rows. */
  compare() {
    const plain = (rows) => JSON.stringify(rows.map((row) => [row.id, ...this.columns.map(({ name }) => row[name] ?? "")]));
    if (this.box.hasAttribute("data-unsent") || plain(this.data.rows) === plain(this.held())) return;
    this.sent = undefined;
    this.send();
  }

  blank(row) { return !this.columns.some(({ name }) => row[name]?.trim()); }

  held() {
    return this.rows.filter((row) => !this.blank(row)).map((row) => {
      const cells = this.columns.map(({ name }) => [name, row[name]?.trim() ?? ""]);
      return { ...row, ...Object.fromEntries(cells) };
    });
  }

  changed() {
    this.box.setAttribute("data-unsent", "");
    clearTimeout(this.waiting);
    this.since ??= Date.now();
    this.waiting = setTimeout(() => this.send(), Math.max(0, Math.min(PAUSE, this.since + LONGEST - Date.now())));
  }

  send() {
    clearTimeout(this.waiting);
    this.since = undefined;
    const rows = this.held();
    const now = JSON.stringify(rows);
    this.box.removeAttribute("data-unsent");
    if (now === this.sent) return;
    this.sent = now;
    this.keep("rows", { generation: this.data.generation, rows });
  }

  build() {
    const { words, direction } = this.data;
    const at = document.activeElement?.closest?.(".grid") === this.box ? this.at(document.activeElement) : null;
    this.box.dir = direction;
    const heads = this.columns.map(({ label, required, width }) => {
      const head = make("th", { role: "columnheader", scope: "col" }, label);
      if (required) head.append(make("span", { class: "grid-required", title: words.required }, " *"));
      if (width) head.style.minWidth = `${width}rem`;
      return head;
    });
    const [number, doing] = [words.number, words.actions].map((text) =>
      make("th", { role: "columnheader", scope: "col" }, make("span", { class: "grid-hidden" }, text)));
    const top = make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, number, ...heads, doing));
    this.body = make("tbody", { role: "rowgroup" });
    this.table.replaceChildren(top, this.body);
    this.rows.forEach((row) => this.body.append(this.line(row)));
    this.count();
    this.close();
    this.offer();
    if (at) this.focus(at.down, at.over);
  }

  /* There is always one empty row at the end. */
  close() {
    if (!this.rows.length || !this.blank(this.rows.at(-1))) {
      this.rows.push({ id: newId() });
      this.body.append(this.line(this.rows.at(-1)));
    }
    this.count(this.rows.length - 2);
  }

  line(row) {
    const { words } = this.data;
    const button = (does, text) => make("button", { type: "button", "data-does": does, tabindex: "-1" }, text);
    const cells = this.columns.map((column) => {
      const name = make("span", { class: "grid-name", "aria-hidden": "true" }, column.label + (column.required ? " *" : ""));
      const cell = make("td", { role: "cell" }, name, this.field(column), make("div", { class: "grid-fault" }));
      this.fill(cell.children[1], row[column.name] ?? "");
      return cell;
    });
    const doing = make("td", { role: "cell", class: "grid-doing" }, button("same", words.same), button("remove", words.remove));
    return make("tr", { role: "row", "data-id": row.id }, make("th", { role: "rowheader", scope: "row" }), ...cells, doing);
  }

  field({ name, kind, options, required }) {
    const known = { name, "data-column": name, "aria-required": required ? "true" : undefined, autocomplete: "off" };
    if (kind !== "choice") return make("input", { ...known, type: "text", spellcheck: "false" });
    return make("select", known, make("option", { value: "" }), ...options.map(([value, label]) => make("option", { value }, label)));
  }

  /* A value that is no option is kept as an option of its own, and marked. */
  fill(field, value) {
    if (field.tagName === "SELECT" && value && ![...field.options].some((option) => option.value === value)) {
      field.append(make("option", { value, "data-unlisted": "" }, value));
    }
    field.value = value;
    field.dir = field.value ? "auto" : this.data.direction;
  }

  /* Numbers the rows from one on, and says which buttons they have. */
  count(from = 0) {
    const { words } = this.data;
    [...this.body.rows].slice(Math.max(0, from)).forEach((line) => {
      const down = line.sectionRowIndex;
      const row = down + 1;
      line.cells[0].textContent = row;
      this.columns.forEach((column, over) => {
        line.cells[over + 1].children[1].ariaLabel = filled(words.cell, { name: column.label, row });
      });
      line.querySelectorAll("button").forEach((button) => {
        button.title = button.ariaLabel = filled(words[`${button.dataset.does}_row`], { row });
      });
      line.querySelector('[data-does="same"]').disabled = down === 0;
      line.querySelector('[data-does="remove"]').disabled = down === this.rows.length - 1;
    });
  }

  mark() {
    [...this.body.rows].forEach((line) => this.columns.forEach((column, over) => {
      const field = line.cells[over + 1].children[1];
      const unlisted = field.selectedOptions?.[0]?.hasAttribute("data-unlisted");
      const own = unlisted ? filled(this.data.words.unlisted, { value: field.value }) : "";
      this.blame(field, this.data.faults[line.dataset.id]?.[column.name] ?? own);
    }));
  }

  blame(field, text) {
    const under = field.nextElementSibling;
    if (under.textContent === text) return;
    under.textContent = text;
    under.id = `grid-fault-${field.closest("tr").dataset.id}-${field.name}`;
    if (text) {
      field.ariaInvalid = "true";
      field.setAttribute("aria-describedby", under.id);
    } else {
      ["aria-invalid", "aria-describedby"].forEach((name) => field.removeAttribute(name));
    }
  }

  at(field) {
    const over = this.columns.findIndex(({ name }) => name === field.dataset?.column);
    return { down: field.closest("tr")?.sectionRowIndex ?? 0, over };
  }

  focus(down, over) {
    const field = this.body.rows[Math.max(0, Math.min(down, this.rows.length - 1))]?.cells[over + 1]?.children[1];
    field?.focus();
    field?.select?.();
  }

  typed(field) {
    const { down } = this.at(field);
    this.rows[down][field.name] = field.value;
    field.dir = field.value ? "auto" : this.data.direction;
    if (field.tagName === "SELECT") this.mark();
    if (down === this.rows.length - 1) this.close();
    this.changed();
  }

  set(down, over, value) {
    const { name } = this.columns[over];
    this.rows[down][name] = value;
    this.fill(this.body.rows[down].cells[over + 1].children[1], value);
    if (down === this.rows.length - 1) this.close();
  }

  key(event) {
    const { down, over } = this.at(event.target);
    if (over < 0 || event.isComposing) return;
    const text = event.target.tagName === "INPUT" || event.ctrlKey;
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: text ? 1 : 0, ArrowUp: text ? -1 : 0 }[event.key] ?? 0;
    if (step && !event.altKey) {
      event.preventDefault();
      this.focus(down + step, over);
      if (event.key === "Enter") this.send();
    } else if (event.ctrlKey && event.code === "KeyD" && down > 0) {
      event.preventDefault();
      if (event.shiftKey) this.same(down);
      else this.set(down, over, this.rows[down - 1][this.columns[over].name] ?? "");
      this.mark();
      this.changed();
    } else if (event.ctrlKey && event.key === "Delete" && down < this.rows.length - 1) {
      event.preventDefault();
      this.remove(down);
      this.send();
    }
  }

  press(button) {
    if (!button) return;
    const down = button.closest("tr").sectionRowIndex;
    if (button.dataset.does === "same") this.same(down);
    else this.remove(down);
    this.send();
  }

  same(down) {
    this.columns.forEach(({ name }, over) => {
      if (!this.rows[down][name]?.trim()) this.set(down, over, this.rows[down - 1][name] ?? "");
    });
    this.mark();
    this.focus(down, 0);
  }

  remove(down) {
    const [row] = this.rows.splice(down, 1);
    this.body.rows[down].remove();
    this.count();
    this.done.push({ text: filled(this.data.words.removed, { row: down + 1 }), removed: row, down });
    this.offer();
    this.focus(down, 0);
  }

  offer() {
    const last = this.done.at(-1);
    this.bar.replaceChildren();
    if (!last) return;
    this.bar.append(make("span", {}, last.text), make("button", { type: "button" }, this.data.words.undo));
    this.say(last.text);
  }

  /* Takes back the last removal or paste; a cell that was typed over since stays as typed. */
  undo() {
    const { removed, down, pasted } = this.done.pop();
    if (removed) {
      const at = Math.min(down, this.rows.length - 1);
      this.rows.splice(at, 0, removed);
      this.body.rows[at].before(this.line(removed));
      this.count();
      this.focus(at, 0);
    }
    pasted?.forEach(({ row, over, before, after }) => {
      const line = this.rows.indexOf(row);
      if (line >= 0 && row[this.columns[over].name] === after) this.set(line, over, before);
    });
    this.mark();
    this.offer();
    this.send();
  }

  paste(event) {
    const { down, over } = this.at(event.target);
    const rows = over < 0 ? [] : copied(event.clipboardData);
    if (!rows.length || (rows.length === 1 && rows[0].length === 1 && event.target.tagName === "INPUT")) return;
    event.preventDefault();
    const named = this.headed(rows[0]);
    const columns = named ?? rows[0].map((_, x) => over + x);
    const [pasted, lost] = this.spread(named ? rows.slice(1) : rows, down, columns);
    const { words } = this.data;
    const text = filled(words.pasted, { rows: rows.length - (named ? 1 : 0) });
    this.done.push({ text: lost ? `${text} ${filled(words.beyond, { cells: lost })}` : text, pasted });
    this.offer();
    this.mark();
    this.send();
  }

  /* The columns of a heading row, when every heading of it is the name of a column. */
  headed(first) {
    const names = this.columns.map(({ name, label }) => [fold(name), fold(label)]);
    const found = first.map((cell) => names.findIndex((both) => both.includes(fold(cell))));
    return first.length > 1 && found.every((column) => column >= 0) ? found : null;
  }

  spread(rows, down, columns) {
    const pasted = [];
    let lost = 0;
    rows.forEach((cells, y) => cells.forEach((cell, x) => {
      const over = columns[x] ?? columns[0] + x;
      if (over >= this.columns.length) {
        lost += cell ? 1 : 0;
        return;
      }
      while (this.rows.length <= down + y) this.extend();
      const row = this.rows[down + y];
      const after = this.meant(this.columns[over], cell);
      pasted.push({ row, over, before: row[this.columns[over].name] ?? "", after });
      this.set(down + y, over, after);
    }));
    return [pasted, lost];
  }

  /* A row between pasted ones may be empty. */
  extend() {
    this.rows.push({ id: newId() });
    this.body.append(this.line(this.rows.at(-1)));
    this.count();
  }

  /* A choice may be pasted by its value or by any of its labels. */
  meant({ kind, options }, text) {
    if (kind !== "choice" || !text) return text;
    const sought = fold(text);
    return options.find((names) => names.some((name) => fold(name) === sought))?.[0] ?? text;
  }

  say(text) { this.said.textContent = text; }

  stop() {
    clearTimeout(this.asking);
    this.send();
    this.box.remove();
  }
}

export default function (component) {
  const root = component.parentElement;
  if (!parts.has(root)) parts.set(root, new Grid(root));
  parts.get(root).show(component);
  return () => {
    parts.get(root)?.stop();
    parts.delete(root);
  };
}
