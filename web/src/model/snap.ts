/** Corners that go where the eye wants them: to the image's edge and to the borders of what is drawn already. */

import type { Point } from "./bits";
import type { Scene } from "./scene";

/**
 * The nearest place of a border within `reach` pixels of the image; the point itself where there is none.
 * Where a border turns it draws from twice as far: a corner wants a corner.
 */
export function snapped(scene: Scene, at: Point, reach: number, own: number | null): Point {
  const label = own === null ? -1 : scene.indexOf(own) + 1;
  const read = (x: number, y: number): number => {
    if (x < 0 || y < 0 || x >= scene.width || y >= scene.height) return -1;
    const found = scene.top[y * scene.width + x];
    return found === label ? 0 : found;
  };
  let best = at;
  let nearest = reach * reach;
  const r = Math.ceil(reach);
  const [cx, cy] = [Math.round(at.x), Math.round(at.y)];
  for (let y = Math.max(0, cy - r); y <= Math.min(scene.height, cy + r); y++)
    for (let x = Math.max(0, cx - r); x <= Math.min(scene.width, cx + r); x++) {
      const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
      if (distance >= reach * reach) continue;
      const [a, b, c, d] = [read(x - 1, y - 1), read(x, y - 1), read(x - 1, y), read(x, y)];
      if (a === b && a === c && a === d) continue;
      const straight = (a === b && c === d) || (a === c && b === d);
      const far = straight ? distance : distance / 4;
      if (far >= nearest) continue;
      nearest = far;
      best = { x, y };
    }
  return best;
}
