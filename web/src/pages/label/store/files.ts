/** Labels in and out, as files. */

import { api, type Imported, type LossReport } from "../../../api/client";
import { reload } from "../../../store/project";
import { words } from "../../../strings";
import { open } from "./images";
import { current, desk } from "./state";

/** A file's bytes in base 64. */
export async function encoded(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 0x8000) text += String.fromCharCode(...bytes.subarray(k, k + 0x8000));
  return btoa(text);
}

/** Bytes that one request may have, in base 64 with what stands round it. */
const MOST = 60 * 2 ** 20;

/** What files would give; with `write` it is given. Throws what the server refuses, and for more than a request holds. */
export async function take(files: readonly File[], write: boolean): Promise<Imported> {
  await (desk.sync as typeof desk.sync | null)?.settled(); // none before the label page was shown
  if (files.reduce((sum, file) => sum + 4 * Math.ceil(file.size / 3) + 400, 0) > MOST) throw new Error(words.tooMuch);
  const sent = await Promise.all(files.map(async (file) => ({ name: file.name, data: await encoded(file) })));
  const found = await api.take(sent, write);
  if (found.written) {
    await reload();
    if (current.value !== null) await open(current.value);
  }
  return found;
}

export const losses = (name: string): Promise<LossReport> => desk.sync.settled().then(() => api.losses(name));
