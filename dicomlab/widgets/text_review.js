// The review of burned-in text: images by risk, the viewer with its boxes, and what was decided about each.
import { Viewer } from "./viewer.js";
import { h } from "./paint.js";

const KINDS = { phi: "identifies the patient", pattern: "may identify", allowed: "may stay", unknown: "not read" };
const STATES = { found: "to decide", blank: "blank", keep: "keep" };

const HEAD = ["", "kind", "at", "text", "decision", "about", "reason"];
const size = ([x0, y0, x1, y1]) => `${x0}, ${y0} · ${x1 - x0} × ${y1 - y0}`;

class TextReview {
  constructor(model, el) {
    this.model = model;
    this.revealed = new Map(); // on this screen only
    this.list = h("ul", { className: "dl-shots", role: "listbox", tabIndex: 0, "aria-label": "Images, by risk" });
    this.list.onkeydown = (event) => {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      if (by) event.preventDefault(), this.go(this.at + by);
    };
    const stage = h("div", { className: "dl-stage" });
    this.reason = h("input", { type: "text", placeholder: "why, for instance: name bar", "aria-label": "Reason" });
    this.reason.oninput = () => this.say({ kind: "reason", reason: this.reason.value });
    const choose = () => this.say({ kind: "scope", scope: this.scope.value });
    this.scope = h("select", { "aria-label": "Apply to", onchange: choose },
      h("option", { value: "series" }, "this series"), h("option", { value: "scanner" }, "this scanner"));
    const only = h("input", { type: "checkbox", onchange: () => (this.viewer.only = only.checked) });
    this.only = h("label", { className: "dl-group" }, only, "new boxes on this frame only");
    this.rows = h("tbody");
    this.told = h("output", { className: "dl-status", "aria-live": "polite" });
    const button = (text, message, title) => h("button", { title, onclick: () => this.say(message) }, text);
    const act = (name, text, title) =>
      h("button", { title, onclick: () => this.viewer.boxes.key(new KeyboardEvent("keydown", { key: name })) }, text);
    el.replaceChildren(h("div", { className: "dl-panel dl-review" },
      this.list, h("div", { className: "dl-main" }, stage,
        h("div", { className: "dl-bar" },
          h("label", { className: "dl-group dl-grow" }, "reason ", this.reason),
          h("label", { className: "dl-group" }, "apply to ", this.scope), this.only),
        h("div", { className: "dl-bar" }, act("a", "Accept: blank", "a"), act("r", "Reject: keep", "r"),
          act("n", "New box", "n"), act("Delete", "Delete", "Delete"), button("Undo", { kind: "undo" }, "take back"),
          button("Save to recipe", { kind: "save" }, "save")),
        this.told,
        h("table", { role: "grid", "aria-label": "Boxes" },
          h("thead", {}, h("tr", {}, ...HEAD.map((name) => h("th", { scope: "col" }, name)))), this.rows))));
    this.root = el.firstChild;
    this.heard = (message) => this.hear(message);
    model.on("msg:custom", this.heard);
    this.viewer = new Viewer(model, stage);
  }
  end() {
    this.viewer.end();
    this.model.off("msg:custom", this.heard);
  }
  say(message) {
    this.model.send(message);
  }
  go(at) {
    if (at < 0 || at >= this.list.children.length) return;
    this.say({ kind: "go", at });
  }
  hear(message, buffers) {
    if (message.shots) this.showShots(message);
    if (message.scene) this.only.hidden = message.scene.shape[0] < 2;
    if (message.kind === "boxes" || message.kind === "scene") {
      this.showBoxes(message);
      if (document.activeElement !== this.reason) this.reason.value = message.reason;
      this.scope.value = message.scope;
    }
    if (message.kind === "said" || message.said) this.told.textContent = message.said;
    if (message.kind === "said" && message.focus) this.reason.focus();
    if (message.kind === "revealed") {
      this.revealed.set(message.id, message.text);
      this.root.querySelector(`[data-text="${message.id}"]`)?.replaceChildren(message.text);
    }
  }
  showShots({ shots, at }) {
    this.at = at;
    const items = shots.map((shot, n) => {
      const image = h("canvas", { width: shot.shape[1], height: shot.shape[0], "aria-hidden": "true" });
      const context = image.getContext("2d"), pixels = context.createImageData(shot.shape[1], shot.shape[0]);
      const grey = Uint8Array.from(atob(shot.pixels), (letter) => letter.charCodeAt(0));
      grey.forEach((value, p) => pixels.data.set([value, value, value, 255], 4 * p));
      context.putImageData(pixels, 0, 0);
      return h("li", { role: "option", "aria-selected": n === at, onclick: () => this.go(n) }, image,
        h("span", {}, shot.label), h("small"));
    });
    this.list.replaceChildren(...items);
    items[at]?.scrollIntoView({ block: "nearest" });
  }
  showBoxes({ boxes, chosen, tally }) {
    tally.forEach((told, n) => (this.list.children[n].lastChild.textContent = told));
    const rows = boxes.map((one) => {
      const text = h("td", { "data-text": one.id }, this.revealed.get(one.id) ?? one.text);
      const reveal = (event) => (event.stopPropagation(), this.say({ kind: "reveal", id: one.id }));
      if (one.text && !this.revealed.has(one.id))
        text.append(" ", h("button", { title: "show this text, on your screen only", onclick: reveal }, "reveal"));
      const row = h("tr", { tabIndex: 0, "aria-selected": one.id === chosen, onclick: () => this.choose(one) },
        h("td", {}, one.label), h("td", {}, KINDS[one.kind] ?? one.kind), h("td", {}, size(one.box)), text,
        h("td", { className: `dl-${one.state}` }, STATES[one.state]), h("td", {}, one.scope), h("td", {}, one.reason));
      row.onkeydown = (event) => event.target === row && ["Enter", " "].includes(event.key) && this.choose(one);
      return row;
    });
    this.rows.replaceChildren(...rows);
  }
  choose(one) {
    this.viewer.boxes.choose(this.viewer.boxes.all.find((own) => own.id === one.id));
    if (one.frame != null) this.viewer.step(0, this.viewer.header.numbers.indexOf(one.frame) - this.viewer.cursor[0]);
    this.viewer.draw();
  }
}

export default {
  render({ model, el }) {
    const review = new TextReview(model, el);
    return () => review.end();
  },
};
