// Samples to pictures: windows, planes of a volume, masks. No element of the page is touched here.

// Okabe and Ito's palette, told apart by the colour-blind too.
export const COLOURS = {
  mask: [230, 159, 0], cross: "#56B4E9", found: "#E69F00", blank: "#D55E00", keep: "#009E73", chosen: "#F0E442",
};

// Which axis each plane stands on, which ones run down and across, and whether down runs from its end: heads up.
export const PLANES = {
  axial: { on: 0, down: 1, across: 2, turned: false },
  sagittal: { on: 2, down: 0, across: 1, turned: true },
  coronal: { on: 1, down: 0, across: 2, turned: true },
};

const KEYED = ["button", "input", "select", "summary"];

/** Return an element with properties, attributes (names with a dash, role) and children. */
export function h(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  // JupyterLab takes keys such as arrows, m or r for shortcuts of its own, unless the element itself says this.
  if (KEYED.includes(tag) || "tabIndex" in given) made.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(given))
    name === "role" || name.includes("-") ? made.setAttribute(name, value) : (made[name] = value);
  made.append(...children.filter((child) => child != null));
  return made;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The samples of a scene: what a code means, and how it looks in a window. */
export class Samples {
  constructor(header, view) {
    const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    this.data = new { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[header.bytes](bytes);
    this.coloured = header.bytes === 4;
    this.shape = header.shape;
    this.steps = [header.shape[1] * header.shape[2], header.shape[2], 1];
    const knots = header.knots;
    this.values = new Float32Array(knots[knots.length - 1][0] + 1);
    for (let n = 1; n < knots.length; n++) {
      const [[c0, v0], [c1, v1]] = [knots[n - 1], knots[n]];
      for (let code = c0; code <= c1; code++) this.values[code] = v0 + ((v1 - v0) * (code - c0)) / (c1 - c0);
    }
    this.looks = new Uint32Array(this.values.length);
  }
  /** Choose which values are black and white. */
  window(lower, upper) {
    const scale = 255 / Math.max(upper - lower, 1e-9);
    for (let code = 0; code < this.values.length; code++) {
      const grey = clamp((this.values[code] - lower) * scale, 0, 255) | 0;
      this.looks[code] = 0xff000000 | (grey << 16) | (grey << 8) | grey; // little endian: alpha, blue, green, red
    }
  }
  /** Return the value at (slice, row, column). */
  at([k, i, j]) {
    return this.values[this.data[k * this.steps[0] + i * this.steps[1] + j]];
  }
  /** Return a colour, red in its lowest byte, as it looks in the window. */
  colour(code) {
    const { looks } = this;
    return (looks[code & 255] & 0xff) | (looks[(code >> 8) & 255] & 0xff00) | (looks[(code >> 16) & 255] & 0xff0000) |
      0xff000000;
  }
  /** Paint one slice into 32-bit pixels, row by row. */
  paint(plane, index, pixels) {
    const { on, down, across, turned } = PLANES[plane];
    const [rows, columns, step] = [this.shape[down], this.shape[across], this.steps[across]];
    for (let row = 0, to = 0; row < rows; row++) {
      let from = index * this.steps[on] + (turned ? rows - 1 - row : row) * this.steps[down];
      if (this.coloured)
        for (let column = 0; column < columns; column++, from += step) pixels[to++] = this.colour(this.data[from]);
      else for (let column = 0; column < columns; column++, from += step) pixels[to++] = this.looks[this.data[from]];
    }
  }
}

/** A mask on a grid of its own, eight voxels to a byte. */
export class Mask {
  constructor(header, view) {
    this.bits = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
    this.shape = header.shape;
    this.transform = header.transform;
  }
  /** Paint where one slice of a scene of this shape lies inside the mask. */
  paint(plane, index, shape, pixels) {
    const { on, down, across, turned } = PLANES[plane];
    const [r, g, b] = COLOURS.mask;
    const colour = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
    const [nk, ni, nj] = this.shape;
    const t = this.transform, bits = this.bits;
    const [dk, di, dj] = [t[across], t[4 + across], t[8 + across]];
    for (let row = 0, to = 0; row < shape[down]; row++) {
      const below = turned ? shape[down] - 1 - row : row;
      // Half a voxel is added once, so that cutting off the fraction takes the nearest voxel.
      let k = t[3] + t[on] * index + t[down] * below + 0.5;
      let i = t[7] + t[4 + on] * index + t[4 + down] * below + 0.5;
      let j = t[11] + t[8 + on] * index + t[8 + down] * below + 0.5;
      for (let column = 0; column < shape[across]; column++, k += dk, i += di, j += dj) {
        let inside = k >= 0 && k < nk && i >= 0 && i < ni && j >= 0 && j < nj;
        if (inside) {
          const bit = ((k | 0) * ni + (i | 0)) * nj + (j | 0);
          inside = (bits[bit >> 3] >> (bit & 7)) & 1;
        }
        pixels[to++] = inside ? colour : 0;
      }
    }
  }
}

/** A picture of one slice off the screen, painted again only when what it shows has changed. */
export class Sheet {
  constructor(width, height) {
    this.canvas = h("canvas", { width, height });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.shown = "";
  }
  show(what, paint) {
    if (what === this.shown) return;
    paint(this.pixels);
    this.context.putImageData(this.image, 0, 0);
    this.shown = what;
  }
}
