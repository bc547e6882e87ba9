// <x-terminal url="..."> is a terminal on a host. The shell is kept by the server: this element shows it, and
// connects again after a lost network. Messages begin with a letter, see hosts/door/terminal.py.
import { FitAddon } from "./addon-fit.js";
import { SearchAddon } from "./addon-search.js";
import { Terminal } from "./xterm.js";

const ACKNOWLEDGE = 16384; // bytes that are drawn between two acknowledgements
const LARGEST = 32768; // bytes of input in one message
const REFUSED = 4403, ENDED = 4000; // codes of a closed WebSocket
const SIZES = [10, 12, 14, 16, 18, 22];
const encoder = new TextEncoder(), decoder = new TextDecoder();

class TerminalElement extends HTMLElement {
  #terminal = new Terminal({ scrollback: 10000, fontSize: Number(localStorage.getItem("font size")) || 14,
    fontFamily: "ui-monospace, monospace", linkHandler: { activate() {} }, theme: { background: "#14181d" } });
  #fit = new FitAddon();
  #search = new SearchAddon();
  /** @type {WebSocket | undefined} */
  #socket;
  #isPast = false;
  #drawn = 0;
  #wait = 500;
  #isOver = false;

  connectedCallback() {
    const screen = /** @type {HTMLElement} */ (this.querySelector(".screen"));
    new ResizeObserver(() => this.#show(screen)).observe(screen);
    this.closest("[role=tabpanel]")?.addEventListener("entered", () => {
      this.#show(screen);
      this.#terminal.focus();
    });
  }

  /** @param {HTMLElement} screen */
  #show(screen) {
    if (!screen.clientWidth) return;
    if (!this.#terminal.element) this.#open(screen);
    this.#claim();
  }

  /** @param {HTMLElement} screen */
  #open(screen) {
    const terminal = this.#terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.#search);
    terminal.open(screen);
    terminal.textarea?.setAttribute("aria-label", this.getAttribute("label") ?? "");
    terminal.textarea?.setAttribute("tabindex", "-1"); // Tab goes past: the shell would keep it. Enter on the tab goes in
    terminal.onData((text) => this.#type(encoder.encode(text)));
    terminal.onBinary((text) => this.#type(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    terminal.textarea?.addEventListener("focus", () => this.#claim());
    const find = this.querySelector("input[type=search]");
    find?.addEventListener("keydown", (event) => {
      if (!(event instanceof KeyboardEvent) || !(find instanceof HTMLInputElement)) return;
      if (event.key === "Escape") terminal.focus();
      if (event.key !== "Enter") return;
      if (event.shiftKey) this.#search.findNext(find.value);
      else this.#search.findPrevious(find.value);
    });
    this.#connect();
  }

  #connect() {
    const socket = this.#socket = new WebSocket(this.getAttribute("url") ?? "");
    socket.binaryType = "arraybuffer";
    let said = "";
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") said = data;
      else this.#take(new Uint8Array(data));
    };
    socket.onclose = ({ code }) => {
      this.#isOver = code === REFUSED || code === ENDED;
      this.#say(code === REFUSED ? "refused" : code === ENDED ? "ended" : "lost", said);
      if (this.#isOver) return;
      setTimeout(() => this.#connect(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, 5000);
    };
  }

  /** @param {Uint8Array} message */
  #take(message) {
    const content = message.subarray(1), terminal = this.#terminal;
    switch (String.fromCharCode(message[0])) {
      case "r":
        this.#isPast = true;
        this.#drawn = 0;
        terminal.reset();
        break;
      case "p":
      case "o":
        terminal.write(content, () => this.#drew(content.length));
        break;
      case "n":
        terminal.write("", () => {
          this.#isPast = false;
          this.#wait = 500;
          this.#say("", "");
          this.#claim();
        });
        break;
      case "s": {
        const { columns, rows } = JSON.parse(decoder.decode(content));
        terminal.resize(columns, rows);
        break;
      }
      case "v":
        this.#showViewers(JSON.parse(decoder.decode(content)));
        break;
    }
  }

  /** @param {number} count */
  #drew(count) {
    this.#drawn += count;
    if (this.#drawn < ACKNOWLEDGE) return;
    this.#send("a", encoder.encode(String(this.#drawn)));
    this.#drawn = 0;
  }

  /** @param {Uint8Array} bytes */
  #type(bytes) {
    if (this.#isOver && bytes[0] === 13) {
      this.#isOver = false;
      this.#connect();
    }
    if (this.#isPast) return; // the terminal answers a question of long ago
    for (let at = 0; at < bytes.length; at += LARGEST) this.#send("i", bytes.subarray(at, at + LARGEST));
  }

  /** @param {string} kind @param {Uint8Array} content */
  #send(kind, content) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(content.length + 1);
    message[0] = kind.charCodeAt(0);
    message.set(content, 1);
    this.#socket.send(message);
  }

  /** Take the size of the element, unless the terminal follows somebody else's. */
  #claim() {
    if (this.hasAttribute("follows") || this.#isPast || !this.#terminal.element?.offsetParent) return;
    this.#fit.fit();
    const { cols: columns, rows } = this.#terminal;
    this.#send("s", encoder.encode(JSON.stringify({ columns, rows })));
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the terminal gets the key */
  #key(event) {
    if (!event.ctrlKey || !event.shiftKey) return true;
    const step = { "+": 1, "_": -1, "-": -1, "*": 1 }[event.key];
    const find = () => this.querySelector("input")?.focus();
    const act = { L: () => this.#leave(), F: find, C: () => this.#copy() }[event.key.toUpperCase()];
    if (!act && !step) return true;
    event.preventDefault();
    if (event.type !== "keydown") return false;
    if (step) this.#zoom(step);
    else act?.();
    return false;
  }

  #leave() {
    const panel = this.closest("[role=tabpanel]");
    const tab = document.getElementById(panel?.getAttribute("aria-labelledby") ?? "");
    (tab ?? this.querySelector("input"))?.focus();
  }

  #copy() {
    const text = this.#terminal.getSelection();
    if (text) navigator.clipboard?.writeText(text);
  }

  /** @param {number} step */
  #zoom(step) {
    const now = SIZES.indexOf(this.#terminal.options.fontSize ?? 14);
    const size = SIZES[Math.max(0, Math.min(SIZES.length - 1, now + step))];
    localStorage.setItem("font size", String(size));
    this.#terminal.options.fontSize = size;
    this.#claim();
  }

  /** @param {string} state @param {string} said */
  #say(state, said) {
    this.dataset.state = state || "open";
    const words = state && this.querySelector(`template[data-state=${state}]`);
    const status = this.querySelector("[role=status]");
    if (status) status.textContent = [words instanceof HTMLTemplateElement ? words.content.textContent : "", said].filter(Boolean).join(" ");
  }

  /** @param {{name: string, types: boolean}[]} viewers */
  #showViewers(viewers) {
    const others = this.querySelector(".viewers");
    const names = [...new Set(viewers.map((viewer) => viewer.name))];
    if (!(others instanceof HTMLElement)) return;
    others.hidden = names.length < 2;
    const list = others.querySelector("output");
    if (list) list.textContent = names.map((name) => (name === "instructor" ? others.dataset.instructor : name)).join(", ");
  }
}

customElements.define("x-terminal", TerminalElement);
