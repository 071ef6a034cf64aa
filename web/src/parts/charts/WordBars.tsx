interface Props {
  words: readonly string[];
  all: readonly number[];
  chosen: readonly number[];
  pressed: readonly string[];
  label: string;
  press: (word: string) => void;
}

/** How often words occur: a bar for each, of all and of those that were chosen in front of it. A press chooses a word. */
export function WordBars({ words, all, chosen, pressed, label, press }: Props) {
  const most = Math.max(1, ...all);
  const wide = (number: number) => `${(100 * number) / most}%`;
  return (
    <ul class="words" aria-label={label}>
      {words.map((word, k) => (
        <li key={word}>
          <button aria-pressed={pressed.includes(word)} class={pressed.includes(word) ? "chosen" : ""} data-word={word} onClick={() => press(word)}>
            <span class="all" style={{ width: wide(all[k]) }} />
            <span class="part" style={{ width: wide(chosen[k]) }} />
            <span class="word">{word}</span>
            <span class="number">{chosen[k] === all[k] ? all[k].toLocaleString("en") : `${chosen[k].toLocaleString("en")} of ${all[k].toLocaleString("en")}`}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
