// The place of each bar between two panes is the value of a slider; the browser remembers it.

for (const bar of document.querySelectorAll("input.between")) {
  if (!(bar instanceof HTMLInputElement)) continue;
  const key = `split ${bar.id}`, place = () => bar.parentElement?.style.setProperty("--share", `${bar.value}%`);
  bar.value = localStorage.getItem(key) ?? bar.value;
  bar.addEventListener("input", () => { place(); localStorage.setItem(key, bar.value); });
  place();
}
