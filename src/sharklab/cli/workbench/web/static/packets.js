// <x-packets url="..."> shows the packets of a host as they pass. Only the rows on the screen are in the page.
// A row: [number, time, source, destination, protocol, length, info, kind, conversation].

/** @typedef {[number, string, string, string, string, number, string, string, string]} Row */

const HEIGHT = 22; // pixels of a row, as in workbench.css
const MOST = 50000, SPARE = 10000; // rows that are kept, and how many go together
const CELLS = [0, 1, 2, 3, 4, 5, 7, 6]; // the order of the columns

class PacketsElement extends HTMLElement {
  /** @type {Row[]} */ #rows = [];
  /** @type {Row[]} */ #shown = [];
  /** @type {WebSocket | undefined} */ #socket;
  #search = "";
  #isPaused = false;
  #isFollowing = true;
  #isDue = false;
  #isOver = false;
  #chosen = 0; // the number of a packet
  #url = "";
  /** @type {Map<string, string>} */ #kinds = new Map();

  connectedCallback() {
    this.#url = this.getAttribute("url") ?? "";
    for (const one of this.querySelectorAll("template[data-kind]"))
      this.#kinds.set(/** @type {HTMLElement} */ (one).dataset.kind ?? "", /** @type {HTMLTemplateElement} */ (one).content.textContent ?? "");
    const view = this.#view;
    view.addEventListener("scroll", () => {
      this.#isFollowing = view.scrollTop + view.clientHeight >= view.scrollHeight - HEIGHT;
      this.#due();
    });
    view.addEventListener("keydown", (event) => this.#key(event));
    view.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("[data-number]");
      if (row instanceof HTMLElement) this.#choose(Number(row.dataset.number), true);
    });
    new ResizeObserver(() => this.#due()).observe(view);
    this.#form("record", (given) => this.#send({ do: /^(starts|runs)$/.test(this.dataset.state ?? "") ? "stop" : "start", ...given }));
    this.#form("display", (given) => this.#send({ do: "show", ...given }));
    this.#on("search", "input", (input) => this.#narrow(/** @type {HTMLInputElement} */ (input).value));
    this.#on("pause", "click", (button) => {
      this.#isPaused = !this.#isPaused;
      button.setAttribute("aria-pressed", String(this.#isPaused));
      this.#isFollowing = !this.#isPaused;
      this.#due();
    });
    this.#on("follow", "click", () => this.#conversation());
    this.#on("close", "click", () => this.#close());
    this.#connect();
  }

  disconnectedCallback() {
    this.#isOver = true;
    this.#socket?.close();
  }

