/** Whose task an image is. */

import { api } from "../../api/client";
import { message, reload } from "../../store/project";

/** Give images to somebody, or to nobody with null -> how many. */
export async function assign(name: string | null, what: { count?: number; numbers?: number[] }): Promise<number> {
  try {
    const found = await api.assign(name, what);
    await reload();
    return found.length;
  } catch (error) {
    message.value = (error as Error).message;
    return 0;
  }
}
