import type { ComponentChildren } from "preact";
import { dialog } from "../store/project";
import { words } from "../strings";

/** Something over the page, which waits until it is closed. */
export function Dialog({ title, children, closes = true }: { title: string; children: ComponentChildren; closes?: boolean }) {
  return (
    <div class="veil">
      <div class="dialog" role="dialog" aria-modal="true" aria-label={title}>
        <h2>{title}</h2>
        {children}
        {closes && <button class="close" onClick={() => (dialog.value = "")}>{words.close}</button>}
      </div>
    </div>
  );
}
