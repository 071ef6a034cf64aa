/** The work of several people: states, tasks, review, and labels that one made apart from the others. */

import { api, type WireThing } from "../api/client";
import { replaced } from "../model/scene";
import { words } from "../strings";
import { confirmTool } from "./asking";
import { perform, send } from "./gestures";
import { nextOf, open, reload, step, work } from "./images";
import { show } from "./shown";
import { desk, info, layer, message, project } from "./state";
import { learnt } from "./suggestions";
import { fromWire, newId } from "./wire";

/** Say something of the image; none takes it back. */
export function mark(state: string | null, then?: () => void): void {
  if (confirmTool()) return mark(state, then);
  send({ kind: "state", changes: [] }, { state });
  if (state === "labelled") learnt();
  then?.();
}

/** Finish, save, next: of one's own task, where there is one. */
export function finish(): void {
  if (confirmTool()) return;
  const me = project.value?.me;
  const mine = info()?.assignee === me && me !== undefined;
  mark("labelled", () => {
    const left = (one: { assignee?: string | null; state: string | null; opinions?: string[] }) =>
      one.assignee === me && (layer.value === "own" ? !one.opinions?.includes(me!) : one.state === null);
    if (!mine || !nextOf(left)) step(1);
  });
}

/** Approve, and go on to the next image that waits for a review. */
export function approve(): void {
  const reviewing = info()?.state === "review";
  mark("approved", () => reviewing && nextReview());
}

export const nextReview = (): boolean => nextOf((one) => one.state === "review");

export async function assign(name: string | null, what: { count?: number; numbers?: number[] }): Promise<number> {
  try {
    const found = await api.assign(name, what);
    await reload();
    return found.length;
  } catch (error) {
    message.value = (error as Error).message;
    return 0;
  }
}

/** Show what somebody labelled apart, over the shared labels. */
export async function compare(number: number, person: string): Promise<void> {
  await work("shared");
  await open(number);
  try {
    const { objects } = await api.objects(number, { layer: "own", of: person });
    show({ name: person, words: words.compared(person, objects.length), objects, take: { words: words.adopt, go: () => adopt(objects) } });
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** Make them the shared labels, in one gesture. */
function adopt(objects: readonly WireThing[]): void {
  const { scene } = desk;
  perform("adopt", replaced(scene, objects.map((one) => ({ ...fromWire(one, scene.width, scene.height), id: newId() }))));
  show(null);
}
