import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Imported, LossReport } from "../api/client";
import { remap, resetKeys } from "../store/actions";
import { imageHistory, look, losses, type Past, resolve, restore, take } from "../store/files";
import { nameOf } from "../store/keys";
import { dialog, keymap, project } from "../store/state";
import { words } from "../strings";

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
      <button onClick={resetKeys}>{words.reset}</button>
    </Dialog>
  );
}

export function Export() {
  const [name, setName] = useState("coco");
  const [report, setReport] = useState<LossReport | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    setReport(null);
    setTrouble("");
    losses(name).then(setReport, (error: Error) => setTrouble(error.message));
  }, [name]);
  const link = `/api/export/${name}/archive${report?.lines.length ? "?allow_loss=true" : ""}`;
  return (
    <Dialog title={words.export}>
      <label>
        {words.exportAs}{" "}
        <select value={name} onChange={(e) => setName(e.currentTarget.value)}>
          {(project.value?.formats ?? []).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {trouble && <p role="alert">{trouble}</p>}
      {report && (
        <>
          <ul class="losses">{report.lines.length ? report.lines.map((line) => <li key={line}>{line}</li>) : <li>{words.lossless}</li>}</ul>
          <a class="button" href={link} download>{report.lines.length ? words.downloadAnyway : words.download}</a>
        </>
      )}
    </Dialog>
  );
}

export function Import() {
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<Imported | null>(null);
  const [trouble, setTrouble] = useState("");
  const read = (one: File | undefined) => {
    if (!one) return;
    setFile(one);
    setReport(null);
    setTrouble("");
    take(one, false).then(setReport, (error: Error) => setTrouble(error.message));
  };
  return (
    <Dialog title={words.import}>
      <div
        class="drop" onDragOver={(e) => e.preventDefault()}
        onDrop={(e) => {
          e.preventDefault();
          read(e.dataTransfer?.files[0]);
        }}
      >
        <p>{words.drop}</p>
        <input type="file" aria-label={words.import} onChange={(e) => read(e.currentTarget.files?.[0])} />
      </div>
      {trouble && <p role="alert">{trouble}</p>}
      {report && (
        <>
          <p role="status" data-import={report.written ? "written" : "seen"}>
            {words.imported(report.written, report.format, report.objects, report.images)}
          </p>
          <ul class="losses">
            {report.number_missing > 0 && <li>{words.missing(report.number_missing, report.missing)}</li>}
            {report.new_classes.length > 0 && <li>{words.newClasses(report.new_classes)}</li>}
            {report.notes.map((line) => <li key={line}>{line}</li>)}
          </ul>
          {!report.written && report.objects > 0 && (
            <button onClick={() => take(file!, true).then(setReport, (error: Error) => setTrouble(error.message))}>{words.addThem}</button>
          )}
        </>
      )}
    </Dialog>
  );
}

export function History() {
  const [rows, setRows] = useState<Past[]>([]);
  useEffect(() => void imageHistory().then(setRows), []);
  return (
    <Dialog title={words.history}>
      {!rows.length && <p class="quiet">{words.noHistory}</p>}
      <ul class="rows">
        {rows.map((one, k) => (
          <li key={`${one.revision} ${one.created}`}>
            <span>{one.created.slice(0, 19).replace("T", " ")}</span> <b>{one.kind}</b> <span class="quiet">{one.author}</span>
            <button onClick={() => void look(rows, k)}>{words.compare}</button>
            <button onClick={() => void restore(one.revision)}>{words.restore}</button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

export function Conflict() {
  return (
    <Dialog title={words.conflict} closes={false}>
      <div class="row">
        <button onClick={() => void resolve("mine")}>{words.keepMine}</button>
        <button onClick={() => void resolve("theirs")}>{words.keepTheirs}</button>
        <button onClick={() => void resolve("both")}>{words.keepBoth}</button>
      </div>
    </Dialog>
  );
}
