/** Values as colours: of words the most frequent have one each; numbers go from the first colour to the last. */

export interface Values {
  words: readonly string[] | null;
  /** NaN where there is none; of words their places. */
  values: Float32Array;
}
/** What a colour means. colour: a variable of the style sheet, or a colour. */
export interface Entry {
  colour: string;
  name: string;
  number: number;
}
export interface Colouring {
  codes: Uint8Array;
  colours: readonly string[];
  /** Of words, the most frequent first. */
  entries: readonly Entry[];
  /** Of numbers: the least and the largest. */
  range: readonly [number, number] | null;
  missing: number;
}

/** Words that have a colour of their own, and steps of numbers. */
export const MOST_WORDS = 10;
export const STEPS = 64;

/** Everything of one colour. */
export const plain = (number: number): Colouring => ({ codes: new Uint8Array(number), colours: ["--strong"], entries: [], range: null, missing: 0 });

/** own: colours that words have elsewhere.  others: what words without a colour of their own are called. */
export function coloured({ words, values }: Values, own: ReadonlyMap<string, string>, others: string): Colouring {
  return words ? ofWords(words, values, own, others) : ofNumbers(values);
}

function ofWords(words: readonly string[], values: Float32Array, own: ReadonlyMap<string, string>, others: string): Colouring {
  const counts = new Int32Array(words.length);
  for (const value of values) if (value === value) counts[value]++;
  const order = [...counts.keys()].filter((word) => counts[word]).sort((a, b) => counts[b] - counts[a] || a - b);
  const named = order.slice(0, MOST_WORDS);
  const [other, none] = [named.length, named.length + 1];
  const code = new Uint8Array(words.length).fill(other);
  named.forEach((word, k) => (code[word] = k));
  const codes = Uint8Array.from(values, (value) => (value === value ? code[value] : none));
  const colours = [...named.map((word, k) => own.get(words[word]) ?? `--map-${k}`), "--map-other", "--map-none"];
  const entries = named.map((word, k) => ({ colour: colours[k], name: words[word], number: counts[word] }));
  const rest = order.slice(MOST_WORDS).reduce((sum, word) => sum + counts[word], 0);
  if (rest) entries.push({ colour: "--map-other", name: others, number: rest });
  return { codes, colours, entries, range: null, missing: codes.reduce((sum, found) => sum + Number(found === none), 0) };
}

function ofNumbers(values: Float32Array): Colouring {
  let [low, high, missing] = [Infinity, -Infinity, 0];
  for (const value of values) {
    if (value !== value) missing++;
    else [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  const wide = high > low ? high - low : 1;
  const codes = Uint8Array.from(values, (value) => (value === value ? Math.min(STEPS - 1, Math.floor((STEPS * (value - low)) / wide)) : STEPS));
  return { codes, colours: [...Array.from({ length: STEPS }, (_, k) => step(k / (STEPS - 1))), "--map-none"], entries: [], range: low <= high ? [low, high] : null, missing };
}

/** Part of the way from the lowest number's colour to the highest one's. */
function step(part: number): string {
  const [from, to, share] = part < 0.5 ? ["low", "middle", 2 * part] : ["middle", "high", 2 * part - 1];
  return `color-mix(in srgb, var(--map-${to}) ${(100 * share).toFixed(1)}%, var(--map-${from}))`;
}
