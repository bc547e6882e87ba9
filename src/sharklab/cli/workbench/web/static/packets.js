// <x-packets url="..." data-words="{...}"> shows the packets of a host as they pass. Only the rows on the screen
// are in the page. A row: [number, time, source, destination, protocol, length, info, kind, conversation].

/** @typedef {[number, string, string, string, string, number, string, string, string]} Row */

const HEIGHT = 22; // pixels of a row, as in workbench.css
const MOST = 50000, SPARE = 10000; // rows that are kept, and how many go together
const CELLS = [0, 1, 2, 3, 4, 5, 7, 6]; // the order of the columns
const KIND = 7, TALK = 8;

class PacketsElement extends HTMLElement {
  /** @type {Row[]} */ #rows = [];
  /** @type {Row[]} */ #shown = [];
  /** @type {WebSocket | undefined} */ #socket;
  /** @type {Record<string, string>} */ #words = {};
  #isFollowing = true;
  #isDue = false;
  #chosen = 0; // the number of a packet

  connectedCallback() {
    this.#words = JSON.parse(this.dataset.words ?? "{}");
    const view = /** @type {HTMLElement} */ (this.#at(".view"));
    view.addEventListener("scroll", () => {
      this.#isFollowing = view.scrollTop + view.clientHeight >= view.scrollHeight - HEIGHT;
      this.#due();
    });
    view.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#due()).observe(view);
    this.addEventListener("submit", (event) => this.#order(event));
    this.addEventListener("input", ({ target }) => {
      const wanted = /** @type {HTMLElement} */ (target).dataset.do;
      if (wanted === "pause") this.#isFollowing = true;
      if (wanted) this.#narrow();
    });
    this.addEventListener("click", ({ target }) => {
      const part = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest("button, [data-number]"));
      const { number, do: wanted } = part?.dataset ?? {};
      if (number) this.#choose(Number(number), true);
      else if (wanted === "follow") this.#ask(`conversation?talk=${encodeURIComponent(this.#find(this.#chosen)?.[TALK] ?? "")}`);
      else if (wanted === "close") this.#close();
    });
    this.#connect();
  }

  /** @param {string} selector @returns {any} that part of the element */
  #at(selector) {
    return this.querySelector(selector);
  }

  #connect() {
    const socket = (this.#socket = new WebSocket(this.getAttribute("url") ?? ""));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      this.#state("lost");
      setTimeout(() => this.#connect(), 1500);
    };
  }

