import { useEffect, useRef } from "preact/hooks";
import { useRows } from "../../../parts/virtual";
import { words } from "../../../strings";
import { open } from "../store/moving";
import { nameOf, needObjects, objectCursor, objectRows, objects, objectScrolled, pairAt } from "../store/objects";
import { asks, chosen, objectColumns, sort } from "../store/state";
import { shownValue } from "../values";

const HIGH = 84;

/** The objects that are meant, a row each with how it looks; a press on a column's name sorts by it, Enter opens its image, where it is chosen. */
export function Objects() {
  const box = useRef<HTMLDivElement>(null);
  const number = objects.value.pairs.length / 2;
  const lines = useRows(box, number, HIGH, objectScrolled.top);
  const [first, last] = [lines.items[0]?.index ?? 0, Math.min(number, (lines.items.at(-1)?.index ?? -1) + 1)];
  useEffect(() => void needObjects(first, last), [first, last, objects.value, objectColumns.value, objectRows.value.size === 0]);
  const byName = new Map(asks.value.map((ask) => [ask.expression, ask]));
  const named = (name: string) => {
    const ask = byName.get(name);
    return name === "key" ? words.explore.key : ask ? `${ask.run ? `${ask.run}: ` : ""}${ask.title}${ask.column.unit ? ` (${ask.column.unit})` : ""}` : name;
  };
  const layout = { gridTemplateColumns: `7rem minmax(9rem, 1.5fr) repeat(${objectColumns.value.length}, minmax(5rem, 1fr))` };
  const onKey = (event: KeyboardEvent) => {
    if (!number || event.defaultPrevented || (event.target as HTMLElement).closest("button, input, select")) return;
    const at = objectCursor.peek();
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5, Home: -at, End: number };
    if (event.key in steps) {
      const place = Math.min(Math.max(0, at + steps[event.key]), number - 1);
      objectCursor.value = place;
      lines.show(place);
    } else if (event.key === "Enter") open(...pairAt(at));
    else return;
    event.preventDefault();
  };
  return (
    <div
      class="sheet objects" ref={box} role="grid" aria-label={words.explore.owners.segment} aria-rowcount={number + 1} tabIndex={0}
      aria-activedescendant={number ? `object-${pairAt(objectCursor.value).join("-")}` : undefined} onScroll={() => (objectScrolled.top = box.current!.scrollTop)} onKeyDown={onKey}
    >
      <div class="names" role="row" style={layout}>
        <span role="columnheader"><span class="unseen">{words.explore.owners.segment}</span></span>
        {["key", ...objectColumns.value].map((name) => (
          <span key={name} role="columnheader" aria-sort={sort.value?.expression !== name ? "none" : sort.value.down ? "descending" : "ascending"}>
            <button onClick={() => (sort.value = { expression: name, down: sort.value?.expression === name && !sort.value.down })}>
              {named(name)}{sort.value?.expression === name && (sort.value.down ? " ↓" : " ↑")}
            </button>
          </span>
        ))}
      </div>
      {!number && <p class="empty">{words.explore.noObject}</p>}
      <div class="all" role="rowgroup" style={{ height: lines.high }}>
        {lines.items.filter(({ index }) => index < number).map(({ index, start }) => {
          const [image, object] = pairAt(index);
          const row = objectRows.value.get(nameOf(image, object));
          return (
            <div
              key={nameOf(image, object)} id={`object-${image}-${object}`} class={`line${objectCursor.value === index ? " chosen" : ""}`} role="row" aria-rowindex={index + 2} data-object={nameOf(image, object)}
              aria-selected={objectCursor.value === index} style={{ ...layout, transform: `translateY(${start}px)`, height: HIGH }} onClick={() => (objectCursor.value = index)} onDblClick={() => open(image, object)}
            >
              <span role="gridcell"><span class="thumbnail"><img src={`/api/images/${image}/objects/${object}/look?at=${chosen.value.revision}`} alt="" loading="lazy" decoding="async" /></span></span>
              <span role="gridcell" title={row?.key}>{row?.key ?? "…"}</span>
              {objectColumns.value.map((name, at) => <span key={name} role="gridcell" class={typeof row?.values[at] === "number" ? "number" : ""}>{row ? shownValue(row.values[at]) : ""}</span>)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
