import { useState } from "preact/hooks";
import { Dialog } from "../../../parts/Dialog";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { remap, resetKeys } from "../store/actions";
import { startGuide } from "../store/guide";
import { nameOf } from "../store/keys";
import { keymap } from "../store/state";

export function Keys() {
  const [waiting, setWaiting] = useState("");
  const names = { ...words.actions, ...words.tools };
  return (
    <Dialog title={words.keys}>
      <p>{words.keysHelp}</p>
      <ul class="keys">
        {Object.entries(keymap.value).map(([action, key]) => (
          <li key={action}>
            <span>{names[action] ?? action}</span>
            <button
              onClick={() => setWaiting(action)}
              onKeyDown={(e) => {
                if (waiting !== action || ["Shift", "Control", "Alt", "Meta"].includes(e.key)) return;
                e.preventDefault();
                e.stopPropagation();
                remap(action, nameOf(e));
                setWaiting("");
              }}
            >
              <kbd>{waiting === action ? "…" : key || "–"}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <button onClick={() => {
        dialog.value = "";
        startGuide();
      }}>{words.guide.again}</button>
      <button onClick={resetKeys}>{words.reset}</button>
    </Dialog>
  );
}
