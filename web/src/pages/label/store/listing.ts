/** The list of images as it is shown: which, in which order, and which of them comes next. */

import { computed } from "@preact/signals";
import type { ImageInfo } from "../../../api/client";
import { project } from "../../../store/project";
import { filter, layer, searched } from "./state";

export const FILTERS: Record<string, (image: ImageInfo, me: string) => boolean> = {
  all: () => true,
  mine: (image, me) => image.assignee === me,
  open: (image) => image.state === null,
  suggested: (image) => image.confidence != null,
  review: (image) => image.state === "review",
  labelled: (image) => image.state === "labelled",
  approved: (image) => image.state === "approved",
  twice: (image) => (image.own_labels ?? []).length > 0,
};

/** The images that the list shows, in its order. */
export const listed = computed<readonly ImageInfo[]>(() => {
  const { images = [], me = "" } = project.value ?? {};
  const text = searched.value.toLowerCase();
  const found = images.filter((image) => FILTERS[filter.value](image, me) && (!text || image.key.toLowerCase().includes(text)));
  // A queue: what is doubted most comes first.
  return filter.value === "suggested" ? found.sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1)) : found;
});

interface Numbered {
  readonly number: number;
}

/**
 * What comes after an image in the list, and around to what comes before it; without itself.
 * Where the list does not show it, what follows is what lies behind it among all.
 */
export function following<T extends Numbered>(list: readonly T[], all: readonly Numbered[], number: number | null): T[] {
  const place = new Map(all.map((image, k) => [image.number, k]));
  const here = place.get(number ?? NaN) ?? -1;
  const at = list.findIndex((image) => image.number === number);
  const next = at >= 0 ? at + 1 : Math.max(0, list.findIndex((image) => place.get(image.number)! > here));
  return [...list.slice(next), ...list.slice(0, next)].filter((image) => image.number !== number);
}

/** Is there something left to do on it for who finishes one image after the other? */
export function isUnfinished(image: ImageInfo): boolean {
  if (layer.value === "own") return !image.own_labels?.includes(project.value?.me ?? "");
  return image.state === null || (filter.value === "review" && image.state === "review");
}

export const isDone = (image: ImageInfo): boolean =>
  layer.value === "own" ? !isUnfinished(image) : image.state === "labelled" || image.state === "approved";
