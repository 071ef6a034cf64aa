import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../../../parts/Dialog";
import { words } from "../../../strings";
import { imageHistory, look, type Past, restore } from "../store/history";

export function History() {
  const [rows, setRows] = useState<Past[]>([]);
  useEffect(() => void imageHistory().then(setRows), []);
  return (
    <Dialog title={words.history}>
      {!rows.length && <p class="quiet">{words.noHistory}</p>}
      <ul class="rows">
        {rows.map((past, k) => (
          <li key={`${past.revision} ${past.created}`}>
            <span>{past.created.slice(0, 19).replace("T", " ")}</span> <b>{past.kind}</b> <span class="quiet">{past.author}</span>
            <button onClick={() => void look(rows, k)}>{words.compare}</button>
            <button onClick={() => void restore(past.revision)}>{words.restore}</button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
