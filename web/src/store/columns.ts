/** What values samples and segments have, by which they are shown and taken. */

import { signal } from "@preact/signals";
import { api, type ColumnInfo } from "../api/client";

export type Owner = "sample" | "segment";

const known = signal<readonly ColumnInfo[]>([]);

/** Ask for the columns anew. */
export async function loadColumns(): Promise<void> {
  known.value = await api.columns();
}

/** Those that users declared or that came with the data, in their order. */
export const columnsOf = (owner: Owner): ColumnInfo[] => known.value.filter((column) => column.owner === owner && !column.built_in);
