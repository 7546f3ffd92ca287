/* Asks whether the session still lives; when it does not, the page goes, so that nothing readable stays.

   Other parts of the page hear whether the server was reached, and may hold the page while something typed is unsent. */
const EVERY = 5000;
const LONGEST = 4000;
let watch;

async function look() {
  let up = false;
  try {
    const answer = await fetch("/session", { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(LONGEST) });
    up = answer.ok;
    const ended = new CustomEvent("casualty-ended", { cancelable: true });
    if (answer.status === 401 && window.dispatchEvent(ended)) window.location.reload();
  } catch {
    /* The line is down: what was typed stays in the page until it is back. */
  }
  window.dispatchEvent(new CustomEvent("casualty-line", { detail: { up } }));
}

export default function () {
  clearInterval(watch);
  watch = setInterval(look, EVERY);
  document.onvisibilitychange = () => document.visibilityState === "visible" && look();
  return () => clearInterval(watch);
}
