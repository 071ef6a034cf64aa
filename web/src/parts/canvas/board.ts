/** The canvas: image, overlay, tools, pointer and wheel. Knows no framework. */

import { Bits, type Point, type Rect } from "../../model/bits";
import { type Look, sample } from "../../model/render";
import type { Scene } from "../../model/scene";
import { View } from "../../model/view";
import { minimap, type ShownImage } from "./image";
import type { Press, Tool } from "./tool";

/** Bits that are not an object. alpha: 0 to 255.  chosen: it is the one that is looked at. */
export interface Ghost {
  readonly bits: Bits;
  readonly colour: number;
  readonly alpha: number;
  readonly chosen?: boolean;
}

export class Board {
  readonly view = new View();
  tool: Tool | null = null;
  brightness = 1;
  contrast = 1;
  grid = false;
  overview = true;
  /** Where the whole image is shown small, beside the board. */
  map: HTMLCanvasElement | null = null;
  /** What a drag with Ctrl or Command does, or any drag while `levelling`: how far it went, in pixels of the screen. */
  level: { begin(): void; move(dx: number, dy: number): void; end(): void } | null = null;
  levelling = false;
  /** Hears the place of the image under the pointer; null where it has left. */
  over: ((at: Point | null) => void) | null = null;
  /** Space was pressed, and nothing was moved with it. */
  tapped: (() => void) | null = null;
  /** Hears that the board was drawn. */
  drawn: (() => void) | null = null;
  /** A sign beside the pointer, of what drawing does; "" for none. */
  badge = "";
  private under: Point | null = null;
  private scene: Scene | null = null;
  private image: ShownImage | null = null;
  private ghost: readonly Ghost[] = [];
  private shown: Bits | null = null;
  /** What colour a preview has, 0xrrggbb. */
  tint: () => number = () => 0xffffff;
  private readonly context: CanvasRenderingContext2D;
  private readonly layer = document.createElement("canvas");
  private data: ImageData | null = null;
  private pressed = false;
  /** Fingers on the board; two of them move and zoom it. */
  private readonly fingers = new Map<number, Point>();
  private pinching = false;
  /** A finger that is down, and may yet be the first of two: the tool hears of it when it moves or lifts. */
  private held: Press | null = null;
  /** Once a pen has drawn, fingers only move the image: a resting hand is not a stroke. */
  private pen = false;
  private panning = false;
  /** Has the image been moved while Space was held? */
  private moved = false;
  /** Where the drag that adjusts began, on the screen. */
  private adjusting: Point | null = null;
  private space = false;
  private queued = false;
  private last: Point = { x: 0, y: 0 };
  private readonly closing = new AbortController();
  /** Milliseconds of the last redraw, for the benchmark. */
  took = 0;

