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
  /** @type {Record<string, string>} */
  #words = {};

  connectedCallback() {
    this.#words = JSON.parse(this.dataset.words ?? "{}");
    const screen = this.#at(".screen");
    new ResizeObserver(() => this.#show(screen)).observe(screen);
    this.closest("[role=tabpanel]")?.addEventListener("entered", () => {
      this.#show(screen);
      this.#terminal.focus();
    });
  }

  /** @param {string} selector @returns {any} that part of the element */
  #at(selector) {
    return this.querySelector(selector);
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
    this.#at("input").addEventListener("keydown", (/** @type {KeyboardEvent} */ { key, shiftKey }) => {
      const text = this.#at("input").value;
      if (key === "Escape") terminal.focus();
      if (key === "Enter") this.#search[shiftKey ? "findNext" : "findPrevious"](text);
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
    const kind = String.fromCharCode(message[0]), told = () => JSON.parse(decoder.decode(content));
    if (kind === "p" || kind === "o") terminal.write(content, () => this.#drew(content.length));
    else if (kind === "n") terminal.write("", () => this.#begin());
    else if (kind === "s") terminal.resize(told().columns, told().rows);
    else if (kind === "v") this.#showViewers(told());
    else if (kind === "r") {
      this.#isPast = true;
      this.#drawn = 0;
      terminal.reset();
    }
  }

  /** What comes now is new: all from before is drawn. */
  #begin() {
    this.#isPast = false;
    this.#wait = 500;
    this.#say("", "");
    this.#claim();
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
    const larger = () => this.#zoom(1), smaller = () => this.#zoom(-1), find = () => this.#at("input").focus();
    const acts = { L: () => this.#leave(), F: find, C: () => this.#copy(), "+": larger, "*": larger, "-": smaller, _: smaller };
    const act = /** @type {Record<string, (() => void) | undefined>} */ (acts)[event.key.toUpperCase()];
    if (act) event.preventDefault();
    if (event.type === "keydown") act?.();
    return !act;
  }

  #leave() {
    const panel = this.closest("[role=tabpanel]");
    document.getElementById(panel?.getAttribute("aria-labelledby") ?? "")?.focus();
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
    this.#at("[role=status]").textContent = `${this.#words[state] ?? ""} ${said}`.trim();
  }

  /** @param {{name: string, types: boolean}[]} viewers */
  #showViewers(viewers) {
    const names = [...new Set(viewers.map(({ name }) => name === "instructor" ? this.#words.instructor : name))];
    this.#at(".viewers output").textContent = names.length < 2 ? "" : names.join(", ");
  }
}

customElements.define("x-terminal", TerminalElement);
