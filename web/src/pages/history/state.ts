/** Which revisions the history page shows, and what is different between the two that were chosen. The address holds them. */

import { computed, effect, signal } from "@preact/signals";
import { address, toPage } from "../../address";
import { api, type Differences, type RevisionInfo, type RunRow } from "../../api/client";
import { message } from "../../store/project";
import { words } from "../../strings";

export const revisions = signal<readonly RevisionInfo[]>([]);
export const runs = signal<readonly RunRow[]>([]);
/** Are there older ones than those that are shown? */
export const more = signal(true);
/** The revision that is looked at, and the one that it is compared with; null: the one before it. */
export const chosen = signal<number | null>(null);
export const against = signal<number | null>(null);
export const found = signal<Differences | null>(null);

const before = computed(() => against.value ?? (chosen.value === null ? null : Math.max(1, chosen.value - 1)));

export function pick(id: number, compare: boolean): void {
  if (compare && chosen.peek() !== null && id !== chosen.peek()) against.value = id;
  else {
    against.value = null;
    chosen.value = id;
  }
}

/** Show what the address says, and follow both from now on. What is given back ends it. */
export function follow(): () => void {
  take(address.peek().query);
  const ends = [
    effect(() => {
      const query = new URLSearchParams({ ...(chosen.value !== null && { at: String(chosen.value) }), ...(against.value !== null && { against: String(against.value) }) }).toString();
      if (address.peek().page === "history" && address.peek().query !== query) toPage("history", query, true);
    }),
    effect(() => {
      if (address.value.page === "history") take(address.value.query);
    }),
    effect(() => void compare(before.value, chosen.value)),
  ];
  void look();
  return () => ends.forEach((end) => end());
}

function take(query: string): void {
  const given = new URLSearchParams(query);
  const number = (name: string) => (given.get(name) === null ? null : Number(given.get(name)));
  if (given.has("at")) [chosen.value, against.value] = [number("at"), number("against")];
}

/** Ask for the newest revisions. */
export async function look(): Promise<void> {
  try {
    [revisions.value, runs.value] = await Promise.all([api.revisions(), api.runs()]);
    more.value = revisions.value.length > 0 && revisions.value.at(-1)!.id > 1;
    if (chosen.peek() === null && revisions.value.length) chosen.value = revisions.value[0].id;
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function older(): Promise<void> {
  try {
    const next = await api.revisions(revisions.peek().at(-1)!.id);
    revisions.value = [...revisions.peek(), ...next];
    more.value = next.length > 0 && next.at(-1)!.id > 1;
  } catch (error) {
    message.value = (error as Error).message;
  }
}

async function compare(old: number | null, now: number | null): Promise<void> {
  found.value = null;
  if (old === null || now === null) return;
  try {
    const told = await api.differences(old, now);
    if (before.peek() === old && chosen.peek() === now) found.value = told;
  } catch (error) {
    message.value = (error as Error).message;
  }
}

export async function name(revision: number, tag: string): Promise<boolean> {
  try {
    await api.tag(revision, tag);
    await look();
    return true;
  } catch (error) {
    message.value = (error as Error).message;
    return false;
  }
}

export async function restore(revision: number): Promise<void> {
  try {
    const made = await api.restore(revision);
    message.value = words.historyPage.restored(revision, made.id);
    await look();
    pick(made.id, false);
  } catch (error) {
    message.value = (error as Error).message;
  }
}
