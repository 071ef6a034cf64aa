import { useEffect, useState } from "preact/hooks";
import { toPage } from "../../../address";
import { Dialog } from "../../../parts/Dialog";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { imageHistory, look, type Past, restore } from "../store/history";
import { pick } from "../store/tools";

export function History() {
  const [rows, setRows] = useState<Past[] | null>(null);
  useEffect(() => void imageHistory().then(setRows), []);
  return (
    <Dialog title={words.history}>
      {rows?.length === 0 && (
        <div class="none" data-empty="history">
          <p class="quiet">{words.noHistory}</p>
          <button onClick={() => {
            dialog.value = "";
            pick("brush");
          }}>{words.empty.brush}</button>
        </div>
      )}
      <ul class="rows">
        {rows?.map((past, k) => (
          <li key={`${past.revision} ${past.created}`}>
            <span>{past.created.slice(0, 19).replace("T", " ")}</span> <b data-kind={past.kind}>{words.gestureName(past.kind)}</b> <span class="quiet">{past.author}</span>
            <button onClick={() => void look(rows, k)}>{words.compare}</button>
            <button onClick={() => void restore(past.revision)}>{words.restore}</button>
          </li>
        ))}
      </ul>
      <button onClick={() => { dialog.value = ""; toPage("history"); }}>{words.historyPage.all}</button>
    </Dialog>
  );
}
