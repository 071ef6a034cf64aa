/** What the runs page shows: all runs, and those that were chosen, side by side. The address holds which. */

import { computed, effect, signal } from "@preact/signals";
import { address, toPage } from "../../address";
import { api, type RunDetails, type RunRow } from "../../api/client";
import { message } from "../../store/project";

/** How often a run that is under way is asked after, in milliseconds. */
const BEAT = 2000;

export const runs = signal<readonly RunRow[]>([]);
/** Ids, in the order in which they were chosen: the first is what others are compared with. */
export const chosen = signal<readonly string[]>([]);
/** What tables of confusion count, and how they say it. */
export const matrixOf = signal<"pixels" | "objects">("objects");
export const counts = signal<"counts" | "shares">("shares");
const details = signal<ReadonlyMap<string, RunDetails>>(new Map());
export const shown = computed(() => chosen.value.flatMap((id) => details.value.get(id) ?? []));

/** Is its process there? */
export const busy = (run: { status: string }): boolean => run.status === "running" || run.status === "starting";

/** One more, or one less. */
export function toggle(id: string, alone: boolean): void {
  if (alone) chosen.value = [id];
  else chosen.value = chosen.value.includes(id) ? chosen.value.filter((other) => other !== id) : [...chosen.value, id];
}

/** Show what the address says, and follow both from now on. What is given back ends it. */
export function follow(): () => void {
  if (address.peek().query || !chosen.peek().length) take(address.peek().query);
  const ends = [
    effect(() => {
      const query = written();
      if (address.peek().page === "runs" && address.peek().query !== query) toPage("runs", query, true);
    }),
    effect(() => {
      if (address.value.page === "runs") take(address.value.query);
    }),
    effect(() => void load(chosen.value)),
  ];
  void look();
  const beat = setInterval(() => {
    if (runs.peek().some(busy)) void look();
    void load(shown.peek().filter(busy).map((run) => run.id), true);
  }, BEAT);
  return () => {
    ends.forEach((end) => end());
    clearInterval(beat);
  };
}

function written(): string {
  const out = new URLSearchParams(chosen.value.map((id) => ["run", id]));
  if (matrixOf.value !== "objects") out.set("of", matrixOf.value);
  if (counts.value !== "shares") out.set("as", counts.value);
  return out.toString();
}

function take(query: string): void {
  const given = new URLSearchParams(query);
  matrixOf.value = given.get("of") === "pixels" ? "pixels" : "objects";
  counts.value = given.get("as") === "counts" ? "counts" : "shares";
  const wanted = given.getAll("run");
  if (wanted.join("\n") !== chosen.peek().join("\n")) chosen.value = wanted;
}

async function look(): Promise<void> {
  try {
    runs.value = await api.runs();
    if (!chosen.peek().length && runs.value.length) chosen.value = [runs.value[0].id];
    const stale = runs.value.filter((run) => (details.peek().get(run.id)?.status ?? run.status) !== run.status);
    await load(stale.map((run) => run.id), true);
  } catch (error) {
    message.value = (error as Error).message;
  }
}

async function load(ids: readonly string[], again = false): Promise<void> {
  const wanted = ids.filter((id) => again || !details.peek().has(id));
  try {
    const found = await Promise.all(wanted.map((id) => api.run(id)));
    if (found.length) details.value = new Map([...details.peek(), ...found.map((run, k) => [wanted[k], run] as const)]);
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** Tags and notes that a person gave. */
export async function say(id: string, said: { tags?: string[]; notes?: string }): Promise<void> {
  try {
    const run = await api.sayOfRun(id, said);
    details.value = new Map([...details.peek(), [id, run]]);
    await look();
  } catch (error) {
    message.value = (error as Error).message;
  }
}

/** A training was begun, and is shown. */
export async function begun(id: string): Promise<void> {
  chosen.value = [id];
  await look();
}

/** Do something to a training, and show what came of it. */
export async function act(what: () => Promise<unknown>, id: string): Promise<void> {
  message.value = "";
  try {
    await what();
  } catch (error) {
    message.value = (error as Error).message;
  }
  await look();
  await load([id], true);
}

/** A training that ended before it made a run goes from the list. */
export async function forget(id: string): Promise<void> {
  try {
    await api.forgetTraining(id);
    chosen.value = chosen.value.filter((other) => other !== id);
  } catch (error) {
    message.value = (error as Error).message;
  }
  await look();
}
