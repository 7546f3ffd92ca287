/* Asks whether the session still lives; when it does not, the page goes, so that nothing readable stays. */
const EVERY = 5000;
let watch;

async function look() {
  try {
    const answer = await fetch("/session", { cache: "no-store", redirect: "manual" });
    if (answer.status === 401) window.location.reload();
  } catch {
    /* The line is down: what was typed stays in the page until it is back. */
  }
}

export default function () {
  clearInterval(watch);
  watch = setInterval(look, EVERY);
  document.onvisibilitychange = () => document.visibilityState === "visible" && look();
  return () => clearInterval(watch);
}
