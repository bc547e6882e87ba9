// Tabs by the keyboard, as WAI-ARIA's pattern says: arrows move, Home and End jump. The browser remembers the tab.

/** @param {HTMLElement} list */
function start(list) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const key = `tab ${location.pathname} ${tabs[0].id}`;
  /** @param {HTMLElement} tab */
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls") ?? "");
  /** @param {HTMLElement} chosen */
  const select = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      panel(tab)?.toggleAttribute("hidden", tab !== chosen);
    }
    sessionStorage.setItem(key, chosen.id);
    panel(chosen)?.dispatchEvent(new CustomEvent("shown"));
  };
  for (const tab of tabs) tab.addEventListener("click", () => {
    select(tab);
    panel(tab)?.dispatchEvent(new CustomEvent("entered"));
  });
  list.addEventListener("keydown", (event) => {
    const now = tabs.findIndex((tab) => tab === document.activeElement);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    const chosen = tabs[(next + tabs.length) % tabs.length];
    select(chosen);
    chosen.focus();
  });
  const kept = tabs.find((tab) => tab.id === sessionStorage.getItem(key));
  if (kept) select(kept);
}

// A part of the page elsewhere that opens a tab. On the map a machine opens its terminal, a cable its packets.
document.addEventListener("click", (event) => {
  const part = /** @type {HTMLElement} */ (event.target).closest("[data-opens], .map [data-host]");
  if (!(part instanceof HTMLElement || part instanceof SVGElement)) return;
  const kind = part.classList.contains("cable") ? "packets" : "terminal";
  const tab = document.getElementById(part.dataset.opens ?? `tab-${kind}-${part.dataset.host}`);
  tab?.focus();
  tab?.click();
});

for (const list of document.querySelectorAll("[role=tablist]")) start(/** @type {HTMLElement} */ (list));
