import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useRows } from "../../../parts/virtual";
import { words } from "../../../strings";
import { shownValue } from "../values";
import { beside, type Heading, isLine, type Line, lineOf, linesOf, moved, nameOf } from "../lines";
import { chosen, columns, cursor, folded, need, picked, rows, scrolled, wide } from "../store/state";
import { onMove, onPress, open } from "../store/moving";
import { Thumbnail } from "./Thumbnail";

/** Lines of text below an image. */
const LINE = 17;
/** Of a group's heading, in pixels. */
const HEADING = 34;

/** The images that are left, as small; a press picks one, two open it. */
export function Grid() {
  const box = useRef<HTMLDivElement>(null);
  const [across, setAcross] = useState(900);
  useEffect(() => {
    const watch = new ResizeObserver(() => box.current && setAcross(box.current.clientWidth));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const { numbers, groups } = chosen.value;
  const each = Math.max(1, Math.floor(across / wide.value));
  const height = Math.round(wide.value * 0.75) + LINE * (1 + Math.min(columns.value.length, 4)) + 14;
  const shown = useMemo(() => linesOf(numbers.length, groups, folded.value, each), [numbers, groups, folded.value, each]);
  // Another list or another height is measured anew.
  const made = useMemo(() => ({}), [shown, height]);
  const lines = useRows(box, shown.length, (row) => (shown[row] && isLine(shown[row]) ? height : HEADING), scrolled.grid, made);
  const seen = lines.items.map(({ index }) => shown[index]).filter((line) => line && isLine(line)) as Line[];
  const [first, last] = [seen[0]?.from ?? 0, seen.at(-1)?.end ?? 0];
  useEffect(() => void need(first, last), [first, last, numbers, columns.value, rows.value.size === 0]);
  const moves = { beside: (place: number, by: 1 | -1) => beside(shown, place, by), lines: (place: number, by: number) => moved(shown, place, by) };
  return (
    <div
      class="cells" ref={box} role="listbox" aria-multiselectable="true" aria-label={words.explore.title} tabIndex={0}
      aria-activedescendant={numbers.length ? `cell-${numbers[cursor.value]}` : undefined}
      onScroll={() => (scrolled.grid = box.current!.scrollTop)} onKeyDown={(e) => onMove(e, moves, (place) => lines.show(lineOf(shown, place)))}
    >
      {!numbers.length && <p class="empty">{words.explore.none}</p>}
      <div class="all" style={{ height: lines.high }}>
        {lines.items.map(({ index, start }) => {
          const line = shown[index];
          const placed = { transform: `translateY(${start}px)` };
          if (!line) return null;
          if (!isLine(line)) return <Head key={nameOf(line.group)} heading={line} style={{ ...placed, height: HEADING }} />;
          return (
            <div key={line.from} class="line" role="presentation" style={{ ...placed, height }}>
              {[...numbers.subarray(line.from, line.end)].map((number, k) => <Cell key={number} number={number} place={line.from + k} />)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A group's word and how many images it has; a press folds it. */
function Head({ heading: { group, folded: hidden }, style }: { heading: Heading; style: JSX.CSSProperties }) {
  const name = nameOf(group);
  const fold = () => (folded.value = new Set(hidden ? [...folded.value].filter((other) => other !== name) : [...folded.value, name]));
  return (
    <div class="line heading" role="presentation" style={style} data-group={group.word ?? ""}>
      <button aria-expanded={!hidden} onClick={fold}>
        <span aria-hidden="true">{hidden ? "▸" : "▾"}</span> {group.word ?? words.explore.missing} <span class="quiet">{words.explore.images(group.count)}</span>
      </button>
    </div>
  );
}

function Cell({ number, place }: { number: number; place: number }) {
  const row = rows.value.get(number);
  return (
    <div
      id={`cell-${number}`} class={`cell${picked.value.has(number) ? " chosen" : ""}${cursor.value === place ? " here" : ""}`} role="option" data-image={number}
      aria-selected={picked.value.has(number)} style={{ width: wide.value }} onClick={(e) => onPress(e, place)} onDblClick={() => open(number)}
    >
      <Thumbnail number={number} name={row?.key ?? ""} />
      <span class="key" title={row?.key}>{row?.key ?? "…"}</span>
      {columns.value.slice(0, 4).map((name, at) => <span key={name} class="value"><span class="quiet">{shortName(name)}</span> {row ? shownValue(row.values[at]) : ""}</span>)}
    </div>
  );
}

/** An expression's last part is what people know it by. */
const shortName = (expression: string): string => (/^[\w.']+$|^run\(/.test(expression) ? expression.slice(expression.lastIndexOf(").") + 1).replace(/^\.|^fields\./, "") : expression);
