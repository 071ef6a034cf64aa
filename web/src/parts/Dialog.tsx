import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { dialog } from "../store/project";
import { words } from "../strings";

const FOCUSABLE = "button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), a[href], summary, [tabindex='0']";

/** Something over the page, which waits until it is closed. It takes the focus and gives it back; Escape closes it. `closing`: what its button to close says. `close`: how, where `dialog` does not hold its name. */
export function Dialog({ title, children, closes = true, closing = words.close, wide = false, close = () => (dialog.value = "") }: {
  title: string; children: ComponentChildren; closes?: boolean; closing?: string; wide?: boolean; close?: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    (box.current?.querySelector<HTMLElement>("[autofocus]") ?? box.current)?.focus();
    return () => before?.focus?.();
  }, []);
  // What had the focus may have gone with what the dialog showed before: its keys would be nobody's.
  useEffect(() => {
    if (!box.current?.contains(document.activeElement)) box.current?.focus();
  });
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Escape" && closes) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (event.key !== "Tab") return;
    const inside = [...box.current!.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((element) => element.offsetParent !== null);
    const [first, last] = [inside[0], inside.at(-1)];
    const at = document.activeElement;
    if (!first || !last) return event.preventDefault();
    if (event.shiftKey ? at === first || at === box.current : at === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  };
  // A key that reached nobody, as what had the focus went a moment ago.
  const lost = useRef<(event: KeyboardEvent) => void>(() => {});
  lost.current = (event) => {
    if (event.target !== document.body) return;
    box.current?.focus();
    onKey(event);
  };
  useEffect(() => {
    const hear = (event: KeyboardEvent) => lost.current(event);
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, []);
  return (
    <div class="veil">
      <div class={wide ? "dialog broad" : "dialog"} ref={box} role="dialog" aria-modal="true" aria-label={title} tabIndex={-1} onKeyDown={onKey}>
        <h2>{title}</h2>
        {children}
        {closes && <button class="close" onClick={close}>{closing}</button>}
      </div>
    </div>
  );
}
