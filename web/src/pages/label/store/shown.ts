/** Objects over the image's own, which are not its: suggestions, another person's labels, an earlier state's, what words found. */

import type { WireSegment } from "../../../api/client";
import type { Bits, Point } from "../../../model/bits";
import { fromWire, newId } from "../../../store/wire";
import { bringing, perform } from "./gestures";
import { colourOf, desk, offered, selected, type Shown, shown, suggested } from "./state";

let ghosts: { segment: WireSegment; bits: Bits }[] = [];

/** Hatched over it. */
export function ghost(objects: readonly WireSegment[]): void {
  const { scene, board } = desk;
  ghosts = objects.map((segment) => ({ segment, bits: fromWire(segment, scene.width, scene.height).bits }));
  board?.suggest(ghosts.map(({ segment, bits }) => ({ bits, colour: colourOf(segment.class_id) })));
}

/** Show objects over the image's own, or with null no longer. */
export function show(what: Shown | null): void {
  shown.value = what;
  ghost(what?.objects ?? (offered.value === null ? [] : suggested.value));
}

/** Take the single object that is shown at a place. False where there is none. */
export function takeAt(at: Point): boolean {
  const found = [...ghosts].reverse().find(({ bits }) => bits.has(Math.floor(at.x), Math.floor(at.y)));
  if (!found) return false;
  const { scene } = desk;
  const { segment } = found;
  const suggestion = !shown.value;
  const attributes = suggestion ? { ...segment.attributes, accepted: "untouched" } : { ...segment.attributes };
  const taken = { ...fromWire(segment, scene.width, scene.height), id: newId(), source: "human" as const, attributes };
  const rest = ghosts.filter((other) => other !== found).map((other) => other.segment);
  if (suggestion) suggested.value = rest;
  else shown.value = { ...shown.value!, objects: rest };
  ghost(rest);
  const run = offered.value;
  const all = suggestion && !rest.length && run !== null;
  if (all) offered.value = null;
  perform("accept one", bringing([taken]), all ? { said: { suggestion: { run, before: "open", after: "accepted" } } } : {});
  selected.value = scene.find(taken.id) ? taken.id : null;
  return true;
}