  constructor(readonly canvas: HTMLCanvasElement, private readonly look: () => Look) {
    this.context = canvas.getContext("2d")!;
    canvas.addEventListener("pointerdown", (e) => this.down(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    canvas.addEventListener("pointerup", (e) => this.up(e));
    canvas.addEventListener("pointercancel", (e) => this.cancel(e));
    canvas.addEventListener("pointerleave", () => {
      this.under = null;
      this.over?.(null);
      if (this.badge) this.redraw();
    });
    canvas.addEventListener("dblclick", (e) => this.tool?.double?.(this.press(e)));
    canvas.addEventListener("contextmenu", (e) => e.preventDefault());
    canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    const { signal } = this.closing;
    window.addEventListener("keydown", (e) => {
      if (e.code === "Space" && !(e.target instanceof HTMLInputElement || e.target instanceof HTMLTextAreaElement)) {
        if (!e.repeat) this.moved = e.target instanceof HTMLElement && e.target.matches("button, select, summary, a");
        this.space = true;
        canvas.style.cursor = "grab";
      }
    }, { signal });
    window.addEventListener("keyup", (e) => {
      if (e.code === "Space" && this.space) {
        this.space = false;
        canvas.style.cursor = "crosshair";
        // Pressed, and nothing moved with it.
        if (!this.moved) this.tapped?.();
      }
    }, { signal });
    const watch = new ResizeObserver(() => this.resize());
    watch.observe(canvas);
    signal.addEventListener("abort", () => watch.disconnect());
    this.resize();
  }

  /** Let go of the window and of the image; the canvas is about to go. */
  close(): void {
    this.closing.abort();
    this.show(null, null);
  }

  /** True while a stroke, a move or a question is under way. */
  get busy(): boolean {
    return this.pressed || this.shown !== null || this.fingers.size > 0;
  }

  /** still: it is seen as the one before was; else it is fitted into the window. */
  show(scene: Scene | null, image: ShownImage | null, still = false): void {
    this.scene = scene;
    this.image?.close();
    this.image = image;
    this.shown = null;
    this.ghost = [];
    this.pressed = false;
    if (scene && !still) this.view.fit(scene.width, scene.height, this.canvas.width, this.canvas.height);
    this.redraw();
  }

  /** The same image, other objects. */
  replace(scene: Scene): void {
    this.scene = scene;
    this.redraw();
  }

  /** The same image displayed otherwise; the view stays. */
  swap(image: ShownImage): void {
    if (this.image !== image) this.image?.close();
    this.image = image;
    this.redraw();
  }

  turn(degrees: number): void {
    this.view.turn(degrees, { x: this.canvas.width / 2, y: this.canvas.height / 2 });
    this.redraw();
  }

  fit(): void {
    if (this.scene) this.view.fit(this.scene.width, this.scene.height, this.canvas.width, this.canvas.height);
    this.redraw();
  }

  preview(bits: Bits | null): void {
    this.shown = bits;
    this.redraw();
  }

  suggest(ghost: readonly Ghost[]): void {
    this.ghost = ghost;
    this.redraw();
  }

  pixels(box: Rect): Promise<ImageData> | null {
    return this.image?.pixels(box) ?? null;
  }

  redraw(): void {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw();
    });
  }

