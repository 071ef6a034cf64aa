/** What a grid shows from above to below: lines of images, and over each group a heading. */

export interface Group {
  /** None: those without a word. */
  word: string | null;
  count: number;
}
/** Places of the choice, from the first to the one before the end. */
export interface Line {
  from: number;
  end: number;
}
export interface Heading {
  group: Group;
  folded: boolean;
}

export const nameOf = (group: Group): string => JSON.stringify(group.word);

/** each: images in a line.  folded: groups of which only the heading is shown. */
export function linesOf(number: number, groups: readonly Group[], folded: ReadonlySet<string>, each: number): (Line | Heading)[] {
  const out: (Line | Heading)[] = [];
  const put = (from: number, end: number) => {
    for (let at = from; at < end; at += each) out.push({ from: at, end: Math.min(at + each, end) });
  };
  if (!groups.length) put(0, number);
  let from = 0;
  for (const group of groups) {
    const hidden = folded.has(nameOf(group));
    out.push({ group, folded: hidden });
    if (!hidden) put(from, from + group.count);
    from += group.count;
  }
  return out;
}

export const isLine = (line: Line | Heading): line is Line => "from" in line;

/** The line that a place is in; -1 where it is folded away. */
export const lineOf = (lines: readonly (Line | Heading)[], place: number): number => lines.findIndex((line) => isLine(line) && place >= line.from && place < line.end);

/** The place some lines above or below, in the same column where that line is long enough; other places stay. */
export function moved(lines: readonly (Line | Heading)[], place: number, by: number): number {
  const shown = lines.filter(isLine);
  const here = lineOf(shown, place);
  if (here < 0) return shown[0]?.from ?? place;
  const line = shown[Math.min(Math.max(0, here + by), shown.length - 1)];
  return Math.min(line.from + place - shown[here].from, line.end - 1);
}

/** The place after or before, folded ones left out. */
export function beside(lines: readonly (Line | Heading)[], place: number, by: 1 | -1): number {
  const shown = lines.filter(isLine);
  const here = lineOf(shown, place);
  if (here < 0) return shown[0]?.from ?? place;
  const next = place + by;
  if (next >= shown[here].from && next < shown[here].end) return next;
  const line = shown[here + by];
  return line ? (by > 0 ? line.from : line.end - 1) : place;
}
