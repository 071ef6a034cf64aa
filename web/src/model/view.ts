/** Where the image lies in the window: screen = image * scale + offset. */

import type { Point } from "./bits";

export class View {
  scale = 1;
  x = 0;
  y = 0;

  toImage(screen: Point): Point {
    return { x: (screen.x - this.x) / this.scale, y: (screen.y - this.y) / this.scale };
  }

  toScreen(image: Point): Point {
    return { x: image.x * this.scale + this.x, y: image.y * this.scale + this.y };
  }

  fit(width: number, height: number, windowWidth: number, windowHeight: number): void {
    this.scale = Math.min(windowWidth / width, windowHeight / height) * 0.96;
    this.x = (windowWidth - width * this.scale) / 2;
    this.y = (windowHeight - height * this.scale) / 2;
  }

  /** Zoom with the point under the pointer held still. */
  zoom(factor: number, around: Point): void {
    const next = Math.max(0.01, Math.min(64, this.scale * factor));
    const real = next / this.scale;
    this.x = around.x - (around.x - this.x) * real;
    this.y = around.y - (around.y - this.y) * real;
    this.scale = next;
  }

  pan(dx: number, dy: number): void {
    this.x += dx;
    this.y += dy;
  }
}
