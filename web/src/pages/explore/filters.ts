/** What was chosen in bars, as conditions that the store understands, and as a part of the address. */

export type Owner = "sample" | "segment";

/** Values of one column: a range of numbers, or words. */
export interface Filter {
  expression: string;
  owner: Owner;
  /** From the first number on, up to the second; `closed`: the second one too. */
  range?: readonly [low: number, high: number, closed: boolean] | undefined;
  words?: readonly string[] | undefined;
  /** true and false are not numbers to conditions. */
  truth?: boolean | undefined;
  /** Those that have no value. */
  missing?: boolean | undefined;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "''")}'`;

/** What it says of one value. */
function said({ expression, range, words, truth, missing }: Filter): string {
  const parts: string[] = [];
  if (range && truth !== undefined) parts.push(...[0, 1].filter((value) => value >= range[0] && value < range[1]).map((value) => `${expression} = ${value === 1}`));
  else if (range) parts.push(`${expression} >= ${range[0]} and ${expression} ${range[2] ? "<=" : "<"} ${range[1]}`);
  if (words?.length) parts.push(`${expression} in (${words.map(quoted).join(", ")})`);
  if (missing) parts.push(`${expression} is null`);
  return parts.join(" or ");
}

/** As conditions. What is chosen of segments is about one of them: a car and an area is a car of that area. */
export function conditions(filters: readonly Filter[]): string[] {
  const of = (owner: Owner) => filters.filter((filter) => filter.owner === owner).map(said).filter(Boolean);
  const segments = of("segment");
  return [...of("sample"), ...(segments.length ? [`any(${segments.map((part) => `(${part})`).join(" and ")})`] : [])];
}

export const isFor = (filter: Filter, expression: string, owner: Owner): boolean => filter.expression === expression && filter.owner === owner;

/** The filters with one in the place of that of the same column; one that leaves all is taken away. */
export function withFilter(filters: readonly Filter[], filter: Filter): Filter[] {
  const others = filters.filter((other) => !isFor(other, filter.expression, filter.owner));
  return said(filter) ? [...others, filter] : others;
}

/** A word more, or one less. */
export function toggled(filters: readonly Filter[], expression: string, owner: Owner, word: string | null): Filter[] {
  const there = filters.find((filter) => isFor(filter, expression, owner));
  const words = there?.words ?? [];
  if (word === null) return withFilter(filters, { ...there, expression, owner, missing: !there?.missing });
  return withFilter(filters, { ...there, expression, owner, words: words.includes(word) ? words.filter((other) => other !== word) : [...words, word] });
}

export const write = (filter: Filter): string => JSON.stringify(filter);

/** What an address says; null where it is none. */
export function read(text: string): Filter | null {
  try {
    const found = JSON.parse(text) as Partial<Filter>;
    const { expression, owner, range, words, truth, missing } = found;
    if (typeof expression !== "string" || (owner !== "sample" && owner !== "segment")) return null;
    if (range && !(Array.isArray(range) && range.length === 3 && typeof range[0] === "number" && typeof range[1] === "number")) return null;
    if (words && !(Array.isArray(words) && words.every((word) => typeof word === "string"))) return null;
    return {
      expression, owner, ...(range && { range }), ...(words && { words }),
      ...(truth !== undefined && { truth: Boolean(truth) }), ...(missing && { missing: true }),
    };
  } catch {
    return null;
  }
}
