import { words } from "../../strings";

/** A value as people read it. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) return words.noValue;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(4)));
}
