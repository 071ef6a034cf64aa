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

/** count rows of one height in a box that scrolls; begin: where it is scrolled to at first. */
export function useRows(box: RefObject<HTMLElement>, count: number, height: number, begin = 0): Rows {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const held = useRef<Virtualizer<HTMLElement, HTMLElement>>();
  const options = {
    count, getScrollElement: () => box.current, estimateSize: () => height, overscan: 2, initialOffset: begin,
    observeElementRect, observeElementOffset, scrollToFn: elementScroll, onChange: () => redraw(0),
  };
  held.current ??= new Virtualizer<HTMLElement, HTMLElement>(options);
  const rows = held.current;
  rows.setOptions(options);
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => rows._willUpdate());
  useLayoutEffect(() => rows.measure(), [height]);
  return { items: rows.getVirtualItems(), high: rows.getTotalSize(), show: (row) => rows.scrollToIndex(row, { align: "auto" }) };
}
