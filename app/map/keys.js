/* One listener for the keys of the page; the question mark lists them. */
const HELD = { Alt: "altKey", Ctrl: "ctrlKey", Shift: "shiftKey" };
const FIELDS = "input, textarea, select, [contenteditable=true]";
const ACTIVE = `a[href], button, summary, ${FIELDS}, [tabindex]`;
const CLICKED = "a[href], button, summary";
let page;

/* By the place of the key too, because an Arabic keyboard has another letter there. */
function struck(event, keys) {
  const parts = keys.split("+");
  const last = parts.pop().toLowerCase();
  const held = Object.entries(HELD).every(([name, flag]) => event[flag] === parts.includes(name));
  return held && !event.metaKey && (event.key.toLowerCase() === last || event.code.toLowerCase() === `key${last}`
    || event.code.toLowerCase() === `digit${last}`);
}

const deep = () => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
};

function target(press) {
  const selector = /^[\w-]+$/.test(press) ? `.st-key-${press}` : press;
  const seen = (found) => found.getClientRects().length > 0 && !found.disabled;
  const found = [...document.querySelectorAll(selector)].find(seen);
  return found?.matches(ACTIVE) ? found : [...(found?.querySelectorAll(ACTIVE) ?? [])].find(seen);
}

class Keys {
  constructor(root) {
    this.list = document.createElement("dialog");
    this.list.className = "keys";
    this.said = document.createElement("p");
    this.said.className = "keys-said";
    this.said.setAttribute("role", "status");
    root.append(this.list, this.said);
    this.heard = (event) => this.hear(event);
    document.addEventListener("keydown", this.heard);
  }

  show({ bindings, words, direction }) {
    [this.bindings, this.words] = [bindings, words];
    const title = Object.assign(document.createElement("h2"), { id: "keys-title", textContent: words.title });
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: words.close });
    close.onclick = () => this.list.close();
    const lines = document.createElement("dl");
    [...bindings, ...(words.more ?? [])].forEach(({ keys, says }) => {
      const term = document.createElement("dt");
      keys.split("+").forEach((key) => term.append(Object.assign(document.createElement("kbd"), { textContent: key })));
      lines.append(term, Object.assign(document.createElement("dd"), { textContent: says }));
    });
    this.list.dir = direction;
    this.list.setAttribute("aria-labelledby", "keys-title");
    this.list.replaceChildren(title, lines, close);
  }

  hear(event) {
    if (event.isComposing || event.defaultPrevented || this.list.open) return;
    if (["?", "؟"].includes(event.key) && !event.ctrlKey && !event.altKey && !deep()?.matches(FIELDS)) {
      event.preventDefault();
      this.list.showModal();
      return;
    }
    const binding = this.bindings.find(({ keys }) => struck(event, keys));
    if (!binding) return;
    event.preventDefault();
    this.go(binding);
  }

  go({ press, says }) {
    const found = target(press);
    this.said.textContent = "";
    requestAnimationFrame(() => { this.said.textContent = found ? says : this.words.absent; });
    if (!found) return;
    found.scrollIntoView({ block: "nearest" });
    found.focus();
    if (found.matches(CLICKED)) found.click();
  }

  stop() {
    document.removeEventListener("keydown", this.heard);
    this.list.remove();
    this.said.remove();
  }
}

export default function ({ parentElement, data }) {
  if (page?.root !== parentElement) {
    page?.keys.stop();
    page = { root: parentElement, keys: new Keys(parentElement) };
  }
  const { keys } = page;
  keys.show(data);
  return () => {
    keys.stop();
    if (page?.keys === keys) page = undefined;
  };
}
