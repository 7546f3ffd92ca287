/* Keeps what is typed: sends it while it is typed, holds it while the line is down, sends it again when it is back. */
const PAUSE = 700;
const LONGEST = 1000;
const LOOK = 500;
const DOWN_AFTER = 2000;
const BACK_FOR = 4000;
const JUST_BEFORE = 15000;
const FIELDS = ":is(.stTextArea, .stTextInput, .stNumberInput) :is(textarea, input)";
const CLOSE = '[data-testid="stDialog"] [aria-label="Close"]';
const STATE = "data-test-connection-state";
const app = () => document.querySelector(".stApp");
const connected = () => app()?.getAttribute(STATE) === "CONNECTED";
const resting = () => app()?.dataset.testScriptState === "notRunning";
let page;

/* A field is known by the key of its widget and its label, because Streamlit may draw it anew. */
function known(field) {
  const keyed = field.closest('[class*="st-key-"]');
  const key = [...(keyed?.classList ?? [])].find((name) => name.startsWith("st-key-")) ?? "";
  return `${key} ${field.getAttribute("aria-label") ?? ""}`;
}

const same = (field, value) => field.value === value
  || (field.type === "number" && field.value !== "" && Number(field.value) === Number(value));

/* Streamlit commits a text when it is left; this says so without leaving it. */
const commit = (field) => field.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));

/* As if it were typed: React hears of a value only through the setter of its kind of element. */
function retype(field, { value, caret }) {
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, value);
  if (caret !== null && field === document.activeElement) field.setSelectionRange(caret, caret);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

class Keeper {
  constructor(root) {
    this.banner = document.createElement("div");
    this.banner.className = "keeper";
    this.banner.setAttribute("role", "status");
    root.append(this.banner);
    this.waiting = new Map();
    this.typed = new Map();
    this.upAt = Date.now();
    this.ending = new AbortController();
    const { signal } = this.ending;
    const on = (where, name, does, capture = false) => where.addEventListener(name, does, { signal, capture });
    on(document, "input", ({ target }) => this.input(target));
    ["keydown", "beforeinput"].forEach((name) => on(document, name, ({ target }) => this.hold(target), true));
    on(document, "compositionstart", ({ target }) => { this.composing = target; });
    on(document, "compositionend", ({ target }) => {
      this.composing = undefined;
      this.input(target);
    });
    on(document, "focusin", ({ target }) => { this.focused = target; });
    on(document, "focusout", ({ target, isTrusted }) => isTrusted && this.left(target));
    on(document, "visibilitychange", () => document.hidden && this.commitAll());
    on(window, "beforeunload", (event) => this.leave(event));
    on(window, "casualty-line", ({ detail }) => { this.reached = detail.up; this.look(); });
    on(window, "casualty-ended", (event) => this.ended(event));
    on(window, "offline", () => { this.reached = false; });
    on(window, "online", () => { this.reached = undefined; });
    this.watcher = new MutationObserver((changes) => this.changed(changes));
    this.watcher.observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", STATE] });
    this.looking = setInterval(() => this.look(), LOOK);
  }

  show({ data, setStateValue }) {
    [this.words, this.heard, this.keep] = [data.words, data.heard, setStateValue];
    if (this.shown) this.say(this.shown);
  }

  input(field) {
    this.touched = Date.now();
    if (!(field instanceof Element) || !field.matches(FIELDS)) return;
    this.typed.set(known(field), { value: field.value, caret: field.selectionEnd, at: Date.now() });
    this.wait(field);
  }

