import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** What is needed less often, behind a word; a press elsewhere closes it. up: it opens upwards. */
export function Menu({ name, up = false, children }: { name: string; up?: boolean; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: PointerEvent) => {
      if (menu.current && !menu.current.contains(event.target as Node)) menu.current.open = false;
    };
    window.addEventListener("pointerdown", close);
    return () => window.removeEventListener("pointerdown", close);
  }, []);
  return (
    <details class={up ? "menu up" : "menu"} ref={menu}>
      <summary>{name}</summary>
      <div>{children}</div>
    </details>
  );
}
