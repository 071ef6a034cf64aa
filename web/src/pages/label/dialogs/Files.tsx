import { useEffect, useState } from "preact/hooks";
import type { Imported, LossReport } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { losses, take } from "../store/files";

function Lines({ head, lines, quiet = false }: { head: string; lines: string[]; quiet?: boolean }) {
  return (
    <section class={quiet ? "quiet" : undefined}>
      <p>{head}</p>
      <ul>{lines.map((line) => <li key={line}>{line}</li>)}</ul>
    </section>
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
  const link = `/api/export/${name}/archive${report?.grave ? "?allow_loss=true" : ""}`;
  return (
    <Dialog title={words.export}>
      <label>
        {words.exportAs}{" "}
        <select value={name} onChange={(e) => setName(e.currentTarget.value)}>
          {(project.value?.formats ?? []).map((format) => (
            <option key={format}>{format}</option>
          ))}
        </select>
      </label>
      {trouble && <p role="alert">{trouble}</p>}
      {!report && !trouble && <p class="quiet" role="status">{words.weighing(name)}</p>}
      {report && (
        <>
          <div class="losses" data-grave={report.grave}>
            {report.grave > 0 ? <Lines head={words.lossesOf(name)} lines={report.lines} /> : <p>{words.lossless}</p>}
            {report.minor.length > 0 && <Lines head={words.writtenOtherwise} lines={report.minor} quiet />}
          </div>
          <a class={report.grave ? "button" : "button primary"} href={link} download>{report.grave ? words.downloadAnyway : words.download}</a>
        </>
      )}
    </Dialog>
  );
}

export function Import() {
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<Imported | null>(null);
  const [trouble, setTrouble] = useState("");
  const read = (picked: File | undefined) => {
    if (!picked) return;
    setFile(picked);
    setReport(null);
    setTrouble("");
    take(picked, false).then(setReport, (error: Error) => setTrouble(error.message));
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