  /* Until a pause in typing, but no longer than a second after the first letter that was not sent. */
  wait(field) {
    const { timer, since } = this.waiting.get(field) ?? { since: Date.now() };
    clearTimeout(timer);
    const left = Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now()));
    this.waiting.set(field, { since, timer: setTimeout(() => this.pause(field), left) });
  }

  /* In the middle of a composed letter nothing is committed; its end starts the wait again. */
  pause(field) {
    const { timer } = this.waiting.get(field);
    clearTimeout(timer);
    this.waiting.delete(field);
    if (!field.isConnected) return;
    if (this.composing === field || !this.up()) this.wait(field);
    else commit(field);
  }

  left(field) {
    if (!this.waiting.has(field) || !this.up()) return;
    clearTimeout(this.waiting.get(field).timer);
    this.waiting.delete(field);
  }

  commitAll() { [...this.waiting.keys()].forEach((field) => this.pause(field)); }

  up() { return connected() && this.reached !== false; }

  unsent() {
    return this.waiting.size > 0 || this.returning !== undefined
      || (this.lost !== undefined && this.touched > this.lost - DOWN_AFTER)
      || document.querySelector("[data-unsent]") !== null;
  }

  leave(event) {
    this.commitAll();
    if (this.unsent()) event.preventDefault();
  }

  /* While the line is down Streamlit switches its boxes off and puts a window over the page; typing must go on. */
  changed(changes) {
    if (connected()) {
      if (changes.some(({ attributeName }) => attributeName === STATE)) this.reached = undefined;
      return;
    }
    if (this.lost === undefined) this.fall();
    changes.forEach(({ target, attributeName }) => {
      if (attributeName === "disabled" && target.disabled && target.matches(FIELDS)) target.disabled = false;
    });
    const close = [...document.querySelectorAll(CLOSE)].find((button) => !this.dialogs.includes(button));
    if (!close) return;
    const field = this.focused;
    close.click();
    requestAnimationFrame(() => field?.isConnected && field.focus());
  }

  fall() {
    this.lost = this.upAt;
    this.dialogs = [...document.querySelectorAll(CLOSE)];
  }

  look() {
    const now = Date.now();
    if (this.up()) {
      if (this.lost !== undefined) this.back();
      else this.settle(now);
    } else {
      if (this.lost === undefined) this.fall();
      this.returning = undefined;
      if (now - this.lost > DOWN_AFTER && this.shown !== "ended") this.say("down");
    }
  }

  /* What the server changed, or what was sent long ago, is no longer ours to keep. */
  settle(now) {
    this.upAt = now;
    if (!this.typed.size || this.waiting.size || !resting()) return;
    const fields = this.fields();
    this.typed.forEach(({ value, at }, name) => {
      const field = fields.get(name);
      if (!field || !same(field, value) || at < now - JUST_BEFORE) this.typed.delete(name);
    });
  }

  fields() { return new Map([...document.querySelectorAll(FIELDS)].map((field) => [known(field), field])); }

  /* Back: everything is committed again, and the server has to say that it heard so. */
  back() {
    if (this.returning === undefined) {
      this.returning = { beat: 0, at: 0 };
      this.commitAll();
    }
    const step = this.returning;
    if (this.restore()) step.beat = 0;
    if (step.beat && this.heard === step.beat && resting()) {
      this.arrived();
    } else if (resting() && Date.now() - step.at > 2 * LOOK) {
      step.beat = step.at = Date.now();
      this.keep("beat", step.beat);
    }
  }

  /* A new session on the server may fill a field with an older text: what was typed last stands. */
  restore() {
    const fields = this.fields();
    return [...this.typed.keys()].filter((name) => this.mend(fields.get(name), name)).length > 0;
  }

  mend(field, name) {
    const typed = this.typed.get(name);
    if (!field || !typed || typed.at < this.lost - JUST_BEFORE || same(field, typed.value)) return false;
    retype(field, typed);
    return true;
  }

  /* The next letter must not be added to an older text. */
  hold(field) {
    if (this.lost !== undefined && field instanceof Element && field.matches(FIELDS)) this.mend(field, known(field));
  }

  arrived() {
    [this.lost, this.returning, this.upAt] = [undefined, undefined, Date.now()];
    if (!this.shown) return;
    this.say("back");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => this.shown === "back" && this.say(""), BACK_FOR);
  }

  /* The session has ended. With nothing unsent the page goes; otherwise it waits for a new sign-in. */
  ended(event) {
    if (this.lost === undefined || !this.unsent()) return;
    event.preventDefault();
    this.reached = false;
    this.say("ended");
  }

  say(which) {
    this.shown = which;
    const text = which ? this.words[which] : "";
    if (this.banner.firstChild?.textContent === text) return;
    this.banner.replaceChildren(...(text ? [Object.assign(document.createElement("span"), { textContent: text })] : []));
    this.banner.dataset.line = which;
    if (which !== "ended") return;
    const link = Object.assign(document.createElement("a"), { href: "/sign-in", target: "_blank", textContent: this.words.sign_in });
    this.banner.append(" ", link);
  }

  stop() {
    this.ending.abort();
    this.watcher.disconnect();
    clearInterval(this.looking);
    this.waiting.forEach(({ timer }) => clearTimeout(timer));
    this.banner.remove();
  }
}

export default function (component) {
  const root = component.parentElement;
  if (page?.root !== root) {
    page?.keeper.stop();
    page = { root, keeper: new Keeper(root) };
  }
  const { keeper } = page;
  keeper.show(component);
  return () => {
    keeper.stop();
    if (page?.keeper === keeper) page = undefined;
  };
}