  /** Send what a form without a request of its own asks for. @param {SubmitEvent} event */
  #order(event) {
    const form = /** @type {HTMLFormElement} */ (event.target), runs = /^(starts|runs)$/.test(this.dataset.state ?? "");
    if (!form.dataset.do) return;
    event.preventDefault();
    this.#tell("problem", "");
    const wanted = form.dataset.do === "display" ? "show" : runs ? "stop" : "start";
    const message = JSON.stringify({ do: wanted, ...Object.fromEntries(new FormData(form)) });
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
    else this.#socket?.addEventListener("open", ({ target }) => /** @type {WebSocket} */ (target).send(message));
  }

  /** @param {any} message */
  #take(message) {
    if (message.rows) this.#add(message.rows);
    else if (message.recording) this.#state(message.recording.state);
    else if (message.problem) this.#tell("problem", message.problem);
    else if ("clear" in message) {
      this.#rows = [];
      this.#narrow();
      const input = this.#at("form[data-do=display] input");
      if (input !== document.activeElement) input.value = message.display;
    }
  }

  /** @param {Row[]} rows */
  #add(rows) {
    this.#rows.push(...rows);
    if (!this.#at("[data-do=pause]").checked) this.#shown.push(...this.#fitting(rows));
    if (this.#rows.length > MOST) {
      this.#rows.splice(0, this.#rows.length - MOST + SPARE);
      const first = this.#rows[0][0];
      this.#shown.splice(0, this.#shown.findIndex((row) => row[0] >= first));
    }
    this.#due();
  }

  /** @param {Row[]} rows @returns {Row[]} those that have the text of the search */
  #fitting(rows) {
    const text = this.#at("[data-do=search]").value.trim().toLowerCase();
    return text ? rows.filter((row) => row.some((cell, index) => index !== KIND && String(cell).toLowerCase().includes(text))) : [...rows];
  }

  #narrow() {
    this.#shown = this.#fitting(this.#rows);
    this.#due();
  }

  /** Show the parts of a state, as workbench.css says. @param {string} state */
  #state(state) {
    this.dataset.state = state;
    this.#tell("state", this.#words[state]);
    if (state !== "starts") return;
    this.#chosen = 0;
    this.#at(".part").replaceChildren(); // it is of the recording before
  }

  /** @param {string} name @param {string} text */
  #tell(name, text) {
    this.#at(`[data-shows=${name}]`).textContent = text;
  }

  /** Draw at the next frame, however many rows come before it. */
  #due() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw() {
    const view = this.#at(".view"), space = this.#at(".space"), count = this.#shown.length;
    view.setAttribute("aria-rowcount", String(count + 1));
    this.#tell("count", count === this.#rows.length ? String(count) : `${count} / ${this.#rows.length}`);
    if (!view.clientHeight) return;
    space.style.height = `${count * HEIGHT}px`;
    if (this.#isFollowing) view.scrollTop = view.scrollHeight;
    const first = Math.max(0, Math.floor(view.scrollTop / HEIGHT) - 2);
    const rows = this.#shown.slice(first, first + Math.ceil(view.clientHeight / HEIGHT) + 6);
    space.replaceChildren(...rows.map((row, index) => this.#row(row, first + index)));
    const chosen = space.querySelector("[aria-selected=true]");
    if (chosen) view.setAttribute("aria-activedescendant", chosen.id);
    else view.removeAttribute("aria-activedescendant");
  }

  /** @param {Row} packet @param {number} at @returns {HTMLElement} */
  #row(packet, at) {
    const row = this.#at("template").content.firstElementChild.cloneNode(true);
    row.id = `packet-${this.getAttribute("host")}-${packet[0]}`;
    if (packet[KIND]) row.className = `kind-${packet[KIND]}`;
    row.dataset.number = String(packet[0]);
    row.setAttribute("aria-rowindex", String(at + 2));
    row.setAttribute("aria-selected", String(packet[0] === this.#chosen));
    row.style.top = `${at * HEIGHT}px`;
    for (const [index, cell] of CELLS.entries())
      row.children[index].textContent = cell === KIND ? (this.#words[packet[KIND]] ?? "") : String(packet[cell]);
    return row;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.#at(".view").clientHeight / HEIGHT) - 1);
    const now = this.#shown.findIndex((row) => row[0] === this.#chosen), end = this.#shown.length - 1;
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: end }[event.key];
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter" && this.#chosen) this.#choose(this.#chosen, true);
    else if (next === undefined || end < 0) return;
    else this.#choose(this.#shown[Math.max(0, Math.min(end, next))][0], false);
    event.preventDefault();
  }

  /** @param {number} number @returns {Row | undefined} */
  #find(number) {
    return this.#shown.find((row) => row[0] === number);
  }

  /** @param {number} number @param {boolean} open */
  #choose(number, open) {
    this.#chosen = number;
    const top = this.#shown.findIndex((row) => row[0] === number) * HEIGHT, view = this.#at(".view");
    view.scrollTop = Math.min(top, Math.max(view.scrollTop, top + HEIGHT - view.clientHeight));
    this.#isFollowing = false;
    this.#at("[data-do=follow]").disabled = !this.#find(number)?.[TALK];
    this.#due();
    if (open) this.#ask(String(number));
  }

  #close() {
    this.#at(".part").replaceChildren();
    this.#at(".view").focus();
  }

  /** Let htmx show a part beside the table. @param {string} path */
  #ask(path) {
    const part = this.#at(".part");
    part.setAttribute("hx-get", `${this.getAttribute("url")}/${path}`);
    part.dispatchEvent(new CustomEvent("wanted"));
  }
}

customElements.define("x-packets", PacketsElement);
