// @ts-check
/**
 * Keeps an open page as things are now.  Everything is in the page before this runs; this only follows.
 *
 * A stream says each second that there is another view.  What is shown is then asked for again, and only what
 * differs is changed in place, so that focus, selection and scroll stay.  The list of hosts is kept as rows,
 * of which as many are in the page as can be seen.
 */

/** @typedef {[host: string, routes: number, owner: string, wrong: string, requests: number, failed: number]} Row */
/** @typedef {{version: number, state: string, says: string, badges: Record<string, number>}} Standing */

const MORE = 8; // Rows above and below those that can be seen.
const TYPING = 150; // Milliseconds without a letter after which somebody has typed.
const SILENT = 8000; // Milliseconds without an event after which a page asks by itself.

/** @type {<T extends Element>(query: string, within?: ParentNode) => T | null} */
const find = (query, within = document) => within.querySelector(query);

/* ---------------------------------------------------------------- following */

/** Whether a view is being asked for already: the next event asks again. */
let asking = false;
/** What the part of the page that is shown was called last. */
let mark = "";

/** @param {Standing} now */
function stand(now) {
  const says = find("#standing");
  // A live region that is written anew is read out anew.
  if (says && says.textContent !== now.says) says.textContent = now.says;
  const state = find("#state");
  if (state) state.className = `standing ${now.state}`;
  document.body.dataset.state = now.state;
  for (const [there, count] of Object.entries(now.badges)) {
    const badge = /** @type {HTMLElement | null} */ (find(`[data-badge="${there}"]`));
    if (!badge) continue;
    if (badge.textContent !== String(count || "")) badge.textContent = String(count || "");
    badge.hidden = !count;
  }
}

/** Ask for what is shown and change what differs. */
async function follow() {
  if (asking || document.body.dataset.live === undefined) return;
  asking = true;
  try {
    if (list) await list.update();
    const answer = await fetch(location.pathname + location.search, {
      headers: { "X-Part": "main", ...(mark ? { "If-None-Match": mark } : {}) },
      cache: "no-store",
    });
    const type = answer.headers.get("Content-Type") ?? "";
    if (answer.status !== 304 && type.startsWith("text/html")) {
      mark = answer.headers.get("ETag") ?? "";
      replace(await answer.text());
    }
  } catch {
    // Nobody answers: the stream will say so.
  } finally {
    asking = false;
  }
}

/** @param {string} html */
function replace(html) {
  performance.mark("update");
  const there = find("#main");
  const made = new DOMParser().parseFromString(html, "text/html").body;
  if (there) morph(there, made);
  performance.measure("painless-update", "update");
}

/**
 * Give an element the attributes and children of another one, and keep what is the same.
 * @param {Element} old @param {Element} wanted
 */
function morph(old, wanted) {
  const kept = new Map();
  for (const one of old.children) if (one.id) kept.set(one.id, one);
  let at = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const named = next instanceof Element && next.id ? kept.get(next.id) : null;
    if (named && named !== at) old.insertBefore(named, at);
    const here = named ?? at;
    if (here && same(here, next)) {
      at = here.nextSibling;
      if (here instanceof Element && next instanceof Element) {
        if (here.hasAttribute("data-own")) continue;
        attributes(here, next);
        morph(here, next);
      } else if (here.nodeValue !== next.nodeValue) here.nodeValue = next.nodeValue;
    } else old.insertBefore(document.importNode(next, true), at);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

/** @param {Node} one @param {Node} other */
function same(one, other) {
  if (one.nodeName !== other.nodeName) return false;
  return !(one instanceof Element && other instanceof Element) || one.id === other.id;
}

/** @param {Element} old @param {Element} wanted */
function attributes(old, wanted) {
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && name !== "tabindex") old.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/* ---------------------------------------------------------------- the stream */

/** @type {EventSource | null} */
let stream = null;
let heard = 0;
/** How often in a row no stream could be had: each ends by itself now and then, and that is no failure. */
let failures = 0;

/** @param {string} text */
function live(text) {
  const element = find("#live");
  if (element && element.textContent !== text) element.textContent = text;
}

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource("/page/events");
  stream.onmessage = (event) => {
    heard = Date.now();
    failures = 0;
    live("live");
    stand(JSON.parse(event.data));
    follow();
  };
  stream.onerror = () => {
    failures += 1;
    if (failures > 1) live(heard ? `no news since ${new Date(heard).toLocaleTimeString()}` : "not live");
    // A browser tries again by itself, unless it was turned away.
    if (stream?.readyState === EventSource.CLOSED) pause();
  };
}

function pause() {
  stream?.close();
  stream = null;
}

function look() {
  if (document.hidden) return;
  // Who was turned away, since too many listen, asks now and then.
  if (Date.now() - heard > SILENT) follow();
  listen();
}

/* ---------------------------------------------------------------- the list of hosts */

