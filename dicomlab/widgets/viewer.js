// The viewer: three planes of a volume with one crosshair, or the frames of an instance; before and after side by side.
//
// Samples, masks and boxes come in messages and are held here only: no trait has them, so no saved notebook does.
// Everything that a key or the mouse changes is drawn at once, without asking the kernel.
import { Boxes } from "./boxes.js";
import { COLOURS, Mask, PLANES, Samples, Sheet, clamp, h } from "./paint.js";

const KEYS = [
  ["arrows", "move the crosshair, or step through frames"], ["PageUp PageDown Home End", "slice or frame"],
  ["[ ]", "narrower, wider window"], ["{ }", "darker, brighter"], ["1 to 5", "window by name"],
  ["+ − 0", "zoom, all of it"], ["m", "mask on and off"], ["space", "play"],
];
const BOX_KEYS = [
  [". ,", "next, previous box"], ["arrows, shift + arrows", "move, resize it"],
  ["a r", "accept (blank), reject (keep)"], ["n, Delete", "new, delete"],
];
const MOUSE = "Mouse: click or drag sets the crosshair or draws a box; drag with the right button changes the " +
  "window; shift + drag moves; wheel steps where the picture has the focus, ctrl + wheel zooms.";

export class Viewer {
  constructor(model, el) {
    Object.assign(this, { model, el, sheets: new Map(), panes: [], version: 0, masks: 0, sent: 0 });
    this.id = Math.random().toString(36).slice(2);
    this.state = { range: [0, 1], opacity: 0.45, masked: true, zoom: 1, playing: 0 };
    this.boxes = new Boxes((act, one) => this.tell(act, one), () => [this.shape[2], this.shape[1]]);
    this.note = h("p", { className: "dl-note" },
      "No pixels are stored in a notebook: run the cell to see them.");
    el.replaceChildren(h("div", { className: "dl-viewer" }, this.note));
    this.root = el.firstChild;
    this.heard = (message, buffers) => this.hear(message, buffers);
    model.on("msg:custom", this.heard);
    this.resized = new ResizeObserver(() => {
      if (this.grid.clientWidth !== this.wide) requestAnimationFrame(() => this.fit());
    });
    model.send({ kind: "want", view: this.id });
  }
  end() {
    clearInterval(this.timer);
    this.resized.disconnect();
    this.model.off("msg:custom", this.heard);
  }
  get ready() {
    return Boolean(this.before);
  }
  hear(message, buffers) {
    if (message.view && message.view !== this.id) return; // what another view of this widget asked for
    if (message.kind === "scene") this.start(message, buffers);
    else if (!this.ready) return;
    else if (message.kind === "mask") this.setMask(message.mask, buffers[0]);
    else if (message.kind === "look") this.setLook(message.look);
    else if (message.kind === "boxes" && message.seq >= this.sent)
      this.boxes.set(message.boxes, message.chosen, message.seq);
    if (message.kind !== "scene") this.draw();
  }
  start(message, buffers) {
    const header = (this.header = message.scene);
    this.shape = header.shape;
    this.flat = header.numbers.length > 0;
    this.boxed = message.boxed;
    this.title = message.title;
    this.sheets.clear();
    this.version++, this.masks++;
    this.before = new Samples(header, buffers[0]);
    this.after = message.after ? new Samples(header, buffers[1]) : null;
    this.mask = message.mask ? new Mask(message.mask, buffers[buffers.length - 1]) : null;
    this.cursor = this.shape.map((n) => n >> 1);
    if (this.flat) this.cursor[0] = 0;
    this.sent = message.seq;
    this.boxes.set(message.boxes, message.chosen, message.seq);
    this.build();
    this.preset(0);
    this.setLook(message.look);
    this.draw();
  }
  setMask(header, buffer) {
    this.mask = header ? new Mask(header, buffer) : null;
    this.masks++;
  }
  /** Show beside the volume what it looks like with air inside the mask. */
  setHollow(hollow) {
    this.hollow = hollow;
    this.build();
    this.draw();
  }
  setLook(look) {
    if (look.window) this.setWindow(...look.window);
    if (look.cursor) this.cursor = look.cursor.map((at, n) => clamp(Math.round(at), 0, this.shape[n] - 1));
    for (const name of ["opacity", "masked", "zoom"]) if (look[name] != null) this.state[name] = look[name];
  }
  build() {
    const header = this.header, frames = this.flat ? this.shape[0] : 0;
    this.presets = h("select", { "aria-label": "Window" }, ...header.presets.map(([name]) => h("option", {}, name)));
    this.presets.append(h("option", { hidden: true, value: "own" }, "own"));
    this.presets.onchange = () => this.preset(this.presets.selectedIndex);
    this.opacity = h("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Opacity of the mask" });
    this.opacity.oninput = () => this.set({ opacity: Number(this.opacity.value) });
    this.masked = h("input", { type: "checkbox" });
    this.masked.onchange = () => this.set({ masked: this.masked.checked });
    this.player = h("button", { "aria-label": "Play", onclick: () => this.play() }, "▶");
    const again = () => this.state.playing && this.play(true);
    this.speed = h("select", { "aria-label": "Frames per second", onchange: again },
      ...[5, 10, 20, 30].map((n) => h("option", { value: n, selected: n === 10 }, `${n}/s`)));
    const zoom = (sign, by, title) => h("button", { "aria-label": title, title, onclick: () => this.zoom(by) }, sign);
    const row = (list) => list.flatMap(([keys, what]) => [h("dt", {}, keys), h("dd", {}, what)]);
    this.overlay = h("span", { className: "dl-group" }, h("label", {}, this.masked, " mask"), this.opacity);
    this.status = h("output", { className: "dl-status", "aria-live": "polite" });
    this.grid = h("div", { className: "dl-grid" });
    this.root.replaceChildren(
      h("div", { className: "dl-bar", role: "toolbar", "aria-label": "Viewer" },
        this.title ? h("strong", {}, this.title) : null,
        h("label", { className: "dl-group" }, "window ", this.presets), this.overlay,
        frames > 1 ? h("span", { className: "dl-group" }, this.player, this.speed) : null,
        h("span", { className: "dl-group" }, zoom("−", 1 / 1.25, "Zoom out"), zoom("+", 1.25, "Zoom in"),
          zoom("⤢", 0, "Show all"))),
      this.grid, this.status, ...(header.told ? [h("p", { className: "dl-note" }, header.told)] : []),
      h("details", {}, h("summary", {}, "keys and mouse"),
        h("dl", {}, ...row([...(this.boxed ? BOX_KEYS : []), ...KEYS])), h("p", {}, MOUSE)));
    this.panes = [];
    const planes = this.flat ? ["axial"] : ["axial", "sagittal", "coronal"];
    this.grid.style.setProperty("--columns", this.flat ? (this.after ? 2 : 1) : 3);
    for (const which of this.after || this.hollow ? ["before", "after"] : ["before"])
      for (const plane of planes) this.panes.push(this.pane(plane, which));
    this.resized.disconnect();
    this.resized.observe(this.grid);
    this.fit();
  }
  pane(plane, which) {
    const name = (this.after || this.hollow ? `${which}, ` : "") + (this.flat ? "frame" : plane);
    const canvas = h("canvas",
      { tabIndex: 0, role: "application", "aria-roledescription": "image", "aria-label": name });
    const { on } = PLANES[plane];
    const slider = h("input", { type: "range", min: 0, max: this.shape[on] - 1, "aria-label": `${name}: slice` });
    if (this.flat) slider.setAttribute("aria-label", "Frame");
    slider.oninput = () => this.step(on, Number(slider.value) - this.cursor[on]);
    slider.hidden = this.shape[on] < 2;
    const pane = { plane, which, name, canvas, slider, context: canvas.getContext("2d"), ...PLANES[plane] };
    canvas.onkeydown = (event) => this.key(event, pane);
    canvas.onpointerdown = (event) => this.press(event, pane);
    canvas.onpointermove = (event) => this.drag && this.pull(event, pane);
    canvas.onpointerup = canvas.onpointercancel = () => this.release();
    canvas.oncontextmenu = (event) => event.preventDefault();
    canvas.addEventListener("wheel", (event) => this.wheel(event, pane), { passive: false });
    this.grid.append(h("figure", {}, canvas, slider));
    return pane;
  }
  /** Give each canvas the pixels that the screen has for it. */
  fit() {
    const sharp = window.devicePixelRatio || 1;
    this.wide = this.grid.clientWidth;
    for (const pane of this.panes) {
      const wide = pane.canvas.clientWidth;
      if (!wide) continue; // not on the screen
      const [high, across] = [this.shape[1] * this.header.spacing[1], this.shape[2] * this.header.spacing[2]];
      const tall = this.flat ? Math.min((wide * high) / across, 560) : wide;
      pane.canvas.style.height = `${tall}px`;
      const size = [Math.round(wide * sharp), Math.round(tall * sharp)];
      if (`${[pane.canvas.width, pane.canvas.height]}` !== `${size}`)
        [pane.canvas.width, pane.canvas.height] = size; // which empties it
    }
    if (this.ready) this.draw();
  }
  /** Return how a plane lies on its canvas: pixels of the screen per sample, and where the first sample starts. */
  layout(pane) {
    const { canvas, down, across, turned } = pane, spacing = this.header.spacing;
    const [columns, rows] = [this.shape[across], this.shape[down]];
    const fit = Math.min(canvas.width / (columns * spacing[across]), canvas.height / (rows * spacing[down]));
    const [sx, sy] = [fit * this.state.zoom * spacing[across], fit * this.state.zoom * spacing[down]];
    const centre = this.centre ?? this.shape.map((n) => n / 2);
    const middle = turned ? rows - centre[down] : centre[down];
    return { sx, sy, x: canvas.width / 2 - centre[across] * sx, y: canvas.height / 2 - middle * sy, columns, rows };
  }
  draw() {
    const { masked, opacity, range } = this.state;
    for (const pane of this.panes) {
      const { context, canvas, plane, which, on } = pane, index = this.cursor[on], at = this.layout(pane);
      if (!canvas.width) continue;
      context.fillStyle = "#000";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.imageSmoothingEnabled = at.sx < 4 * (window.devicePixelRatio || 1);
      const hole = which === "after" && !this.after, source = hole ? "before" : which;
      const put = (sheet) => context.drawImage(sheet.canvas, at.x, at.y, at.columns * at.sx, at.rows * at.sy);
      const grey = this.sheet(`${source} ${plane}`, at.columns, at.rows);
      grey.show(`${index} ${this.version} ${range}`, (pixels) => this[source].paint(plane, index, pixels));
      put(grey);
      if (this.mask && (hole || (masked && which === "before"))) {
        const cover = this.sheet(`mask ${plane}`, at.columns, at.rows);
        cover.show(`${index} ${this.masks}`, (pixels) => this.mask.paint(plane, index, this.shape, pixels));
        context.globalAlpha = hole ? 1 : opacity;
        if (hole) context.globalCompositeOperation = "destination-out"; // what the mask covers is air: black
        put(cover);
        context.globalCompositeOperation = "source-over";
        context.globalAlpha = 1;
      }
      if (this.flat) {
        this.boxes.frame = this.header.numbers[index];
        this.boxes.draw(context, (x, y) => [at.x + x * at.sx, at.y + y * at.sy]);
        if (this.after) this.write(context, which, 6, canvas.height - 8, "left");
      } else this.mark(pane, at);
      pane.slider.value = index;
      pane.slider.setAttribute("aria-valuetext", `${index + 1} of ${this.shape[on]}`);
      canvas.setAttribute("aria-label", `${pane.name}, ${index + 1} of ${this.shape[on]}`);
    }
    this.tellStatus();
  }
  sheet(name, width, height) {
    if (!this.sheets.has(name)) this.sheets.set(name, new Sheet(width, height));
    return this.sheets.get(name);
  }
  /** Draw crosshair, directions and name over a plane of a volume. */
  mark({ context, canvas, name, down, across, turned }, at) {
    const sharp = window.devicePixelRatio || 1, ends = this.header.ends;
    const x = at.x + (this.cursor[across] + 0.5) * at.sx;
    const y = at.y + ((turned ? at.rows - 1 - this.cursor[down] : this.cursor[down]) + 0.5) * at.sy;
    const gap = 9 * sharp;
    context.strokeStyle = COLOURS.cross;
    context.lineWidth = sharp;
    context.beginPath();
    for (const [x0, y0, x1, y1] of [[0, y, x - gap, y], [x + gap, y, canvas.width, y],
                                    [x, 0, x, y - gap], [x, y + gap, x, canvas.height]])
      context.moveTo(x0, y0), context.lineTo(x1, y1);
    context.stroke();
    const [top, bottom] = turned ? [...ends[down]].reverse() : ends[down], edge = 6 * sharp;
    this.write(context, top, canvas.width / 2, 14 * sharp, "center");
    this.write(context, bottom, canvas.width / 2, canvas.height - edge, "center");
    this.write(context, ends[across][0], edge, canvas.height / 2 + 4 * sharp, "left");
    this.write(context, ends[across][1], canvas.width - edge, canvas.height / 2 + 4 * sharp, "right");
    this.write(context, name, edge, 14 * sharp, "left");
  }
  write(context, text, x, y, align) {
    const sharp = window.devicePixelRatio || 1;
    Object.assign(context, { font: `600 ${12 * sharp}px system-ui, sans-serif`, textAlign: align,
      lineWidth: 3 * sharp, strokeStyle: "#000", fillStyle: "#fff" });
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
  tellStatus() {
    const [low, high] = this.state.range, unit = this.header.unit, round = (n) => Number(n.toPrecision(4));
    const place = this.flat
      ? `frame ${this.header.numbers[this.cursor[0]] + 1}`
      : `slice ${this.cursor[0] + 1} · row ${this.cursor[1] + 1} · column ${this.cursor[2] + 1}` +
        ` · value ${round(this.before.at(this.cursor))} ${unit}`;
    this.status.textContent = `${place} · window ${round(low)} to ${round(high)} ${unit}`;
    this.overlay.hidden = !this.mask;
    this.opacity.value = this.state.opacity;
    this.masked.checked = this.state.masked;
  }
  // What a person changes.
  set(changes) {
    Object.assign(this.state, changes);
    this.draw();
  }
  setWindow(lower, upper) {
    const [low, high] = [lower, Math.max(upper, lower + 1e-6)];
    this.state.range = [low, high];
    for (const samples of [this.before, this.after]) samples?.window(low, high);
    const at = this.header.presets.findIndex(([, a, b]) => a === low && b === high);
    this.presets.selectedIndex = at < 0 ? this.header.presets.length : at;
  }
  preset(number) {
    const chosen = this.header.presets[number];
    if (chosen) this.setWindow(chosen[1], chosen[2]), this.draw();
  }
  window(wider, brighter) {
    const [low, high] = this.state.range, middle = (low + high) / 2 - brighter * (high - low), half = (high - low) / 2;
    this.setWindow(middle - half * wider, middle + half * wider);
    this.draw();
  }
  step(axis, by) {
    this.cursor[axis] = clamp(this.cursor[axis] + by, 0, this.shape[axis] - 1);
    this.draw();
  }
  zoom(by) {
    this.state.zoom = by ? clamp(this.state.zoom * by, 1, 16) : 1;
    const here = () => this.cursor.map((at, n) => (this.flat ? this.shape[n] / 2 : at + 0.5));
    this.centre = this.state.zoom === 1 ? null : this.centre ?? here();
    this.draw();
  }
  play(on = !this.state.playing) {
    clearInterval(this.timer);
    this.state.playing = on;
    this.player.textContent = on ? "⏸" : "▶";
    this.player.setAttribute("aria-label", on ? "Pause" : "Play");
    if (on) this.timer = setInterval(() => {
      this.cursor[0] = (this.cursor[0] + 1) % this.shape[0];
      this.draw();
    }, 1000 / this.speed.value);
  }
  key(event, pane) {
    if (this.boxed && this.boxes.key(event)) return event.preventDefault(), this.draw();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { on, down, across, turned } = pane, up = turned ? 1 : -1, far = this.shape[on];
    const moves = {
      PageUp: [on, 1], PageDown: [on, -1], Home: [on, -far], End: [on, far], ArrowLeft: [across, -1],
      ArrowRight: [across, 1], ArrowUp: [down, up], ArrowDown: [down, -up],
    };
    if (this.flat)
      Object.assign(moves, { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [0, 1], ArrowDown: [0, -1] });
    const acts = {
      "[": () => this.window(0.9, 0), "]": () => this.window(1 / 0.9, 0), "{": () => this.window(1, -0.05),
      "}": () => this.window(1, 0.05), "+": () => this.zoom(1.25), "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8), 0: () => this.zoom(0), m: () => this.set({ masked: !this.state.masked }),
      " ": () => this.shape[0] > 1 && this.flat && this.play(),
    };
    if (moves[event.key]) this.step(...moves[event.key]);
    else if (acts[event.key]) acts[event.key]();
    else if (/^[1-9]$/.test(event.key)) this.preset(Number(event.key) - 1);
    else return;
    event.preventDefault();
  }
  point(event, pane) {
    const box = pane.canvas.getBoundingClientRect(), sharp = pane.canvas.width / box.width, at = this.layout(pane);
    const [x, y] = [(event.clientX - box.left) * sharp, (event.clientY - box.top) * sharp];
    return [(x - at.x) / at.sx, (y - at.y) / at.sy, at.sx];
  }
  press(event, pane) {
    pane.canvas.focus({ preventScroll: true });
    pane.canvas.setPointerCapture(event.pointerId);
    const what = event.shiftKey || event.button === 1 ? "pan" : event.button === 2 ? "window"
      : this.flat ? (this.boxed ? "box" : "window") : "cross";
    this.drag = { what, x: event.clientX, y: event.clientY };
    if (what === "box") this.boxes.press(...this.point(event, pane));
    this.pull(event, pane);
  }
  pull(event, pane) {
    const drag = this.drag, [x, y, scale] = this.point(event, pane), { down, across, turned } = pane;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (drag.what === "box") this.boxes.pull(x, y);
    else if (drag.what === "cross") {
      this.cursor[across] = clamp(Math.floor(x), 0, this.shape[across] - 1);
      const row = clamp(Math.floor(y), 0, this.shape[down] - 1);
      this.cursor[down] = turned ? this.shape[down] - 1 - row : row;
    } else if (drag.what === "pan") {
      this.centre ??= this.shape.map((n) => n / 2);
      const at = this.layout(pane), sharp = window.devicePixelRatio || 1;
      this.centre[across] -= (dx * sharp) / at.sx;
      this.centre[down] -= ((turned ? -dy : dy) * sharp) / at.sy;
    } else if (dx || dy) this.window(Math.exp(dx / 200), dy / -400);
    if (drag.what !== "box") [drag.x, drag.y] = [event.clientX, event.clientY];
    this.draw();
  }
  release() {
    if (this.drag?.what === "box") this.boxes.release();
    this.drag = null;
    this.draw();
  }
  wheel(event, pane) {
    if (document.activeElement !== pane.canvas && this.root.getRootNode().activeElement !== pane.canvas) return;
    event.preventDefault();
    if (event.ctrlKey) this.zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    else this.step(pane.on, event.deltaY < 0 ? 1 : -1);
  }
  /**
   * Pass on what was done to a box, which is on all frames unless `only` says this one. Answers to what was said before
   * the last of it are not shown.
   */
  tell(act, one) {
    this.model.send({ kind: "box", act, seq: ++this.sent, seen: this.boxes.seq, id: one?.id ?? null,
                      box: one?.box ?? null, frame: this.only ? this.header.numbers[this.cursor[0]] : null });
  }
}

export default {
  render({ model, el }) {
    const viewer = new Viewer(model, el);
    return () => viewer.end();
  },
};
