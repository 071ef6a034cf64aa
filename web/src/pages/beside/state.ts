/** Which image is shown, under what on either side, and how it is looked at. The address holds the first two. */

import { signal } from "@preact/signals";
import { address, toPage } from "../../address";

/** An image's labels, in place of a run's name. */
export const LABELS = "";

export interface Shown {
  image: number;
  /** Left and right: a run, or the labels. */
  sides: readonly [left: string, right: string];
}

/** Of both sides alike: how much larger than when it fits, and how far moved, in shares of the image. */
export interface Look {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: Look = { scale: 1, x: 0, y: 0 };
export const look = signal<Look>(WHOLE);

export function read(query: string): Shown | null {
  const given = new URLSearchParams(query);
  const image = Number(given.get("image") ?? NaN);
  const [left = LABELS, right = LABELS] = given.getAll("under");
  return Number.isInteger(image) ? { image, sides: [left, right] } : null;
}

export const write = ({ image, sides }: Shown): string => new URLSearchParams([["image", String(image)], ...sides.map((side) => ["under", side])]).toString();

export const shown = (): Shown | null => (address.value.page === "beside" ? read(address.value.query) : null);

export const show = (what: Shown, passing = false): void => toPage("beside", write(what), passing);

/** Zoomed about a place, in shares of the pane: what lies there stays there. */
export function zoomed(from: Look, by: number, px: number, py: number): Look {
  const scale = Math.min(40, Math.max(1, from.scale * by));
  const kept = (at: number, moved: number) => bounded(at - ((at - moved) * scale) / from.scale, scale);
  return { scale, x: kept(px, from.x), y: kept(py, from.y) };
}

/** Moved by a share of the pane; the image never leaves it. */
export const moved = (from: Look, dx: number, dy: number): Look => ({ ...from, x: bounded(from.x + dx, from.scale), y: bounded(from.y + dy, from.scale) });

const bounded = (at: number, scale: number): number => Math.min(0, Math.max(1 - scale, at));
