// Tells htmx on this page that something may have changed (`changed` on the body), and shows the time that is left.

const REFUSED = 4403; // the code of a WebSocket that closes when the cookie of its reader ends
let lead = 0; // seconds by which the clock of the server is ahead

const hear = () => document.body.dispatchEvent(new CustomEvent("changed"));

/** @param {string} path @param {number} wait milliseconds until the next try after a lost connection */
function listen(path, wait) {
  const socket = new WebSocket(path);
  let next = Math.min(wait * 2, 30000);
  socket.onopen = () => { next = 1000; hear(); };
  socket.onmessage = hear;
  socket.onclose = ({ code }) => code === REFUSED ? location.reload() : setTimeout(() => listen(path, next), next);
}

/** A part that renews itself rests while nobody can see it. @param {Event} event */
function rest(event) {
  const part = /** @type {Element} */ (event.target);
  const isSeen = !document.hidden && part.checkVisibility();
  if (!isSeen && part.matches("[hx-trigger*=every]")) event.preventDefault();
}

/** Show the time that is left in every clock, by the time of the server. */
function count() {
  for (const clock of document.querySelectorAll("[role=timer]")) {
    if (!(clock instanceof HTMLElement)) continue;
    const { begins, ends, before = "", left = "", last = "", over = "" } = clock.dataset;
    if (clock.dataset.now) lead = Number(clock.dataset.now) - Date.now() / 1000;
    delete clock.dataset.now;
    const now = Date.now() / 1000 + lead;
    const rest = (Number(begins) > now ? Number(begins) : Number(ends)) - now;
    const words = Number(begins) > now ? before : rest > 120 ? left : rest > 0 ? last : over;
    const text = words.replace("{minutes}", String(Math.ceil(rest / 60))).replace("{seconds}", String(Math.ceil(rest)));
    if (clock.textContent !== text) clock.textContent = text;
    clock.classList.toggle("late", rest < 300);
  }
}

if (document.body.dataset.news) listen(document.body.dataset.news, 500);
count();
setInterval(count, 1000);
document.addEventListener("htmx:after:swap", count);
document.addEventListener("htmx:before:request", rest);
document.addEventListener("visibilitychange", hear);
