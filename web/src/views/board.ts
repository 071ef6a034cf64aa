/** The canvas: picture, overlay, tools, pointer and wheel. Knows no framework. */

import { Bits, type Point } from "../model/bits";
import { type Look, sample } from "../model/render";
import type { Scene } from "../model/scene";
import { View } from "../model/view";
import type { Press, Tool } from "../tools/tool";

export class Board {
  readonly view = new View();
  tool: Tool | null = null;
  brightness = 1;
  contrast = 1;
  private scene: Scene | null = null;
  private picture: ImageBitmap | null = null;
  private ghost: { bits: Bits; colour: number }[] = [];
  private shown: Bits | null = null;
  private readonly context: CanvasRenderingContext2D;
  private readonly layer = document.createElement("canvas");
  private data: ImageData | null = null;
  private pixelsRead: ImageData | null = null;
  private pressed = false;
  private panning = false;
  private space = false;
  private queued = false;
  private last: Point = { x: 0, y: 0 };
  /** Milliseconds of the last redraw, for the benchmark. */
  took = 0;

  constructor(readonly canvas: HTMLCanvasElement, private readonly look: () => Look) {
    this.context = canvas.getContext("2d")!;
    canvas.addEventListener("pointerdown", (e) => this.down(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    canvas.addEventListener("pointerup", (e) => this.up(e));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("dblclick", (e) => this.tool?.double?.(this.press(e)));
    canvas.addEventListener("contextmenu", (e) => e.preventDefault());
    canvas.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    window.addEventListener("keydown", (e) => {
      if (e.code === "Space" && !(e.target instanceof HTMLInputElement)) {
        this.space = true;
        canvas.style.cursor = "grab";
      }
    });
    window.addEventListener("keyup", (e) => {
      if (e.code === "Space") {
        this.space = false;
        canvas.style.cursor = "crosshair";
      }
    });
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  show(scene: Scene | null, picture: ImageBitmap | null): void {
    this.scene = scene;
    this.picture = picture;
    this.pixelsRead = null;
    this.shown = null;
    this.ghost = [];
    this.pressed = false;
    if (scene) this.view.fit(scene.width, scene.height, this.canvas.width, this.canvas.height);
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

  suggest(ghost: { bits: Bits; colour: number }[]): void {
    this.ghost = ghost;
    this.redraw();
  }

  pixels(): ImageData | null {
    if (!this.pixelsRead && this.picture) {
      const canvas = new OffscreenCanvas(this.picture.width, this.picture.height);
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      context.drawImage(this.picture, 0, 0);
      this.pixelsRead = context.getImageData(0, 0, this.picture.width, this.picture.height);
    }
    return this.pixelsRead;
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
    if (this.picture) {
      context.imageSmoothingEnabled = view.scale < 2;
      if (this.brightness !== 1 || this.contrast !== 1)
        context.filter = `brightness(${this.brightness}) contrast(${this.contrast})`;
      context.drawImage(this.picture, view.x, view.y, scene.width * view.scale, scene.height * view.scale);
      context.filter = "none";
    }
    if (!this.data || this.data.width !== canvas.width || this.data.height !== canvas.height) {
      this.data = new ImageData(Math.max(1, canvas.width), Math.max(1, canvas.height));
      this.layer.width = this.data.width;
      this.layer.height = this.data.height;
    }
    sample(scene, view, this.look(), this.data);
    for (const one of this.ghost) this.stain(one.bits, one.colour, 90, true);
    if (this.shown) this.stain(this.shown, 0xffffff, 120, false);
    this.layer.getContext("2d")!.putImageData(this.data, 0, 0);
    context.drawImage(this.layer, 0, 0);
    this.tool?.draw?.(context);
    this.took = performance.now() - begun;
  }

  /** Bits that are no object, over the overlay; hatched where they are only suggested. */
  private stain(bits: Bits, rgb: number, alpha: number, hatched: boolean): void {
    if (!this.data || !bits.w) return;
    const { view, data } = this;
    const out = new Uint32Array(data.data.buffer);
    const from = view.toScreen({ x: bits.x, y: bits.y });
    const to = view.toScreen({ x: bits.x + bits.w, y: bits.y + bits.h });
    const colour = ((alpha << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
    for (let y = Math.max(0, Math.floor(from.y)); y < Math.min(data.height, Math.ceil(to.y)); y++) {
      const by = Math.floor((y + 0.5 - view.y) / view.scale) - bits.y;
      if (by < 0 || by >= bits.h) continue;
      for (let x = Math.max(0, Math.floor(from.x)); x < Math.min(data.width, Math.ceil(to.x)); x++) {
        const bx = Math.floor((x + 0.5 - view.x) / view.scale) - bits.x;
        if (bx >= 0 && bx < bits.w && bits.data[by * bits.w + bx] && (!hatched || (x + y) % 6 < 3))
          out[y * data.width + x] = colour;
      }
    }
  }

  private resize(): void {
    const box = this.canvas.getBoundingClientRect();
    const width = Math.max(1, Math.round(box.width));
    const height = Math.max(1, Math.round(box.height));
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.fit();
  }

  private press(event: MouseEvent): Press {
    const box = this.canvas.getBoundingClientRect();
    const at = this.view.toImage({ x: event.clientX - box.left, y: event.clientY - box.top });
    return { ...at, shift: event.shiftKey, alt: event.altKey, button: event.button };
  }

  private down(event: PointerEvent): void {
    if (!this.scene) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.last = { x: event.clientX, y: event.clientY };
    this.pressed = true;
    this.panning = this.space || event.button === 1;
    if (!this.panning) this.tool?.down?.(this.press(event));
  }

  private move(event: PointerEvent): void {
    if (this.panning && this.pressed) {
      this.view.pan(event.clientX - this.last.x, event.clientY - this.last.y);
      this.last = { x: event.clientX, y: event.clientY };
      this.redraw();
      return;
    }
    // A pen sends several places between two frames; none is left out.
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const one of steps.length ? steps : [event]) this.tool?.move?.(this.press(one), this.pressed);
  }

  private up(event: PointerEvent): void {
    if (this.pressed && !this.panning) this.tool?.up?.(this.press(event));
    this.pressed = false;
    this.panning = false;
  }

  private cancel(): void {
    this.pressed = false;
    this.tool?.cancel?.();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.view.zoom(Math.exp(-event.deltaY / 400), { x: event.clientX - box.left, y: event.clientY - box.top });
    this.redraw();
  }
}
