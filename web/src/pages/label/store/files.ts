/** Labels in and out, as files. */

import { api, type Imported, type LossReport } from "../../../api/client";
import { reload } from "../../../store/project";
import { open } from "./images";
import { current, desk } from "./state";

/** A file's bytes in base 64. */
export async function encoded(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let k = 0; k < bytes.length; k += 0x8000) text += String.fromCharCode(...bytes.subarray(k, k + 0x8000));
  return btoa(text);
}

/** What a file of labels would give; with `write` it is given. */
export async function take(file: File, write: boolean): Promise<Imported> {
  await desk.sync.settled();
  const found = await api.take(file.name, await encoded(file), write);
  if (found.written) {
    await reload();
    if (current.value !== null) await open(current.value);
  }
  return found;
}

export const losses = (name: string): Promise<LossReport> => desk.sync.settled().then(() => api.losses(name));
