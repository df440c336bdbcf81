// The review of headers: a table of every attribute once, searched here, decided about row by row.
import { h } from "./paint.js";

const CHOICES = ["keep", "remove", "empty", "clean", "replace"];
const QUICK = { k: "keep", x: "remove", z: "empty", c: "clean" };
const HEAD = ["attribute", "risk", "instances", "values", "the recipe does", "decision", "reason"];

class HeaderReview {
  constructor(model, el) {
    Object.assign(this, { model, rows: [], revealed: new Map(), id: Math.random().toString(36).slice(2) });
    const say = (kind) => () => model.send({ kind });
    this.search = h("input", { type: "search", placeholder: "search, for instance: name", "aria-label": "Search",
      oninput: () => this.filter() });
    this.risk = h("select", { "aria-label": "Risk", onchange: () => this.filter() });
    this.which = h("select", { "aria-label": "Decision", onchange: () => this.filter() },
      ...["all", "decided", "not decided"].map((name) => h("option", {}, name)));
    this.count = h("output", { className: "dl-status" });
    this.told = h("output", { className: "dl-status", "aria-live": "polite" });
    this.body = h("tbody", { onkeydown: (event) => this.key(event) });
    el.replaceChildren(h("div", { className: "dl-panel dl-headers" },
      h("div", { className: "dl-bar", role: "search" }, this.search,
        h("label", { className: "dl-group" }, "risk ", this.risk),
        h("label", { className: "dl-group" }, "show ", this.which), this.count,
        h("span", { className: "dl-grow" }), h("button", { onclick: say("undo") }, "Undo"),
        h("button", { onclick: say("save") }, "Save to recipe")),
      h("div", { className: "dl-tall" }, h("table", { role: "grid", "aria-label": "Attributes" },
        h("thead", {}, h("tr", {}, ...HEAD.map((name) => h("th", { scope: "col" }, name)))), this.body)),
      this.told,
      h("p", { className: "dl-note" }, "Arrows step through the rows; k keep, x remove, z empty, c clean; Tab " +
        "reaches the fields of a row. A decision needs a reason, and is about the attribute at every depth.")));
    this.heard = (message) => this.hear(message);
    model.on("msg:custom", this.heard);
    model.send({ kind: "want", view: this.id });
  }
  end() {
    this.model.off("msg:custom", this.heard);
  }
  hear(message) {
    if (message.view && message.view !== this.id) return;
    if (message.kind === "rows") this.build(message);
    if (message.states) this.update(message);
    if (message.kind === "revealed") {
      this.revealed.set(message.row, message.text);
      this.showValue(message.row);
    }
  }
  build({ rows, risks }) {
    const there = new Set(rows.map((row) => row[2]));
    const choices = ["all", ...risks.filter((risk) => there.has(risk))];
    this.risk.replaceChildren(...choices.map((risk) => h("option", {}, risk)));
    this.rows = rows.map((row, n) => this.row(row, n));
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    rows.forEach((_, n) => this.showValue(n));
    this.rows[0] && this.rove(this.rows[0]);
  }
  row([path, vr, risk, why, instances, distinct, value], number) {
    const row = { number, value, text: `${path} ${vr} ${risk} ${why}`.toLowerCase(), cells: {} };
    const decide = () => this.decide(row);
    row.choice = h("select", { "aria-label": `Decision about ${path}`, onchange: decide },
      h("option", { value: "" }, "as it is"), ...CHOICES.map((name) => h("option", {}, name)));
    const field = (placeholder, label) =>
      h("input", { type: "text", placeholder, "aria-label": label, onchange: decide });
    row.reason = field("why", `Reason for ${path}`);
    row.other = field("new value", `New value of ${path}`);
    row.shown = h("td", { className: "dl-value" });
    row.does = h("td");
    const chip = h("td", { title: why }, h("i", { "data-risk": risk }), risk);
    row.element = h("tr", { tabIndex: -1, onfocus: () => this.rove(row), "aria-label": `${path}, ${risk}: ${why}` },
      h("th", { scope: "row", title: why }, path, h("small", {}, vr)), chip,
      h("td", { className: "dl-number" }, `${instances}`, h("small", {}, `${distinct} distinct`)),
      row.shown, row.does, h("td", {}, row.choice, row.other),
      h("td", {}, row.reason));
    row.element.addEventListener("focusin", () => this.rove(row));
    return row;
  }
  showValue(number) {
    const row = this.rows[number];
    const reveal = h("button", { title: "show the values, on your screen only", tabIndex: row === this.current ? 0 : -1,
      onclick: () => this.model.send({ kind: "reveal", row: number }) }, "reveal");
    const masked = row.value ? [row.value, " ", reveal] : [];
    row.shown.replaceChildren(...(this.revealed.has(number) ? [this.revealed.get(number)] : masked));
  }
  update({ states, said }) {
    states.forEach(([does, by, choice, reason, value], n) => {
      const row = this.rows[n], pending = row.pending && !choice;
      row.does.replaceChildren(does, h("small", {}, by));
      if (!pending) {
        row.choice.value = row.settled = choice;
        if (document.activeElement !== row.reason || reason) row.reason.value = reason;
        row.other.value = value;
      }
      row.pending = pending;
      row.other.hidden = row.choice.value !== "replace";
      row.element.setAttribute("aria-selected", Boolean(choice));
    });
    this.told.textContent = said;
    this.filter();
  }
  /** Ask for a decision once it is whole: what is chosen, why, and for a replacement the new value. */
  decide(row) {
    const [choice, reason, value] = [row.choice.value, row.reason.value.trim(), row.other.value];
    row.other.hidden = choice !== "replace";
    row.pending = true;
    if (choice === "replace" && !value) return row.other.focus();
    if (choice && !reason) return (this.told.textContent = "Say why first.", row.reason.focus());
    if (!choice && !row.settled) return (row.pending = false);
    row.pending = false;
    this.model.send({ kind: "decide", row: row.number, choice, reason, value });
  }
  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/);
    const [risk, which] = [this.risk.value, this.which.value];
    let shown = 0;
    for (const row of this.rows) {
      const [decided, its] = [Boolean(row.choice.value), row.element.children[1].textContent];
      const seen = words.every((word) => row.text.includes(word)) && (risk === "all" || risk === its) &&
        (which === "all" || (which === "decided") === decided);
      row.element.hidden = !seen;
      shown += seen;
    }
    this.count.textContent = `${shown} of ${this.rows.length} attributes`;
    const first = this.rows.find((row) => !row.element.hidden);
    if (first && this.current?.element.hidden) this.rove(first);
  }
  /** Make one row the place that Tab reaches. */
  rove(row) {
    const fields = (one, index) => [one.element, ...one.element.querySelectorAll("select, input, button")]
      .forEach((part) => (part.tabIndex = index));
    if (this.current && this.current !== row) fields(this.current, -1);
    this.current = row;
    fields(row, 0);
  }
  key(event) {
    const at = this.rows.find((row) => row.element === event.target);
    if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      const seen = this.rows.filter((row) => !row.element.hidden);
      seen[seen.indexOf(at) + by]?.element.focus();
    } else if (QUICK[event.key]) {
      at.choice.value = QUICK[event.key];
      this.decide(at);
    } else return;
    event.preventDefault();
  }
}

export default {
  render({ model, el }) {
    const review = new HeaderReview(model, el);
    return () => review.end();
  },
};