/** @type {Record<string, (one: Row, other: Row) => number>} */
const ORDERS = {
  name: (one, other) => Number(one[0] === "_") - Number(other[0] === "_") || (one[0] < other[0] ? -1 : 1),
  rate: (one, other) => other[4] - one[4] || (one[0] < other[0] ? -1 : 1),
  failed: (one, other) => trouble(other) - trouble(one) || other[3].length - one[3].length || (one[0] < other[0] ? -1 : 1),
};

/** @param {Row} one */
const trouble = (one) => Math.max(one[4], 0) * Math.max(one[5], 0);

class Hosts {
  /** @param {HTMLElement} box @param {HTMLFormElement} form */
  constructor(box, form) {
    this.box = box;
    this.form = form;
    this.filter = /** @type {HTMLInputElement} */ (find("#filter"));
    this.sort = /** @type {HTMLSelectElement} */ (find("#sort"));
    this.only = /** @type {HTMLInputElement} */ (find("#only"));
    this.body = /** @type {HTMLElement} */ (find("tbody", box));
    this.version = 0;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Row[]} */
    this.shown = [];
    /** @type {Map<string, HTMLTableRowElement>} */
    this.lines = new Map();
    this.active = "";
    /** Pixels of a row, which the style sheet decides: on a phone a row has two lines. */
    this.row = 38;
    box.classList.add("virtual");
    box.tabIndex = -1;
    this.body.replaceChildren((this.above = gap()), (this.below = gap()));
    box.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    addEventListener("resize", () => this.draw());
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("focusin", (event) => {
      const row = /** @type {Element} */ (event.target).closest("tr");
      if (row?.dataset.host) this.active = row.dataset.host;
    });
    form.addEventListener("input", () => this.choose());
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Take the rows that have changed. */
  async update() {
    const answer = await fetch(`/page/rows?since=${this.version}`, { cache: "no-store" });
    if (!answer.ok) return;
    /** @type {{version: number, whole: boolean, rows: Row[]}} */
    const found = await answer.json();
    performance.mark("rows");
    this.version = found.version;
    if (found.whole) this.rows.clear();
    for (const row of found.rows) this.rows.set(row[0], row);
    if (found.rows.length || found.whole) this.arrange();
    performance.measure("painless-rows", "rows");
  }

  /** Show what is chosen, and have the address say so. */
  choose() {
    const query = new URLSearchParams();
    if (this.filter.value) query.set("f", this.filter.value);
    if (this.sort.value !== "name") query.set("sort", this.sort.value);
    if (this.only.checked) query.set("only", "trouble");
    history.replaceState(null, "", `/hosts${query.size ? `?${query}` : ""}`);
    this.box.scrollTop = 0;
    this.arrange();
  }

