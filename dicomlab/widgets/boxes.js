// Rectangles over a frame: shown, chosen, moved, resized and drawn by mouse and keyboard.
import { COLOURS, clamp } from "./paint.js";

const LOOKS = {
  found: { colour: COLOURS.found, dash: [6, 4], sign: "?" },
  blank: { colour: COLOURS.blank, dash: [], sign: "✓ blank" },
  keep: { colour: COLOURS.keep, dash: [2, 3], sign: "✗ keep" },
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NEAR = 6; // pixels of the screen within which an edge is taken

/** The boxes of a frame. `tell(act, box)` passes on what a person did; `size()` is [columns, rows]. */
export class Boxes {
  constructor(tell, size) {
    Object.assign(this, { tell, size, all: [], chosen: null, frame: 0, drag: null });
  }
  /** Take what the kernel says after it heard message number `seq`. */
  set(all, chosen, seq) {
    Object.assign(this, { all, chosen, seq });
  }
  get seen() {
    return this.all.filter((one) => one.frame == null || one.frame === this.frame);
  }
  get current() {
    return this.seen.find((one) => one.id === this.chosen);
  }
  choose(one) {
    this.chosen = one ? one.id : null;
    this.tell("choose", one);
  }
  /** Draw on a context whose units are pixels of the screen; `place` maps a point of the frame to them. */
  draw(context, place) {
    for (const one of this.seen) {
      const look = LOOKS[one.state], chosen = one.id === this.chosen;
      const [x0, y0] = place(one.box[0], one.box[1]), [x1, y1] = place(one.box[2], one.box[3]);
      context.save();
      context.lineWidth = chosen ? 5 : 4;
      context.strokeStyle = chosen ? "#000" : "rgba(0,0,0,.6)"; // a dark edge, so that it shows on white too
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      context.lineWidth = chosen ? 3 : 2;
      context.setLineDash(look.dash);
      context.strokeStyle = chosen ? COLOURS.chosen : look.colour;
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      context.font = "600 11px system-ui, sans-serif";
      const sign = `${one.label} ${look.sign}`, wide = context.measureText(sign).width + 8;
      // Beside the box where there is room, so that it covers no other line of text; else above or below.
      const beside = x1 + wide < context.canvas.width, left = beside ? x1 + 1 : x0 - 1;
      const top = beside ? y0 : y0 > 16 ? y0 - 16 : y1 + 1;
      context.fillStyle = look.colour;
      context.fillRect(left, top, wide, 15);
      context.fillStyle = "#000";
      context.fillText(sign, left + 4, top + 11.5);
      context.restore();
    }
  }
  /** Return the box under a point of the frame and which edges were taken; the chosen one goes first. */
  under(x, y, near) {
    const order = [...this.seen].sort((a, b) => (b.id === this.chosen) - (a.id === this.chosen));
    for (const one of order) {
      const [x0, y0, x1, y1] = one.box;
      if (x < x0 - near || x > x1 + near || y < y0 - near || y > y1 + near) continue;
      const edges = [Math.abs(x - x0) <= near, Math.abs(y - y0) <= near,
                     Math.abs(x - x1) <= near, Math.abs(y - y1) <= near];
      return { one, edges: edges.some(Boolean) ? edges : [true, true, true, true] };
    }
    return null;
  }
  press(x, y, scale) {
    const hit = this.under(x, y, NEAR / scale);
    if (hit) this.choose(hit.one);
    this.drag = hit ? { ...hit, x, y, from: [...hit.one.box] } : { x, y, one: null, box: null };
  }
  pull(x, y) {
    const drag = this.drag;
    if (!drag) return;
    if (!drag.one) {
      if (Math.hypot(x - drag.x, y - drag.y) < 2) return;
      drag.box = this.within([Math.min(x, drag.x), Math.min(y, drag.y), Math.max(x, drag.x), Math.max(y, drag.y)]);
      return;
    }
    const by = [x - drag.x, y - drag.y, x - drag.x, y - drag.y];
    const whole = drag.edges.every(Boolean);
    drag.one.box = this.within(drag.from.map((at, n) => (drag.edges[n] ? at + by[n] : at)), whole);
    drag.moved = true;
  }
  release() {
    const drag = this.drag;
    this.drag = null;
    if (drag?.one && drag.moved) this.tell("move", drag.one);
    if (drag?.box) this.add(drag.box);
    if (drag && !drag.one && !drag.box) this.choose(null);
  }
  add(box) {
    const one = { id: `new${Date.now()}`, box, frame: null, state: "found", label: "" };
    this.all = [...this.all, one];
    this.chosen = one.id;
    this.tell("draw", one);
  }
  /** Return whole pixels inside the frame, at least two wide and high; a box that is moved keeps its size. */
  within(box, keep = false) {
    const [wide, high] = this.size();
    let [x0, y0, x1, y1] = box.map(Math.round);
    if (keep) {
      const [w, t] = [x1 - x0, y1 - y0];
      [x0, y0] = [clamp(x0, 0, Math.max(0, wide - w)), clamp(y0, 0, Math.max(0, high - t))];
      [x1, y1] = [x0 + w, y0 + t];
    }
    [x0, y0] = [clamp(Math.min(x0, x1 - 2), 0, wide - 2), clamp(Math.min(y0, y1 - 2), 0, high - 2)];
    return [x0, y0, clamp(x1, x0 + 2, wide), clamp(y1, y0 + 2, high)];
  }
  /** Obey a key; return whether it meant something here. */
  key(event) {
    const one = this.current, name = event.key;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (name === "n") {
      const [wide, high] = this.size();
      this.add(this.within([wide * 0.4, high * 0.45, wide * 0.6, high * 0.55]));
      return true;
    }
    if (name === "." || name === ",") {
      const seen = this.seen, count = seen.length, at = seen.indexOf(one);
      const next = name === "." ? at + 1 : at < 0 ? count - 1 : at - 1 + count;
      if (count) this.choose(seen[next % count]);
      return true;
    }
    if (!one) return false;
    if (ARROWS[name]) {
      const pace = event.repeat ? 5 : 1, [dx, dy] = ARROWS[name].map((by) => by * pace);
      const [x0, y0, x1, y1] = one.box;
      one.box = event.shiftKey
        ? this.within([x0, y0, x1 + dx, y1 + dy])
        : this.within([x0 + dx, y0 + dy, x1 + dx, y1 + dy], true);
      this.tell("move", one);
      return true;
    }
    const act = { a: "accept", r: "reject", Delete: "delete", Backspace: "delete" }[name];
    if (act) this.tell(act, one);
    if (name === "Escape") this.choose(null);
    return Boolean(act) || name === "Escape";
  }
}
