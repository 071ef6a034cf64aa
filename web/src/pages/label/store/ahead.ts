/** Images that are likely to be opened next, decoded before they are asked for. */

import { api, type ImageInfo } from "../../../api/client";

/** Bytes of pixels that are held. */
const MOST = 384 * 2 ** 20;

interface Held {
  look: string;
  bytes: number;
  bitmap: Promise<ImageBitmap>;
}

const held = new Map<number, Held>();

const drop = (number: number): void => {
  void held.get(number)?.bitmap.then((bitmap) => bitmap.close(), () => undefined);
  held.delete(number);
};

/** Have these ready, the first soonest; others that were held are let go. look: how they are displayed. */
export function prefetch(images: readonly ImageInfo[], look: string): void {
  for (const number of [...held.keys()]) if (held.get(number)!.look !== look || !images.some((image) => image.number === number)) drop(number);
  let bytes = [...held.values()].reduce((sum, row) => sum + row.bytes, 0);
  for (const image of images) {
    const own = 4 * image.width * image.height;
    if (image.tiles || held.has(image.number)) continue;
    if (bytes + own > MOST) return;
    bytes += own;
    const bitmap = api.pixels(image.number, look);
    bitmap.catch(() => held.delete(image.number)); // it is asked for again, and then said, when it is opened
    held.set(image.number, { look, bytes: own, bitmap });
  }
}

/** The image if it is here or on its way; whoever gets it closes it. */
export function taken(number: number, look: string): Promise<ImageBitmap> | null {
  const found = held.get(number);
  if (!found || found.look !== look) return null;
  held.delete(number);
  return found.bitmap;
}

/** Numbers of those that are held; for tests. */
export const ready = (): number[] => [...held.keys()];
