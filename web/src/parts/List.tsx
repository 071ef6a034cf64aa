import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A list of any length: only the rows that are seen are in the page. All rows have one height, in pixels. */
export function List<T>({ items, height, row, chosen }: { items: readonly T[]; height: number; row: (item: T) => ComponentChildren; chosen: number }) {
  const box = useRef<HTMLUListElement>(null);
  const [seen, setSeen] = useState({ top: 0, high: 800 });
  const look = () => box.current && setSeen({ top: box.current.scrollTop, high: box.current.clientHeight || 800 });
  useEffect(() => {
    look();
    const watch = new ResizeObserver(look);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const list = box.current;
    if (!list || chosen < 0) return;
    if (chosen * height < list.scrollTop) list.scrollTop = chosen * height;
    else if ((chosen + 1) * height > list.scrollTop + list.clientHeight) list.scrollTop = (chosen + 1) * height - list.clientHeight;
  }, [chosen]);
  const first = Math.max(0, Math.floor(seen.top / height) - 4);
  const last = Math.min(items.length, Math.ceil((seen.top + seen.high) / height) + 4);
  return (
    <ul class="long" ref={box} onScroll={look}>
      <li aria-hidden="true" style={{ height: first * height }} />
      {items.slice(first, last).map(row)}
      <li aria-hidden="true" style={{ height: (items.length - last) * height }} />
    </ul>
  );
}
