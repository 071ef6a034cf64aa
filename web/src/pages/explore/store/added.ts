/** Columns that were typed in, as expressions of conditions. */

import { computed, signal } from "@preact/signals";
import { api, type Ask } from "../../../api/client";

/** As they were typed; the address holds them. */
export const added = signal<readonly string[]>([]);
/** What each of them is; the store says it. */
const described = signal<ReadonlyMap<string, Ask>>(new Map());
/** What is wrong with the last that was typed. */
export const trouble = signal("");

export const addedAsks = computed<Ask[]>(() => added.value.flatMap((text) => described.value.get(text) ?? []));

/** Ask what typed expressions are that are not known yet, and leave out those that cannot be read. learned: is told of each that can. */
export async function describe(texts: readonly string[], learned: (ask: Ask) => void): Promise<void> {
  for (const text of texts.filter((text) => !described.peek().has(text))) {
    try {
      const ask = await api.column(text);
      described.value = new Map([...described.peek(), [text, ask]]);
      learned(ask);
    } catch (error) {
      added.value = added.peek().filter((other) => other !== text);
      trouble.value = (error as Error).message;
    }
  }
}

/** Add a column. Whether it could be read. */
export async function add(text: string, learned: (ask: Ask) => void): Promise<boolean> {
  trouble.value = "";
  await describe([text], learned);
  if (!described.peek().has(text)) return false;
  if (!added.peek().includes(text)) added.value = [...added.peek(), text];
  return true;
}
