import { useEffect, useRef } from "preact/hooks";
import { useRows } from "../../../parts/virtual";
import { words } from "../../../strings";
import { shownValue } from "../values";
import { asks, chosen, columns, cursor, need, picked, rows, scrolled, sort } from "../store/state";
import { inList, onMove, onPress, open } from "../store/moving";
import { Thumbnail } from "./Thumbnail";

const HIGH = 52;
const MOVES = inList(() => chosen.peek().numbers.length);

/** The images that are left, a row each; a press on a column's name sorts by it. */
export function Rows() {
  const box = useRef<HTMLDivElement>(null);
  const { numbers } = chosen.value;
  const lines = useRows(box, numbers.length, HIGH, scrolled.table);
  const [first, last] = [lines.items[0]?.index ?? 0, (lines.items.at(-1)?.index ?? -1) + 1];
  useEffect(() => void need(first, last), [first, last, numbers, columns.value, rows.value.size === 0]);
  const byName = new Map(asks.value.filter((ask) => ask.column.owner === "sample").map((ask) => [ask.expression, ask]));
  const shown = ["key", ...columns.value];
  const named = (name: string) => {
    const ask = byName.get(name);
    return name === "key" ? words.explore.key : ask ? `${ask.run ? `${ask.run}: ` : ""}${ask.title}${ask.column.unit ? ` (${ask.column.unit})` : ""}` : name;
  };
  const layout = { gridTemplateColumns: `4.5rem minmax(10rem, 2fr) repeat(${columns.value.length}, minmax(5rem, 1fr))` };
  return (
    <div
      class="sheet" ref={box} role="grid" aria-multiselectable="true" aria-label={words.explore.title} aria-rowcount={numbers.length + 1} tabIndex={0}
      aria-activedescendant={numbers.length ? `cell-${numbers[cursor.value]}` : undefined}
      onScroll={() => (scrolled.table = box.current!.scrollTop)} onKeyDown={(e) => onMove(e, MOVES, lines.show)}
    >
      <div class="names" role="row" style={layout}>
        <span role="columnheader"><span class="unseen">{words.explore.key}</span></span>
        {shown.map((name) => (
          <span key={name} role="columnheader" aria-sort={sort.value?.expression !== name ? "none" : sort.value.down ? "descending" : "ascending"}>
            <button onClick={() => (sort.value = { expression: name, down: sort.value?.expression === name && !sort.value.down })}>
              {named(name)}{sort.value?.expression === name && (sort.value.down ? " ↓" : " ↑")}
            </button>
          </span>
        ))}
      </div>
      {!numbers.length && <p class="empty">{words.explore.none}</p>}
      <div class="all" role="rowgroup" style={{ height: lines.high }}>
        {lines.items.map(({ index, start }) => {
          const number = numbers[index];
          const row = rows.value.get(number);
          return (
            <div
              key={number} id={`cell-${number}`} class={`line${picked.value.has(number) ? " chosen" : ""}${cursor.value === index ? " here" : ""}`} role="row" aria-rowindex={index + 2} data-image={number}
              aria-selected={picked.value.has(number)} style={{ ...layout, transform: `translateY(${start}px)`, height: HIGH }} onClick={(e) => onPress(e, index)} onDblClick={() => open(number)}
            >
              <span role="gridcell"><Thumbnail number={number} name={row?.key ?? ""} /></span>
              <span role="gridcell" title={row?.key}>{row?.key ?? "…"}</span>
              {columns.value.map((name, at) => <span key={name} role="gridcell" class={typeof row?.values[at] === "number" ? "number" : ""}>{row ? shownValue(row.values[at]) : ""}</span>)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
