// The deface tuner: the viewer with the mask of the face, its profile, and the settings that shape it.
import { Viewer } from "./viewer.js";
import { COLOURS, h } from "./paint.js";

class DefaceTuner {
  constructor(model, el) {
    Object.assign(this, { model, sent: 0, heardOf: 0, next: null, sliders: new Map() });
    const stage = h("div");
    const picture = (name) => h("canvas", { role: "img", "aria-label": name });
    this.before = picture("profile with the mask");
    this.after = picture("profile after");
    this.controls = h("div", { className: "dl-sliders" });
    this.facts = h("div", { className: "dl-facts" });
    this.scores = h("div", { className: "dl-facts" });
    this.told = h("output", { className: "dl-status", "aria-live": "polite" });
    this.reason = h("input", { type: "text", placeholder: "why, for instance: long nose", "aria-label": "Reason" });
    this.scope = h("select", { "aria-label": "Apply to" },
      h("option", {}, "this subject"), h("option", {}, "all heads"));
    this.beside = h("input", { type: "checkbox", onchange: () => this.viewer.setHollow(this.beside.checked) });
    const button = (text, act) => h("button", { onclick: act }, text);
    el.replaceChildren(h("div", { className: "dl-panel dl-tuner" }, stage,
      h("div", { className: "dl-below" },
        h("section", {}, this.controls, h("div", { className: "dl-bar" },
          h("label", { className: "dl-group" }, this.beside, "result beside it"),
          button("As saved", () => model.send({ kind: "reset" })))),
        h("section", { className: "dl-profiles" }, h("figure", {}, this.before, h("figcaption", {}, "profile, mask")),
          h("figure", {}, this.after, h("figcaption", {}, "profile, after"))),
        h("section", {}, this.facts, this.scores, button("Check the result", () => this.check()))),
      h("div", { className: "dl-bar" }, h("label", { className: "dl-group dl-grow" }, "reason ", this.reason),
        h("label", { className: "dl-group" }, "apply to ", this.scope), button("Save to recipe", () => this.save())),
      this.told));
    this.heard = (message, buffers) => this.hear(message, buffers);
    model.on("msg:custom", this.heard);
    this.viewer = new Viewer(model, stage);
  }
  end() {
    this.viewer.end();
    this.model.off("msg:custom", this.heard);
  }
  hear(message, buffers) {
    if (message.view && message.view !== this.viewer.id) return;
    if (message.sliders) this.build(message.sliders);
    if (message.kind === "mask") this.show(message);
    if (message.kind === "profile") this.profile(message.shape, buffers[0]);
    if (message.said) this.told.textContent = message.said;
    if (message.kind === "scores") this.tell(this.scores, message.scores);
  }
  build(sliders) {
    this.sliders.clear();
    this.controls.replaceChildren(...sliders.map(({ name, label, unit, low, high, step, slow }) => {
      const input = h("input", { type: "range", min: low, max: high, step, "aria-label": label });
      const value = h("output");
      const tell = () => (value.textContent = `${Number(input.value)} ${unit}`);
      // What is slow is done when the slider is let go; the rest follows every step.
      input.oninput = () => (tell(), slow || this.set(name, Number(input.value)));
      input.onchange = () => slow && this.set(name, Number(input.value));
      this.sliders.set(name, { input, tell });
      return h("label", {}, h("span", {}, label), input, value);
    }));
  }
  /** Ask for a mask; while one is being made only the newest wish is kept. */
  set(name, value) {
    this.next = { name, value };
    if (this.heardOf < this.sent) return;
    this.model.send({ kind: "set", seq: ++this.sent, ...this.next });
    this.next = null;
  }
  show(message) {
    this.heardOf = message.seq;
    if (this.next) this.set(this.next.name, this.next.value);
    else for (const [name, { input, tell }] of this.sliders) (input.value = message.values[name]), tell();
    this.tell(this.facts, message.refused ? { refused: message.refused } : message.facts);
    this.scores.replaceChildren();
  }
  profile([rows, columns], view) {
    const size = rows * columns, bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.paint(this.before, bytes.subarray(0, size), bytes.subarray(size, 2 * size), rows, columns);
    this.paint(this.after, bytes.subarray(2 * size), null, rows, columns);
  }
  paint(canvas, grey, taken, rows, columns) {
    [canvas.width, canvas.height] = [columns, rows];
    const context = canvas.getContext("2d"), image = context.createImageData(columns, rows), data = image.data;
    for (let n = 0; n < grey.length; n++) {
      const red = taken && taken[n];
      for (let c = 0; c < 3; c++) data[4 * n + c] = grey[n] * (red ? 0.35 + (0.65 * COLOURS.mask[c]) / 255 : 1);
      data[4 * n + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }
  tell(list, facts) {
    list.replaceChildren(...Object.entries(facts).flat().map((text) => h("span", {}, text)));
  }
  check() {
    this.scores.replaceChildren(h("span", {}, "checking …"));
    this.model.send({ kind: "check" });
  }
  save() {
    if (!this.reason.value.trim()) return (this.told.textContent = "Say why first.", this.reason.focus());
    this.model.send({ kind: "save", reason: this.reason.value, everyone: this.scope.selectedIndex === 1 });
  }
}

export default {
  render({ model, el }) {
    const tuner = new DefaceTuner(model, el);
    return () => tuner.end();
  },
};
