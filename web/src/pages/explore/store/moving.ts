/** Presses and keys among the images. */

import { goTo } from "../../../address";
import { chosen, cursor, pick, pickAll } from "./state";

/** To the canvas, where the object is chosen if one is named; the browser's way back leads here. */
export const open = (number: number, object?: number): void => goTo({ page: "label", image: number, show: "all", name: "", ...(object !== undefined && { object }), query: "" });

export function onPress(event: MouseEvent, place: number): void {
  pick(place, event.shiftKey ? "through" : event.ctrlKey || event.metaKey ? "more" : "alone");
}

/** How keys move from a place: to the one beside it, and some lines above or below. */
export interface Moves {
  beside: (place: number, by: 1 | -1) => number;
  lines: (place: number, by: number) => number;
}

/** In a list of this many, a line each. */
export const inList = (number: () => number): Moves => {
  const lines = (place: number, by: number) => Math.min(Math.max(0, place + by), number() - 1);
  return { beside: lines, lines };
};

/** show: bring a place into sight. */
export function onMove(event: KeyboardEvent, { beside, lines }: Moves, show: (place: number) => void): void {
  const { numbers } = chosen.peek();
  if (!numbers.length || event.defaultPrevented || (event.target as HTMLElement).closest("button, input, select")) return;
  const at = cursor.peek();
  const steps: Record<string, () => number> = {
    ArrowRight: () => beside(at, 1), ArrowLeft: () => beside(at, -1), ArrowDown: () => lines(at, 1), ArrowUp: () => lines(at, -1),
    PageDown: () => lines(at, 5), PageUp: () => lines(at, -5), Home: () => lines(0, 0), End: () => lines(numbers.length - 1, 0),
  };
  if (event.key in steps) {
    const place = steps[event.key]();
    if (event.shiftKey) pick(place, "through");
    cursor.value = place;
    show(place);
  } else if (event.key === "Enter") open(numbers[at]);
  else if (event.key === " ") pick(at, "more");
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) pickAll();
  else return;
  event.preventDefault();
}
