/** Labels that one person made apart, beside the shared ones. */

import { goTo } from "../../../address";
import { api, type WireSegment } from "../../../api/client";
import { replaced } from "../../../model/scene";
import { message } from "../../../store/project";
import { fromWire, newId } from "../../../store/wire";
import { words } from "../../../strings";
import { perform } from "./gestures";
import { open, work } from "./images";
import { show } from "./shown";
import { desk } from "./state";

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

let wished: { number: number; person: string } | null = null;

/** As `compare`, from another page: the label page opens, and does it. */
export function compareThere(number: number, person: string): void {
  wished = { number, person };
  goTo({ page: "label", image: number, show: "all", name: "", query: "" });
}

/** What another page wished, once. */
export async function takeWish(): Promise<void> {
  const wish = wished;
  wished = null;
  if (wish) await compare(wish.number, wish.person);
}

/** Make them the shared labels, in one gesture. */
function adopt(objects: readonly WireSegment[]): void {
  const { scene } = desk;
  perform("adopt", replaced(scene, objects.map((segment) => ({ ...fromWire(segment, scene.width, scene.height), id: newId() }))));
  show(null);
}