  arrange() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = [...this.rows.values()];
    this.shown = all.filter((row) => {
      if (this.only.checked && !row[3] && row[5] <= 0) return false;
      const text = words.length ? `${row[0]} ${row[2]} ${row[3]}`.toLowerCase() : "";
      return words.every((word) => text.includes(word));
    });
    this.shown.sort(ORDERS[this.sort.value] ?? ORDERS.name);
    const count = find("#host-count");
    const says = `${this.shown.length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
    if (count && count.textContent !== says) count.textContent = says;
    find("table", this.box)?.setAttribute("aria-rowcount", String(this.shown.length + 1));
    this.draw();
  }

  /** Have the rows in the page that can be seen, and the focused one. */
  draw() {
    this.row = parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || this.row;
    const head = /** @type {HTMLElement} */ (find("thead", this.box)).offsetHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.row) - MORE);
    const last = Math.min(this.shown.length, Math.ceil((this.box.scrollTop + this.box.clientHeight - head) / this.row) + MORE);
    const wanted = new Set();
    /** @type {Element} */
    let before = this.above;
    for (let at = first; at < last; at++) {
      const row = this.shown[at];
      wanted.add(row[0]);
      const line = this.lines.get(row[0]) ?? this.line(row[0]);
      fill(line, row, at + 2);
      if (before.nextElementSibling !== line) before.after(line);
      before = line;
    }
    for (const [host, line] of this.lines) {
      if (wanted.has(host)) continue;
      line.remove();
      this.lines.delete(host);
    }
    height(this.above, first * this.row);
    height(this.below, (this.shown.length - last) * this.row);
    const active = wanted.has(this.active) ? this.active : this.shown[Math.min(first + (first ? MORE : 0), last - 1)]?.[0];
    for (const [host, line] of this.lines) {
      /** @type {HTMLElement} */ (find("a", line)).tabIndex = host === active ? 0 : -1;
    }
  }

  /** @param {string} host */
  line(host) {
    const line = document.createElement("tr");
    line.dataset.host = host;
    const link = document.createElement("a");
    link.href = `/hosts/${encodeURIComponent(host).replaceAll("%2A", "*")}`;
    link.textContent = host === "_" ? "every other host" : host;
    link.title = link.textContent;
    for (let at = 0; at < 6; at++) {
      const cell = document.createElement("td");
      if (at === 1 || at === 3 || at === 4) cell.className = "number";
      if (at === 0) cell.append(link);
      line.append(cell);
    }
    this.lines.set(host, line);
    return line;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.row) - 2);
    const steps = /** @type {Record<string, number>} */ ({
      ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.shown.length, End: this.shown.length,
    });
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const here = this.shown.findIndex((row) => row[0] === this.active);
    const at = Math.min(Math.max(0, (here < 0 ? -1 : here) + step), this.shown.length - 1);
    if (at < 0) return;
    this.active = this.shown[at][0];
    const top = at * this.row;
    const room = this.box.clientHeight - /** @type {HTMLElement} */ (find("thead", this.box)).offsetHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + this.row > this.box.scrollTop + room) this.box.scrollTop = top + this.row - room;
    this.draw();
    const line = this.lines.get(this.active);
    if (line) /** @type {HTMLElement} */ (find("a", line)).focus({ preventScroll: true });
  }
}

function gap() {
  const line = document.createElement("tr");
  line.className = "gap";
  line.setAttribute("aria-hidden", "true");
  const cell = line.insertCell();
  cell.colSpan = 1; // More would be columns where some are hidden.
  return line;
}

/** @param {HTMLTableRowElement} line @param {number} pixels */
function height(line, pixels) {
  const wanted = `${pixels}px`;
  if (line.cells[0].style.height !== wanted) line.cells[0].style.height = wanted;
}

/** @param {HTMLTableRowElement} line @param {Row} row @param {number} at */
function fill(line, row, at) {
  line.setAttribute("aria-rowindex", String(at));
  const [, routes, owner, wrong, requests, failed] = row;
  const texts = ["", routes.toLocaleString("en"), owner, requests < 0 ? "?" : rate(requests), failed < 0 ? "?" : share(failed), wrong];
  for (let column = 1; column < 6; column++) {
    const cell = line.cells[column];
    if (cell.textContent !== texts[column]) cell.textContent = texts[column];
    if (column === 2 || column === 5) cell.title = texts[column];
  }
  line.cells[4].classList.toggle("bad", failed > 0);
  line.cells[5].classList.toggle("bad", wrong !== "");
}

/** @param {number} value */
const rate = (value) => (value >= 10 || !value ? `${Math.round(value).toLocaleString("en")}/s` : `${value.toFixed(1)}/s`);

/** @param {number} value */
function share(value) {
  if (value <= 0) return "0 %";
  if (value < 0.0005) return "< 0.1 %";
  return value >= 0.0995 ? `${Math.round(value * 100)} %` : `${(value * 100).toFixed(1)} %`;
}

/* ---------------------------------------------------------------- search and keys */

/** Show results as somebody types, where the search is what is looked at. */
function searching() {
  const input = /** @type {HTMLInputElement | null} */ (find("#q"));
  if (!input) return;
  let timer = 0;
  input.addEventListener("input", () => {
    if (location.pathname !== "/search") return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const there = `/search?${new URLSearchParams({ q: input.value })}`;
      const answer = await fetch(there, { headers: { "X-Part": "main" }, cache: "no-store" });
      if (!answer.ok) return;
      history.replaceState(null, "", there);
      replace(await answer.text());
    }, TYPING);
  });
  if (location.pathname === "/search") {
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
}

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    /** @type {HTMLInputElement} */ (find("#q"))?.select();
    return;
  }
  if (event.key === "Escape" && typing) target.blur();
  if (event.key === "ArrowDown" && target.id === "filter" && list) {
    event.preventDefault();
    /** @type {HTMLElement | null} */ (find("a[tabindex='0']", list.box))?.focus();
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event, target);
}

/** Go through results, and through the ways, with the arrows. @param {KeyboardEvent} event @param {HTMLElement} target */
function step(event, target) {
  const within = target.id === "q" ? find("#hits") : target.closest("#hits, .ways ul");
  if (!within) return;
  const every = /** @type {HTMLElement[]} */ ([...within.querySelectorAll("a")]);
  const at = every.indexOf(target) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  if (at < 0 && within.id === "hits") /** @type {HTMLElement} */ (find("#q"))?.focus();
  else every[Math.min(Math.max(at, 0), every.length - 1)]?.focus();
}

/** @type {Hosts | null} */
let list = null;

function begin() {
  document.documentElement.classList.add("scripted");
  const box = /** @type {HTMLElement | null} */ (find("#host-rows"));
  const form = /** @type {HTMLFormElement | null} */ (find("#host-filter"));
  if (box && form && location.pathname === "/hosts") {
    list = new Hosts(box, form);
    list.update();
  }
  // On a phone the ways are a strip, and this one may be beyond its end.
  find(".ways [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  searching();
  addEventListener("keydown", key);
  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : listen()));
  setInterval(look, 2000);
  listen();
}

begin();