  get #view() {
    return /** @type {HTMLElement} */ (this.querySelector(".view"));
  }

  /** @param {string} name @param {(given: Record<string, string>) => void} act */
  #form(name, act) {
    const form = /** @type {HTMLFormElement | null} */ (this.querySelector(`form[data-do=${name}]`));
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say("");
      act(Object.fromEntries([...new FormData(form)].map(([key, value]) => [key, String(value)])));
    });
  }

  /** @param {string} name @param {string} event @param {(element: HTMLElement) => void} act */
  #on(name, event, act) {
    const element = this.querySelector(`[data-do=${name}]`);
    if (element instanceof HTMLElement) element.addEventListener(event, () => act(element));
  }

  #connect() {
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => {
      if (this.#isOver) return;
      this.#state("lost");
      setTimeout(() => this.#connect(), 1500);
    };
  }

  /** @param {object} message */
  #send(message) {
    const socket = this.#socket, send = () => socket?.send(JSON.stringify(message));
    if (socket?.readyState === WebSocket.CONNECTING) socket.addEventListener("open", send);
    else if (socket?.readyState === WebSocket.OPEN) send();
  }

  /** @param {any} message */
  #take(message) {
    if (message.rows) this.#add(message.rows);
    else if (message.recording) this.#state(message.recording.state);
    else if (message.problem) this.#say(message.problem);
    else if ("clear" in message) {
      this.#rows = [];
      this.#narrow(this.#search);
      const input = this.querySelector("form[data-do=display] input");
      if (input instanceof HTMLInputElement && input !== document.activeElement) input.value = message.display;
    }
  }

  /** @param {Row[]} rows */
  #add(rows) {
    this.#rows.push(...rows);
    this.#shown.push(...(this.#search ? rows.filter((row) => this.#fits(row)) : rows));
    if (this.#rows.length > MOST) {
      this.#rows.splice(0, this.#rows.length - MOST + SPARE);
      const first = this.#rows[0][0];
      this.#shown.splice(0, this.#shown.findIndex((row) => row[0] >= first));
    }
    this.#due();
  }

  /** @param {Row} row */
  #fits(row) {
    return row.some((cell, index) => index !== 7 && String(cell).toLowerCase().includes(this.#search));
  }

  /** @param {string} text */
  #narrow(text) {
    this.#search = text.trim().toLowerCase();
    this.#shown = this.#search ? this.#rows.filter((row) => this.#fits(row)) : [...this.#rows];
    this.#due();
  }

  /** Show the parts of a state, as workbench.css says. @param {string} state */
  #state(state) {
    this.dataset.state = state;
    if (state === "starts") {
      this.#chosen = 0;
      this.querySelector(".part")?.replaceChildren(); // it is of the recording before
    }
    const words = this.querySelector(`template[data-state=${state}]`), shown = this.querySelector("[data-shows=state]");
    if (shown && words instanceof HTMLTemplateElement) shown.textContent = words.content.textContent;
  }

  /** @param {string} text */
  #say(text) {
    const shown = this.querySelector("[data-shows=problem]");
    if (shown) shown.textContent = text;
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
    const view = this.#view, space = /** @type {HTMLElement} */ (view.querySelector(".space"));
    const count = this.#shown.length;
    view.setAttribute("aria-rowcount", String(count + 1));
    const total = this.querySelector("[data-shows=count]");
    if (total) total.textContent = this.#search ? `${count} / ${this.#rows.length}` : String(count);
    if (!view.clientHeight) return;
    if (this.#isPaused && space.childElementCount) return;
    space.style.height = `${count * HEIGHT}px`;
    if (this.#isFollowing) view.scrollTop = view.scrollHeight;
    const first = Math.max(0, Math.floor(view.scrollTop / HEIGHT) - 2);
    const last = Math.min(count, first + Math.ceil(view.clientHeight / HEIGHT) + 4);
    const rows = [];
    for (let at = first; at < last; at++) rows.push(this.#row(this.#shown[at], at));
    space.replaceChildren(...rows);
    const chosen = this.#chosen ? document.getElementById(this.#id(this.#chosen)) : null;
    if (chosen) view.setAttribute("aria-activedescendant", chosen.id);
    else view.removeAttribute("aria-activedescendant");
  }

  /** @param {number} number */
  #id(number) {
    return `packet-${this.getAttribute("host")}-${number}`;
  }

  /** @param {Row} packet @param {number} at */
  #row(packet, at) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.id = this.#id(packet[0]);
    if (packet[7]) row.className = `kind-${packet[7]}`;
    row.dataset.number = String(packet[0]);
    row.setAttribute("aria-rowindex", String(at + 2));
    row.setAttribute("aria-selected", String(packet[0] === this.#chosen));
    row.style.top = `${at * HEIGHT}px`;
    for (const index of CELLS) {
      const cell = document.createElement("span");
      cell.setAttribute("role", "gridcell");
      cell.textContent = index === 7 ? (this.#kinds.get(packet[7]) ?? "") : String(packet[index]);
      row.append(cell);
    }
    return row;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.#view.clientHeight / HEIGHT) - 1);
    const now = this.#shown.findIndex((row) => row[0] === this.#chosen);
    const end = this.#shown.length - 1;
    const next = { ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page, Home: 0, End: end }[event.key];
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter" && this.#chosen) this.#choose(this.#chosen, true);
    else if (next === undefined || end < 0) return;
    else this.#choose(this.#shown[Math.max(0, Math.min(end, next))][0], false);
    event.preventDefault();
  }

  /** @param {number} number @param {boolean} open */
  #choose(number, open) {
    this.#chosen = number;
    const at = this.#shown.findIndex((row) => row[0] === number), view = this.#view;
    if (at * HEIGHT < view.scrollTop) view.scrollTop = at * HEIGHT;
    else if ((at + 1) * HEIGHT > view.scrollTop + view.clientHeight) view.scrollTop = (at + 1) * HEIGHT - view.clientHeight;
    this.#isFollowing = false;
    const follow = this.querySelector("[data-do=follow]");
    if (follow instanceof HTMLButtonElement) follow.disabled = !this.#shown[at]?.[8];
    for (const row of this.querySelectorAll("[aria-selected]"))
      row.setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.number === String(number)));
    this.#due();
    if (open) this.#ask(String(number));
  }

  #conversation() {
    const talk = this.#shown.find((row) => row[0] === this.#chosen)?.[8];
    if (talk) this.#ask(`conversation?talk=${encodeURIComponent(talk)}`);
  }

  #close() {
    this.querySelector(".part")?.replaceChildren();
    this.#view.focus();
  }

  /** Let htmx show a part beside the table. @param {string} path */
  #ask(path) {
    const part = this.querySelector(".part");
    part?.setAttribute("hx-get", `${this.#url}/${path}`);
    part?.dispatchEvent(new CustomEvent("wanted"));
  }
}

customElements.define("x-packets", PacketsElement);
