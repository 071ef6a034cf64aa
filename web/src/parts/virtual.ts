/** Rows of which only those that are seen are in the page. */

import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { RefObject } from "preact";

interface Rows {
  items: VirtualItem[];
  /** Of all rows, in pixels. */
  high: number;
  /** Bring a row into sight. */
  show: (row: number) => void;
}

/** count rows in a box that scrolls.  height: of all rows, or of each, where `made` is what their heights depend on.  begin: where it is scrolled to at first. */
export function useRows(box: RefObject<HTMLElement>, count: number, height: number | ((row: number) => number), begin = 0, made: unknown = height): Rows {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const held = useRef<Virtualizer<HTMLElement, HTMLElement>>();
  const options = {
    count, getScrollElement: () => box.current, estimateSize: typeof height === "number" ? () => height : height, overscan: 2, initialOffset: begin,
    observeElementRect, observeElementOffset, scrollToFn: elementScroll, onChange: () => redraw(0),
  };
  held.current ??= new Virtualizer<HTMLElement, HTMLElement>(options);
  const rows = held.current;
  rows.setOptions(options);
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => rows._willUpdate());
  useLayoutEffect(() => rows.measure(), [made]);
  return { items: rows.getVirtualItems(), high: rows.getTotalSize(), show: (row) => rows.scrollToIndex(row, { align: "auto" }) };
}
