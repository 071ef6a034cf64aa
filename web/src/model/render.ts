/** The overlay: the scene's map sampled into the window. Its cost depends on the window, not on how many objects there are. */

import type { Scene } from "./scene";
import type { View } from "./view";

export interface Look {
  opacity: number;
  outlines: boolean;
  byObject: boolean;
  /** Colour of a class, 0xrrggbb. */
  colour: (classId: number) => number;
  selected: number | null;
}

export function palette(scene: Scene, look: Look): Uint32Array {
  const out = new Uint32Array(scene.segments.length + 1);
  const alpha = Math.round(255 * look.opacity);
  scene.segments.forEach((segment, k) => {
    const rgb = look.byObject ? hue(segment.id) : look.colour(segment.classId);
    const strong = segment.id === look.selected ? Math.min(255, alpha + 70) : alpha;
    out[k + 1] = packed(rgb, strong);
  });
  return out;
}

export function sample(scene: Scene, view: View, look: Look, target: ImageData): void {
  const { width, height } = target;
  const out = new Uint32Array(target.data.buffer);
  const colours = palette(scene, look);
  const lines = colours.map((colour) => (colour ? colour | 0xff000000 : 0));
  const read = view.angle ? turned(scene, view, width) : upright(scene, view, width);
  let here = new Uint16Array(width + 1);
  let below = new Uint16Array(width + 1);
  read(0, here);
  for (let y = 0; y < height; y++) {
    read(y + 1, below);
    const begin = y * width;
    if (look.outlines)
      for (let x = 0; x < width; x++) {
        const own = here[x];
        const edge = own !== here[x + 1] || own !== below[x];
        out[begin + x] = edge ? lines[own || here[x + 1] || below[x]] : colours[own];
      }
    else for (let x = 0; x < width; x++) out[begin + x] = colours[here[x]];
    [here, below] = [below, here];
  }
}

/** Reads one line of the window from the map: a table of columns serves all lines. */
function upright(scene: Scene, view: View, width: number): (y: number, row: Uint16Array) => void {
  const columns = new Int32Array(width + 1);
  for (let x = 0; x <= width; x++) {
    const at = Math.floor((x + 0.5 - view.x) / view.scale);
    columns[x] = at >= 0 && at < scene.width ? at : -1;
  }
  const { top } = scene;
  return (y, row) => {
    const at = Math.floor((y + 0.5 - view.y) / view.scale);
    if (at < 0 || at >= scene.height) {
      row.fill(0);
      return;
    }
    const begin = at * scene.width;
    for (let x = 0; x <= width; x++) row[x] = columns[x] < 0 ? 0 : top[begin + columns[x]];
  };
}

/** The same of a turned view: each step along the line is one step in the image. */
function turned(scene: Scene, view: View, width: number): (y: number, row: Uint16Array) => void {
  const { top } = scene;
  const dx = view.cos / view.scale;
  const dy = -view.sin / view.scale;
  const { width: w, height: h } = scene;
  return (y, row) => {
    const { x: x0, y: y0 } = view.toImage({ x: 0.5, y: y + 0.5 });
    // Where the line is over the image: inside of that nothing has to be asked any more.
    const [a, b] = within(x0, dx, w);
    const [c, d] = within(y0, dy, h);
    const from = Math.max(0, Math.ceil(Math.max(a, c)));
    const to = Math.min(width + 1, Math.ceil(Math.min(b, d)));
    row.fill(0);
    for (let x = from; x < to; x++) {
      const ix = Math.min(w - 1, (x0 + x * dx) | 0);
      const iy = Math.min(h - 1, (y0 + x * dy) | 0);
      row[x] = top[iy * w + ix];
    }
  };
}

/** The steps at which begin + step * by lies in 0 … end. */
function within(begin: number, by: number, end: number): [number, number] {
  if (Math.abs(by) < 1e-12) return begin >= 0 && begin < end ? [-Infinity, Infinity] : [1, 0];
  const [a, b] = [-begin / by, (end - begin) / by];
  return a < b ? [a, b] : [b, a];
}

function packed(rgb: number, alpha: number): number {
  const [r, g, b] = [(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255];
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** A colour of its own for each object, far from its neighbours' by the golden angle. */
export function hue(id: number): number {
  const turn = ((id * 137.508) % 360) / 60;
  const part = Math.round(255 * (1 - Math.abs((turn % 2) - 1)));
  const [r, g, b] = [[255, part, 0], [part, 255, 0], [0, 255, part], [0, part, 255], [part, 0, 255], [255, 0, part]][Math.floor(turn)];
  return (r << 16) | (g << 8) | b;
}
