/** Values of the chosen object and of the image: as people write them, and the gestures that set them. */

import type { ColumnInfo } from "../../../api/client";
import { change, type Value } from "../../../model/scene";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { perform } from "./gestures";
import { desk } from "./state";

/** Kinds that a page takes; the others are only shown. */
const TAKEN = ["number", "integer", "text", "category", "bool", "time", "reference"];
const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Is it declared, of a kind that is written here, and computed from nothing? */
export const isTaken = (column: ColumnInfo): boolean => column.declared && column.expression === null && TAKEN.includes(column.kind);

/** A value as text, as `read` takes it; empty where there is none. */
export function written({ kind }: ColumnInfo, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (kind === "time" && typeof value === "string") return value.replace(/(:00)?\.000000/, ""); // as exact, and shorter
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a column takes, as it is said to a person. */
function needed({ kind, low, high, values }: ColumnInfo): string {
  if (kind === "number" || kind === "integer") return words.numbers(kind === "integer", low, high);
  return kind === "category" ? words.oneOf(values) : (words.needed[kind] ?? kind);
}

/** What was written, as the column holds it; null for nothing. Throws, saying what the column takes. */
export function read(column: ColumnInfo, text: string): Value {
  if (!text) return null;
  const { kind, low, high, values } = column;
  const number = Number(text);
  const holds: Record<string, () => boolean> = {
    number: () => Number.isFinite(number) && Boolean(text.trim()),
    integer: () => Number.isSafeInteger(number) && Boolean(text.trim()),
    category: () => values.includes(text),
    bool: () => text === "true" || text === "false",
    time: () => TIME.test(text) && !Number.isNaN(Date.parse(text)),
  };
  const inside = !(kind in { number: 0, integer: 0 }) || (number >= (low ?? -Infinity) && number <= (high ?? Infinity));
  if (!(holds[kind]?.() ?? true) || !inside) throw new Error(words.notTaken(column.name, text, needed(column)));
  if (kind === "number" || kind === "integer") return number;
  return kind === "bool" ? text === "true" : text;
}

/** Set a value of an object, by its id, to what was written, or of the image where that is null. Says what is wrong with it. */
export function fill(column: ColumnInfo, segment: number | null, text: string): void {
  const { scene } = desk;
  const old = segment === null ? undefined : scene.find(segment);
  if (segment !== null && !old) return;
  const held = old ? old.attributes : scene.fields;
  const before = (held[column.name] ?? null) as Value;
  if (written(column, before) === text) return;
  try {
    const after = read(column, text);
    if (after === before) return;
    message.value = "";
    if (old) {
      const { [column.name]: _, ...rest } = old.attributes;
      perform("value", [change(scene, { ...old, attributes: after === null ? rest : { ...rest, [column.name]: after } })]);
    } else perform("value", [], { fields: { before: { [column.name]: before }, after: { [column.name]: after } } });
  } catch (error) {
    message.value = (error as Error).message;
  }
}
