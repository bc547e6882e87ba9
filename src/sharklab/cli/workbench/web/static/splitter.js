// A bar between two panes that the mouse and the arrow keys move; the browser remembers its place.

/** @param {HTMLElement} bar */
function start(bar) {
  const box = /** @type {HTMLElement} */ (bar.parentElement);
  const flat = bar.getAttribute("aria-orientation") === "horizontal";
  const key = `split ${bar.id}`;
  /** @param {number} share percent of the first pane */
  const place = (share) => {
    const value = Math.round(Math.min(80, Math.max(20, share)));
    box.style.setProperty("--share", `${value}%`);
    bar.setAttribute("aria-valuenow", String(value));
    localStorage.setItem(key, String(value));
  };
  const now = () => Number(bar.getAttribute("aria-valuenow"));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowUp: -2, ArrowRight: 2, ArrowDown: 2 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    place(now() + step);
  });
  bar.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId));
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const area = box.getBoundingClientRect();
    place(flat ? ((event.clientY - area.top) / area.height) * 100 : ((event.clientX - area.left) / area.width) * 100);
  });
  place(Number(localStorage.getItem(key) ?? now()));
}

for (const bar of document.querySelectorAll("[role=separator][tabindex]")) start(/** @type {HTMLElement} */ (bar));
