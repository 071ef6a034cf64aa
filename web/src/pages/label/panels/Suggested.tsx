import { useEffect, useRef } from "preact/hooks";
import { words } from "../../../strings";
import { atHand, looked, offered, remaining, sure, type Suggestion, wanted } from "../store/offer";
import { colourOf, nameOfClass, shown } from "../store/state";
import { acceptOne, rejectOne } from "../store/suggestions";
import { Dot } from "./Objects";

/** The objects that are suggested for this image, the surest first: each is accepted or rejected. */
export function Suggested() {
  if (!offered.value || shown.value || !remaining.value.length) return null;
  const ranked = offered.value.ranked ?? false;
  const left = remaining.value.length - wanted.value.length;
  return (
    <section class="suggested">
      <h2>
        {words.suggested} <span class="quiet">{wanted.value.length}</span>
        <abbr class="quiet legend" title={ranked ? words.rankHelp : words.scoreHelp}>{ranked ? words.rank : words.score}</abbr>
      </h2>
      <ul>
        {wanted.value.slice(0, 400).map((each, k) => (
          <Row key={each.id} each={each} chosen={each === atHand.value} rank={ranked ? k + 1 : null} />
        ))}
      </ul>
      {left > 0 && <p class="quiet">{words.lessSure(left)}</p>}
      <p class="quiet">{words.judgeHelp}</p>
    </section>
  );
}

/** rank: its place, where the score says no more. */
function Row({ each, chosen, rank }: { each: Suggestion; chosen: boolean; rank: number | null }) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <li ref={row} data-suggestion={each.id}>
      <button class={chosen ? "chosen" : ""} aria-pressed={chosen} onClick={() => (looked.value = chosen ? null : each.id)}>
        <Dot rgb={colourOf(each.segment.class_id)} />
        <span class="name">{nameOfClass(each.segment.class_id)}</span>
        {rank === null && <Sureness of={sure(each)} />}
        {rank === null ? <span class="number" title={words.scoreHelp}>{each.score === null ? words.noValue : each.score.toFixed(2)}</span> : <span class="number" title={words.rankHelp}>{rank}</span>}
      </button>
      <button title={words.acceptThis} aria-label={words.acceptThis} onClick={() => acceptOne(each)}>✓</button>
      <button title={words.rejectThis} aria-label={words.rejectThis} onClick={() => rejectOne(each)}>✕</button>
    </li>
  );
}

/** A confidence of 0 to 1, as a bar. */
function Sureness({ of }: { of: number }) {
  return (
    <svg class="sureness" viewBox="0 0 40 6" aria-hidden="true">
      <rect width="40" height="6" rx="3" class="all" />
      <rect width={40 * of} height="6" rx="3" />
    </svg>
  );
}
