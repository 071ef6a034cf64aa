/** Presses and keys among the images. */

import { goTo } from "../../../address";
import { chosen, cursor, pick, pickAll } from "./state";

/** To the canvas; the browser's way back leads here. */
export const open = (number: number): void => goTo({ page: "label", image: number, show: "all", name: "", query: "" });

export function onPress(event: MouseEvent, place: number): void {
  pick(place, event.shiftKey ? "through" : event.ctrlKey || event.metaKey ? "more" : "alone");
}

/** each: images in a row.  show: bring a place into sight. */
export function onMove(event: KeyboardEvent, each: number, show: (place: number) => void): void {
  const { numbers } = chosen.peek();
  if (!numbers.length || event.defaultPrevented || (event.target as HTMLElement).closest("button, input, select")) return;
  const at = cursor.peek();
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: each, ArrowUp: -each, PageDown: 5 * each, PageUp: -5 * each, Home: -at, End: numbers.length };
  if (event.key in steps) {
    const place = Math.min(Math.max(0, at + steps[event.key]), numbers.length - 1);
    if (event.shiftKey) pick(place, "through");
    cursor.value = place;
    show(place);
  } else if (event.key === "Enter") open(numbers[at]);
  else if (event.key === " ") pick(at, "more");
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) pickAll();
  else return;
  event.preventDefault();
}
