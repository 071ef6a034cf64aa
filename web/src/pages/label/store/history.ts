/** What an image was after each gesture. */

import { api } from "../../../api/client";
import { type Change, change, type Fields, removal, type Value } from "../../../model/scene";
import { dialog, message } from "../../../store/project";
import { fromWire } from "../../../store/wire";
import { words } from "../../../strings";
import { perform } from "./gestures";
import { show } from "./shown";
import { current, desk } from "./state";

export interface Past {
  revision: number;
  kind: string;
  author: string;
  created: string;
}

/** Of everybody's labels: who works apart from them is not to see them here either. */
export const imageHistory = (): Promise<Past[]> =>
  current.value === null || desk.layer === "own" ? Promise.resolve([]) : api.history(current.value);

/** Show what an image was after a gesture; from there to the ones before and after it. */
export async function look(past: readonly Past[], at: number): Promise<void> {
  const number = current.value;
  if (number === null) return;
  dialog.value = "";
  try {
    const { objects } = await api.objects(number, { at: past[at].revision });
    if (current.value !== number) return;
    const to = (index: number) => (index >= 0 && index < past.length ? () => void look(past, index) : null);
    show({
      name: `revision ${past[at].revision}`, words: words.past(past[at].kind, past[at].author, past[at].created, objects.length), objects,
      take: { words: words.restore, go: () => void restore(past[at].revision) }, steps: { back: to(at + 1), on: to(at - 1) },
    });
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function restore(revision: number): Promise<void> {
  if (current.value === null) return;
  const { scene } = desk;
  const past = await api.objects(current.value, { at: revision });
  const then = past.objects.map((segment) => fromWire(segment, scene.width, scene.height));
  const changes: Change[] = [];
  const gone: Change[] = [];
  for (const segment of scene.segments) if (!then.some((other) => other.id === segment.id)) gone.unshift(removal(scene, segment.id));
  for (const segment of then) {
    const old = scene.find(segment.id);
    const same = old && old.bits.equals(segment.bits) && old.classId === segment.classId && flat(old.attributes) === flat(segment.attributes);
    if (!same) changes.push(change(scene, segment));
  }
  const fields = otherFields(scene.fields, past.fields ?? {});
  perform("restore", [...changes, ...gone], fields && { fields });
  dialog.value = "";
  show(null);
}

const flat = (values: object): string => JSON.stringify(Object.entries(values).sort());

/** What makes an image's fields what they were, nothing where they are; a gesture holds single values only. */
function otherFields(now: Readonly<Record<string, unknown>>, then: Readonly<Record<string, unknown>>): Fields | undefined {
  const names = Object.keys({ ...now, ...then }).filter((name) => now[name] !== then[name] && [now[name], then[name]].every((value) => typeof value !== "object"));
  if (!names.length) return undefined;
  const of = (fields: Readonly<Record<string, unknown>>) => Object.fromEntries(names.map((name) => [name, (fields[name] ?? null) as Value]));
  return { before: of(now), after: of(then) };
}
