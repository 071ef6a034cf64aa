/** What a tool has begun and not finished on an image: kept with the image while another is open, and when the page goes. */

import { recall, remember } from "../../../store/kept";
import type { Layer } from "../../../store/pending";
import { project } from "../../../store/project";
import { asking, classId, current, desk, type Drawing, drawing, redraw, selected, toolName } from "./state";

interface Draft {
  tool: string;
  begun: unknown;
  classId: number;
  drawing: Drawing;
  selected: number | null;
}

/** Where something was left unfinished, and with which tool. */
export interface Left {
  image: number;
  layer: Layer;
  tool: string;
}

const MOST = 50; // drafts that are kept; the oldest go

/** Whoever takes a tool in hand; set by the file that knows the tools. */
export const hand = {
  take: (_tool: string): void => undefined,
  /** What an engine is asked with whose answer is kept when it comes; null where none is. Set by the file that asks. */
  wanted: (): unknown => null,
};

const shelf = (): string => `maskwright drafts ${project.value?.place} ${project.value?.me}`;
const nameOf = (layer: Layer, image: number): string => `${layer}/${image}`;

function all(): Map<string, Draft> {
  try {
    return new Map(JSON.parse(recall(shelf()) ?? "[]") as [string, Draft][]);
  } catch {
    return new Map();
  }
}

const keep = (drafts: ReadonlyMap<string, Draft>): void => remember(shelf(), JSON.stringify([...drafts].slice(-MOST)));

/** Has the tool begun something? An answer that is on its way is not to be waited for. */
export const isBegun = (): boolean => (desk.board?.tool?.draft?.() ?? null) !== null;

/** Is there something that Enter could not finish, such as two corners? */
export const isTooLittle = (): boolean => isBegun() && !asking.value;

/** Keep what is begun on the open image with it -> where, or null where nothing is begun. */
export function stow(): Left | null {
  const image = current.value;
  const begun = desk.board?.tool?.draft?.() ?? hand.wanted();
  if (image === null || begun === null) return null;
  const drafts = all();
  const { layer } = desk;
  drafts.delete(nameOf(layer, image)); // so that it becomes the newest
  drafts.set(nameOf(layer, image), { tool: toolName.value, begun, classId: classId.value, drawing: drawing.value, selected: selected.value });
  keep(drafts);
  return { image, layer, tool: toolName.value };
}

/** Go on with what was begun on the open image, unless something else is begun on it. */
export function takeUp(): void {
  const image = current.value;
  const { board, scene, layer } = desk;
  if (image === null || !board || isBegun()) return;
  const draft = dropped(nameOf(layer, image));
  if (!draft) return;
  hand.take(draft.tool);
  try {
    board.tool?.resume?.(draft.begun);
  } catch {
    board.tool?.cancel?.(); // of another version of the page
  }
  if (project.value?.classes.some((declared) => declared.id === draft.classId)) classId.value = draft.classId;
  drawing.value = draft.drawing;
  selected.value = draft.selected !== null && scene.find(draft.selected) ? draft.selected : null;
  redraw();
}

/** The page is seen again as it was left: what is begun is in the tool. */
export function backAgain(): void {
  if (current.value !== null) dropped(nameOf(desk.layer, current.value));
}

function dropped(name: string): Draft | undefined {
  const drafts = all();
  const found = drafts.get(name);
  if (drafts.delete(name)) keep(drafts);
  return found;
}