  /** Draw now. */
  draw(): void {
    const begun = performance.now();
    const { context, canvas, view, scene } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!scene) return;
    if (this.image) {
      context.imageSmoothingEnabled = view.scale < 2;
      if (this.brightness !== 1 || this.contrast !== 1)
        context.filter = `brightness(${this.brightness}) contrast(${this.contrast})`;
      context.setTransform(
        view.scale * view.cos, view.scale * view.sin, -view.scale * view.sin, view.scale * view.cos, view.x, view.y,
      );
      this.image.draw(context, view, canvas.width, canvas.height);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.filter = "none";
    }
    if (!this.data || this.data.width !== canvas.width || this.data.height !== canvas.height) {
      this.data = new ImageData(Math.max(1, canvas.width), Math.max(1, canvas.height));
      this.layer.width = this.data.width;
      this.layer.height = this.data.height;
    }
    sample(scene, view, this.look(), this.data);
    for (const piece of this.ghost) this.stain(piece.bits, piece.colour, piece.alpha, true, piece.chosen);
    if (this.shown) this.stain(this.shown, this.tint(), 120, false);
    this.layer.getContext("2d")!.putImageData(this.data, 0, 0);
    context.drawImage(this.layer, 0, 0);
    if (this.grid) this.drawGrid();
    this.tool?.draw?.(context);
    this.drawMap();
    if (this.badge && this.under) this.drawBadge(this.under);
    this.drawn?.();
    this.took = performance.now() - begun;
  }

  /** Bits that are not an object, over the overlay: hatched where they are only suggested. A rim of the colour with a dark line around
   * it is seen on any ground; of what is looked at or drawn, a white one. */
  private stain(bits: Bits, rgb: number, alpha: number, hatched: boolean, chosen = false): void {
    if (!this.data || !bits.w) return;
    const { view, data } = this;
    const out = new Uint32Array(data.data.buffer);
    const corners = [[0, 0], [bits.w, 0], [0, bits.h], [bits.w, bits.h]].map(([x, y]) => view.toScreen({ x: bits.x + x, y: bits.y + y }));
    const bounds = (values: number[], most: number) => [
      Math.max(0, Math.floor(Math.min(...values))), Math.min(most, Math.ceil(Math.max(...values))),
    ];
    // With the line around it.
    const [left, right] = bounds(corners.flatMap(({ x }) => [x - 2, x + 2]), data.width);
    const [top, bottom] = bounds(corners.flatMap(({ y }) => [y - 2, y + 2]), data.height);
    const blue = ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16);
    const colour = ((alpha << 24) | blue) >>> 0;
    const rim = chosen || !hatched ? 0xffffffff : (0xff000000 | blue) >>> 0;
    const halo = ((chosen || !hatched ? 0xff : 0xa0) << 24) >>> 0;
    const thick = chosen ? 3 : 1;
    const { w, h, data: inside } = bits;
    const there = (x: number, y: number) => x >= 0 && y >= 0 && x < w && y < h && inside[(y | 0) * w + (x | 0)] !== 0;
    const dx = view.cos / view.scale;
    const dy = -view.sin / view.scale;
    const [ax, ay] = [thick * dx, thick * dy];
    for (let y = top; y < bottom; y++) {
      let { x: ix, y: iy } = view.toImage({ x: left + 0.5, y: y + 0.5 });
      ix -= bits.x;
      iy -= bits.y;
      for (let x = left; x < right; x++, ix += dx, iy += dy) {
        if (!there(ix, iy)) {
          if (there(ix + dx, iy + dy) || there(ix - dx, iy - dy) || there(ix - dy, iy + dx) || there(ix + dy, iy - dx)) out[y * data.width + x] = halo;
          continue;
        }
        if (!(there(ix + ax, iy + ay) && there(ix - ax, iy - ay) && there(ix - ay, iy + ax) && there(ix + ay, iy - ax))) out[y * data.width + x] = rim;
        else if (!hatched || (x + y) % 8 < 4) out[y * data.width + x] = colour;
      }
    }
  }

  private drawBadge({ x, y }: Point): void {
    const { context } = this;
    context.beginPath();
    context.arc(x + 16, y + 16, 8, 0, 2 * Math.PI);
    context.fillStyle = "#000c";
    context.fill();
    context.fillStyle = "#fff";
    context.font = "bold 13px sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(this.badge, x + 16, y + 16.5);
  }

  /** Lines between pixels, as many of them as the eye can part. */
  private drawGrid(): void {
    const { context, view, canvas, scene } = this;
    let step = 1;
    while (step * view.scale < 16) step *= 2;
    const box = view.shown(canvas.width, canvas.height);
    const line = (a: Point, b: Point) => {
      const p = view.toScreen(a);
      const q = view.toScreen(b);
      context.moveTo(p.x, p.y);
      context.lineTo(q.x, q.y);
    };
    const [x0, x1] = [Math.max(0, box.x), Math.min(scene!.width, box.x + box.w)];
    const [y0, y1] = [Math.max(0, box.y), Math.min(scene!.height, box.y + box.h)];
    context.strokeStyle = "#8888";
    context.lineWidth = 1;
    context.beginPath();
    for (let x = Math.ceil(x0 / step) * step; x <= x1; x += step) line({ x, y: y0 }, { x, y: y1 });
    for (let y = Math.ceil(y0 / step) * step; y <= y1; y += step) line({ x: x0, y }, { x: x1, y });
    context.stroke();
  }

  /** The whole image, small, beside the board, with the part of it that the board shows. */
  private drawMap(): void {
    const { map, canvas, image, view } = this;
    if (!map) return;
    const small = this.overview ? image?.overview() : null;
    const found = image && small ? minimap(image, view, canvas.width, canvas.height) : null;
    map.hidden = !found;
    if (!found || !small) return;
    map.width = Math.round(found.w);
    map.height = Math.round(found.h);
    const context = map.getContext("2d")!;
    context.drawImage(small, 0, 0, map.width, map.height);
    // Light on dark, which is seen on any image.
    for (const [colour, width] of [["#000", 4], ["#fff", 2]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      found.shown.forEach((p, k) => (k ? context.lineTo(p.x, p.y) : context.moveTo(p.x, p.y)));
      context.closePath();
      context.stroke();
    }
  }

  /** Show what lies at a place of the map, in its pixels. */
  goTo({ x, y }: Point): void {
    const { image, map, canvas, view } = this;
    if (!image || !map) return;
    view.centre({ x: (x / map.width) * image.width, y: (y / map.height) * image.height }, canvas.width, canvas.height);
    this.redraw();
  }

  private resize(): void {
    const box = this.canvas.getBoundingClientRect();
    const width = Math.max(1, Math.round(box.width));
    const height = Math.max(1, Math.round(box.height));
    if (this.canvas.width === width && this.canvas.height === height) return;
    const before = { width: this.canvas.width, height: this.canvas.height };
    this.canvas.width = width;
    this.canvas.height = height;
    // Only what was seen as a whole is fitted anew; what a person moved or enlarged stays in the middle.
    if (!this.scene || this.view.isFitted(this.scene.width, this.scene.height, before.width, before.height)) return this.fit();
    this.view.pan((width - before.width) / 2, (height - before.height) / 2);
    this.redraw();
  }

  /** In the window. */
  private place(event: MouseEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private press(event: MouseEvent): Press {
    const at = this.view.toImage(this.place(event));
    // The other end of a pen takes away, as the right button does.
    return { ...at, shift: event.shiftKey, alt: event.altKey, button: event.button === 5 ? 2 : event.button };
  }

  private down(event: PointerEvent): void {
    if (!this.scene) return;
    this.canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === "pen") this.pen = true;
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, this.place(event));
      if (this.fingers.size === 2) {
        if (this.adjusting) this.level?.end();
        else if (this.pressed && !this.panning && !this.held) this.tool?.cancel?.();
        this.adjusting = null;
        this.held = null;
        this.pressed = false;
        this.pinching = true;
      }
      if (this.pinching) return;
    }
    this.last = { x: event.clientX, y: event.clientY };
    this.pressed = true;
    if (this.space) this.moved = true;
    this.panning = this.space || event.button === 1 || (this.pen && event.pointerType === "touch");
    if (this.panning) return;
    if (this.level && event.button === 0 && (this.levelling || event.ctrlKey || event.metaKey)) {
      this.adjusting = this.last;
      this.level.begin();
      return;
    }
    if (event.pointerType === "touch") this.held = this.press(event);
    else this.tool?.down?.(this.press(event));
  }

  private settle(): void {
    const { held } = this;
    this.held = null;
    if (held) this.tool?.down?.(held);
  }

  private move(event: PointerEvent): void {
    if (this.pinching) {
      if (this.fingers.has(event.pointerId)) this.pinch(event);
      return;
    }
    this.under = this.place(event);
    this.over?.(this.view.toImage(this.under));
    if (this.badge) this.redraw();
    if (this.adjusting) {
      this.level?.move(event.clientX - this.adjusting.x, event.clientY - this.adjusting.y);
      return;
    }
    if (this.panning && this.pressed) {
      this.view.pan(event.clientX - this.last.x, event.clientY - this.last.y);
      this.last = { x: event.clientX, y: event.clientY };
      this.redraw();
      return;
    }
    if (this.held && Math.hypot(event.clientX - this.last.x, event.clientY - this.last.y) < 4) return;
    this.settle();
    // A pen sends several places between two frames; none is left out.
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) this.tool?.move?.(this.press(step), this.pressed);
  }

  private up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (this.pinching) {
      if (!this.fingers.size) this.pinching = false;
      return;
    }
    if (this.adjusting) this.level?.end();
    else if (this.pressed && !this.panning) {
      this.settle();
      this.tool?.up?.(this.press(event));
    }
    this.pressed = false;
    this.panning = false;
    this.adjusting = null;
  }

  private cancel(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    if (!this.fingers.size) this.pinching = false;
    this.held = null;
    this.pressed = false;
    if (this.adjusting) this.level?.end();
    else this.tool?.cancel?.();
    this.adjusting = null;
  }

  /** Two fingers: what lies between them stays between them, and grows as they part. */
  private pinch(event: PointerEvent): void {
    const now = this.place(event);
    const was = this.fingers.get(event.pointerId)!;
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    if (!other) return;
    this.view.pan((now.x - was.x) / 2, (now.y - was.y) / 2);
    const before = Math.hypot(was.x - other.x, was.y - other.y);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    if (before > 1) this.view.zoom(Math.hypot(now.x - other.x, now.y - other.y) / before, middle);
    this.redraw();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.view.zoom(Math.exp(-event.deltaY / 400), this.place(event));
    this.redraw();
  }
}
