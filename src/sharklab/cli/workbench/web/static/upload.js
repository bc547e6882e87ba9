// A file that is dropped on a capture is uploaded as this capture. Dropped elsewhere it does not replace the page.

/** @param {DragEvent} event */
function carry(event) {
  const files = event.dataTransfer, line = /** @type {HTMLElement} */ (event.target).closest?.(".captures li");
  for (const each of document.querySelectorAll(".captures li")) each.classList.toggle("takes", event.type === "dragover" && each === line);
  if (event.type === "dragleave" || !files?.types.includes("Files")) return;
  event.preventDefault();
  const field = line?.querySelector("input[type=file]");
  files.dropEffect = field ? "copy" : "none";
  if (event.type !== "drop" || !(field instanceof HTMLInputElement)) return;
  field.files = files.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("dragover", carry);
document.addEventListener("dragleave", carry);
document.addEventListener("drop", carry);
