// A file that is dropped on a capture is uploaded as this capture. Dropped elsewhere it does not replace the page.

/** @param {DragEvent} event @returns {HTMLInputElement | null | undefined} the field of the capture below the mouse */
function field(event) {
  return /** @type {HTMLElement} */ (event.target).closest(".captures li")?.querySelector("input[type=file]");
}

/** @param {Element | null | undefined} shown the capture that would take the file */
function mark(shown) {
  for (const each of document.querySelectorAll(".captures li")) each.classList.toggle("takes", each === shown);
}

document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const own = field(event);
  event.dataTransfer.dropEffect = own ? "copy" : "none";
  mark(own?.closest("li"));
});
document.addEventListener("dragleave", () => mark(null));
document.addEventListener("drop", (event) => {
  const own = field(event), files = event.dataTransfer?.files;
  if (!files?.length) return;
  event.preventDefault();
  mark(null);
  if (!own) return;
  own.files = files;
  own.dispatchEvent(new Event("change", { bubbles: true }));
});
