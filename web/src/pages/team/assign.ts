/** Whose task an image is. */

import { api } from "../../api/client";
import { reload } from "../../store/project";

/** Give images to somebody, or to nobody with null -> how many. Throws what the server says where it refuses. */
export async function assign(name: string | null, what: { count?: number; numbers?: number[] }): Promise<number> {
  const found = await api.assign(name, what);
  await reload();
  return found.length;
}
