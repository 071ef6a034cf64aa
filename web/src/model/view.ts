/** Where the image lies in the window: screen = turned(image) * scale + offset. */

import type { Point, Rect } from "./bits";

export class View {
  scale = 1;
  x = 0;
  y = 0;
  /** Degrees, clockwise as the eye sees it. */
  angle = 0;
  cos = 1;
  sin = 0;

  toImage(screen: Point): Point {
    const dx = (screen.x - this.x) / this.scale;
    const dy = (screen.y - this.y) / this.scale;
    return { x: dx * this.cos + dy * this.sin, y: dy * this.cos - dx * this.sin };
  }

  toScreen(image: Point): Point {
    return {
      x: (image.x * this.cos - image.y * this.sin) * this.scale + this.x,
      y: (image.x * this.sin + image.y * this.cos) * this.scale + this.y,
    };
  }

  /** All of the image, as large as the window lets it be, turned as it is. */
  fit(width: number, height: number, windowWidth: number, windowHeight: number): void {
    const wide = Math.abs(width * this.cos) + Math.abs(height * this.sin);
    const high = Math.abs(width * this.sin) + Math.abs(height * this.cos);
    this.scale = Math.min(windowWidth / wide, windowHeight / high) * 0.96;
    this.centre({ x: width / 2, y: height / 2 }, windowWidth, windowHeight);
  }

  /** Is it seen as `fit` shows it? */
  isFitted(width: number, height: number, windowWidth: number, windowHeight: number): boolean {
    const whole = new View();
    whole.turn(this.angle, { x: 0, y: 0 });
    whole.fit(width, height, windowWidth, windowHeight);
    return Math.abs(whole.x - this.x) < 1 && Math.abs(whole.y - this.y) < 1 && Math.abs(whole.scale / this.scale - 1) < 1e-3;
  }

  /** Bring a place of the image to the middle of the window. */
  centre(image: Point, windowWidth: number, windowHeight: number): void {
    const now = this.toScreen(image);
    this.pan(windowWidth / 2 - now.x, windowHeight / 2 - now.y);
  }

  /** Zoom with the point under the pointer held still. */
  zoom(factor: number, around: Point): void {
    const next = Math.max(0.01, Math.min(64, this.scale * factor));
    const real = next / this.scale;
    this.x = around.x - (around.x - this.x) * real;
    this.y = around.y - (around.y - this.y) * real;
    this.scale = next;
  }

  /** Turn by degrees with a point of the window held still. */
  turn(degrees: number, around: Point): void {
    const held = this.toImage(around);
    this.angle = (((this.angle + degrees) % 360) + 360) % 360;
    const radians = (this.angle * Math.PI) / 180;
    // Quarters exactly: the map is then still read along rows and columns.
    this.cos = this.angle % 90 ? Math.cos(radians) : [1, 0, -1, 0][this.angle / 90];
    this.sin = this.angle % 90 ? Math.sin(radians) : [0, 1, 0, -1][this.angle / 90];
    const now = this.toScreen(held);
    this.pan(around.x - now.x, around.y - now.y);
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
  }

  /** The smallest upright box of the image that the window can show. */
  shown(windowWidth: number, windowHeight: number): Rect {
    const corners = [
      { x: 0, y: 0 }, { x: windowWidth, y: 0 }, { x: 0, y: windowHeight }, { x: windowWidth, y: windowHeight },
    ].map((corner) => this.toImage(corner));
    const xs = corners.map((corner) => corner.x);
    const ys = corners.map((corner) => corner.y);
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
  }
}
