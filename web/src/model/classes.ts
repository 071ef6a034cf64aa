/** The list of classes, and what a change of it changes. */

import type { Turn } from "./commands";

export interface Declared {
  readonly id: number;
  readonly name: string;
  readonly kind?: string;
  readonly role?: string;
  readonly colour?: readonly number[] | null;
}

type Maybe = Declared | undefined;

const flat = (declared: Maybe, colour: boolean): string =>
  declared ? JSON.stringify([declared.name, declared.kind ?? "thing", declared.role ?? "class", colour ? (declared.colour ?? null) : 0]) : "";

/** Are they as good as one? Of a class without a colour of its own the colour depends on the others: it counts only where it was changed. */
const same = (a: Maybe, b: Maybe, colour: boolean): boolean => flat(a, colour) === flat(b, colour);

const byId = (list: readonly Declared[]) => new Map(list.map((declared) => [declared.id, declared]));

/** Ids of the classes that differ, are new, or are gone. */
export function differing({ before, after }: Turn<readonly Declared[]>): number[] {
  const [was, is] = [byId(before), byId(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((id) => !same(was.get(id), is.get(id), true));
}

/**
 * The classes as they are now, with what a turn changes of them; what others have done to the rest stays.
 * changed: names of those that it should change, and that are not as it found them.
 */
export function turnedClasses<T extends Declared>(now: readonly T[], turn: Turn<readonly T[]>): { classes: T[]; changed: string[] } {
  const [was, is, held] = [byId(turn.before), byId(turn.after), byId(now)];
  const changed: string[] = [];
  const result = new Map(now.map((declared) => [declared.id, declared]));
  for (const id of differing(turn)) {
    const [old, fresh, here] = [was.get(id), is.get(id), held.get(id)];
    const painted = Boolean(old && fresh) && JSON.stringify(old?.colour ?? null) !== JSON.stringify(fresh?.colour ?? null);
    if (!same(here, old, painted) && !same(here, fresh, painted)) changed.push((here ?? old ?? fresh)!.name);
    if (fresh) result.set(id, fresh as T);
    else result.delete(id);
  }
  return { classes: ordered([...result.values()], turn.after), changed };
}

/** In the order of the wanted ones, where all of those that both know are in another; the rest stays behind what it stood behind. */
function ordered<T extends Declared>(list: readonly T[], wanted: readonly T[]): T[] {
  const place = new Map(wanted.map((declared, k) => [declared.id, k]));
  const known = list.filter(({ id }) => place.has(id)).sort((a, b) => place.get(a.id)! - place.get(b.id)!);
  return list.map((declared) => (place.has(declared.id) ? known.shift()! : declared));
}
