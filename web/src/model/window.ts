/** Windows: the values of an image that are seen as black and as white. */

export interface Window {
  /** One number, or one for each displayed channel. */
  low: number[];
  high: number[];
  /** Indices of the one or three channels that are displayed; none: the image's own choice. */
  channels: number[];
  /** Where it comes from, in words. */
  origin: string;
  /** Whether images of eight bits are displayed by it too. */
  eight_bits: boolean;
}

/** From the least black to the greatest white, over all channels. */
export const ends = ({ low, high }: Window): [number, number] => [Math.min(...low), Math.max(...high)];

/** All pairs stretched and moved together, so that their ends become these. Ends that touch or cross are kept apart. */
export function stretched(window: Window, low: number, high: number): Window {
  const [first, last] = ends(window);
  const least = Math.max(Math.abs(low), Math.abs(high), last - first) * 1e-6;
  const k = Math.max(high - low, least) / (last - first);
  const to = (value: number) => low + (value - first) * k;
  return { ...window, low: window.low.map(to), high: window.high.map(to), origin: "" };
}

/**
 * The window after a drag on the image, by pixels of the screen, as radiologists drag: sideways is the width, to the right wider
 * and softer; up and down is the level, upwards lower and brighter.
 */
export function dragged(window: Window, dx: number, dy: number): Window {
  const [first, last] = ends(window);
  const width = (last - first) * Math.exp(dx / 200);
  const level = (first + last) / 2 + (dy / 300) * (last - first);
  return stretched(window, level - width / 2, level + width / 2);
}

/** Where a value lies between two others, from 0 to 1, no farther. */
export const part = (value: number, first: number, last: number): number =>
  Math.max(0, Math.min(1, (value - first) / (last - first)));

/** A number with as many digits as a range of that width needs. */
export function written(value: number, width: number): string {
  const digits = Math.max(0, Math.min(12, 2 - Math.floor(Math.log10(Math.max(width, 1e-12)))));
  return String(Number(value.toFixed(digits)));
}

/** As a part of an address; empty for none. */
export function query(window: Window | null): string {
  if (!window) return "";
  const parts = new URLSearchParams({ low: window.low.join(), high: window.high.join(), eight_bits: String(window.eight_bits) });
  if (window.channels.length) parts.set("channels", window.channels.join());
  return `${parts}`;
}
