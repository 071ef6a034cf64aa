import { useEffect, useRef, useState } from "preact/hooks";
import { useRows } from "../../../parts/virtual";
import { words } from "../../../strings";
import { shownValue } from "../values";
import { chosen, columns, cursor, need, picked, rows, scrolled, wide } from "../store/state";
import { onMove, onPress, open } from "../store/moving";
import { Thumbnail } from "./Thumbnail";

/** Lines of text below an image. */
const LINE = 17;

/** The images that are left, as small; a press picks one, two open it. */
export function Grid() {
  const box = useRef<HTMLDivElement>(null);
  const [across, setAcross] = useState(900);
  useEffect(() => {
    const watch = new ResizeObserver(() => box.current && setAcross(box.current.clientWidth));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const { numbers } = chosen.value;
  const each = Math.max(1, Math.floor(across / wide.value));
  const height = Math.round(wide.value * 0.75) + LINE * (1 + Math.min(columns.value.length, 4)) + 14;
  const lines = useRows(box, Math.ceil(numbers.length / each), height, scrolled.grid);
  const [first, last] = [(lines.items[0]?.index ?? 0) * each, ((lines.items.at(-1)?.index ?? -1) + 1) * each];
  useEffect(() => void need(first, last), [first, last, numbers, columns.value, rows.value.size === 0]);
  return (
    <div
      class="cells" ref={box} role="listbox" aria-multiselectable="true" aria-label={words.explore.title} tabIndex={0}
      aria-activedescendant={numbers.length ? `cell-${numbers[cursor.value]}` : undefined}
      onScroll={() => (scrolled.grid = box.current!.scrollTop)} onKeyDown={(e) => onMove(e, each, (place) => lines.show(Math.floor(place / each)))}
    >
      {!numbers.length && <p class="empty">{words.explore.none}</p>}
      <div class="all" style={{ height: lines.high }}>
        {lines.items.map((line) => (
          <div key={line.index} class="line" role="presentation" style={{ transform: `translateY(${line.start}px)`, height }}>
            {[...numbers.subarray(line.index * each, (line.index + 1) * each)].map((number, k) => {
              const place = line.index * each + k;
              const row = rows.value.get(number);
              return (
                <div
                  key={number} id={`cell-${number}`} class={`cell${picked.value.has(number) ? " chosen" : ""}${cursor.value === place ? " here" : ""}`} role="option" data-image={number}
                  aria-selected={picked.value.has(number)} style={{ width: wide.value }} onClick={(e) => onPress(e, place)} onDblClick={() => open(number)}
                >
                  <Thumbnail number={number} name={row?.key ?? ""} />
                  <span class="key" title={row?.key}>{row?.key ?? "…"}</span>
                  {columns.value.slice(0, 4).map((name, at) => <span key={name} class="value"><span class="quiet">{shortName(name)}</span> {row ? shownValue(row.values[at]) : ""}</span>)}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** An expression's last part is what people know it by. */
const shortName = (expression: string): string => (/^[\w.']+$|^run\(/.test(expression) ? expression.slice(expression.lastIndexOf(").") + 1).replace(/^\.|^fields\./, "") : expression);
