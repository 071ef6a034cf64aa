/** What the server did not take: somebody else was faster, or it was refused. */

import { api } from "../../../api/client";
import { reload } from "../../../store/project";
import { newId } from "../../../store/wire";
import { open } from "./images";
import { current, desk, layer } from "./state";

export async function resolve(choice: "mine" | "theirs" | "both"): Promise<void> {
  const { sync } = desk;
  const { conflict } = sync;
  if (!conflict) return;
  const theirs = await api.objects(conflict.image, { layer: conflict.layer });
  const now = new Map(theirs.objects.map((segment) => [segment.id, segment.revision ?? 0]));
  await sync.resolve(choice, now, newId);
  if (current.value === conflict.image && layer.value === conflict.layer) await open(conflict.image);
}

/** Send again what was refused, after what it needs was mended. */
export async function retryRefused(id: string): Promise<void> {
  await desk.sync.retry(id);
  await desk.sync.settled();
  if (!desk.sync.parked.some((pending) => pending.gesture.id === id)) await readAgain();
}

/** Give a refused change up; the page shows what the server has. */
export async function dropRefused(id: string): Promise<void> {
  desk.journal.forget(id);
  await desk.sync.drop(id);
  await readAgain();
}

async function readAgain(): Promise<void> {
  await reload();
  if (current.value !== null) await open(current.value);
}
