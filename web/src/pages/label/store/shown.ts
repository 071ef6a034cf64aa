/** Objects over the image's own, which are not its: suggestions, another person's labels, an earlier state's, what words found. */

import type { Point } from "../../../model/bits";
import { fromWire, newId } from "../../../store/wire";
import { bringing, perform } from "./gestures";
import { suggestionsOf } from "./offer";
import { desk, selected, type Shown, shown } from "./state";
import { acceptAt } from "./suggestions";

/** Show objects over the image's own, or with null no longer. */
export function show(what: Shown | null): void {
  shown.value = what;
}

/** Take the single object that is shown at a place. False where there is none. */
export function takeAt(at: Point): boolean {
  if (!shown.value) return acceptAt(at);
  const found = suggestionsOf(shown.value.objects).reverse().find(({ bits }) => bits.has(Math.floor(at.x), Math.floor(at.y)));
  if (!found) return false;
  const { scene } = desk;
  const taken = { ...fromWire(found.segment, scene.width, scene.height), id: newId(), source: "human" as const };
  shown.value = { ...shown.value, objects: shown.value.objects.filter((other) => other !== found.segment) };
  perform("accept one", bringing([taken]));
  selected.value = scene.find(taken.id) ? taken.id : null;
  return true;
}
