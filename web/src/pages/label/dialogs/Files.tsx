import { useEffect, useState } from "preact/hooks";
import type { Imported, LossInfo, LossReport } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { losses, take } from "../store/files";

const Losses = ({ losses }: { losses: LossInfo[] }) => <ul>{losses.map((loss) => <li key={loss.cause}>{said.loss(loss)}</li>)}</ul>;

const said = words.exporting;

/** Formats by what they are for; those that nothing is known of come last. */
function grouped(names: readonly string[]): [string, string[]][] {
  const known = Object.entries(said.groups).map(([group, own]) => [group, own.filter((name) => names.includes(name))] as [string, string[]]);
  const rest = names.filter((name) => !known.some(([, own]) => own.includes(name)));
  return [...known, [said.others, rest] as [string, string[]]].filter(([, own]) => own.length);
}

/** The labels as a file for another program: which, what it holds, what it lacks, what it is called and where it goes. */
export function Export() {
  const [name, setName] = useState("coco");
  const [report, setReport] = useState<LossReport | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let over = false;
    setReport(null);
    setTrouble("");
    losses(name).then((found) => over || setReport(found), (error: Error) => over || setTrouble(error.message));
    return () => void (over = true);
  }, [name]);
  const images = project.value?.images ?? [];
  const format = said.formats[name];
  const grave = report ? report.grave.length : 0;
  const link = `/api/export/${name}/archive${grave ? "?allow_loss=true" : ""}`;
  return (
    <Dialog title={said.title}>
      <p class="quiet">{said.lead(images.length, images.filter((image) => image.state !== "labelled" && image.state !== "approved").length)}</p>
      <label>
        {said.format}{" "}
        <select value={name} onChange={(e) => setName(e.currentTarget.value)}>
          {grouped(project.value?.formats ?? []).map(([group, own]) => (
            <optgroup key={group} label={group}>
              {own.map((each) => (
                <option key={each} value={each}>{said.formats[each]?.name ?? each}</option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      {format && <p data-format={name}>{format.use}</p>}
      {trouble && <p role="alert">{trouble}</p>}
      {!report && !trouble && <p class="quiet" role="status">{said.weighing(format?.name ?? name)}</p>}
      {report && (
        <>
          <div class="losses" data-grave={grave}>
            <p>{grave ? said.lacks : said.lossless}</p>
            <Losses losses={report.grave} />
            {grave > 0 && name !== "coco" && <p class="quiet">{said.instead}</p>}
          </div>
          <a class={grave ? "button" : "button primary"} href={link} download={report.file}>{grave ? said.anyway(report.file) : said.download(report.file)}</a>
          <p class="quiet">{said.where(report.file, format?.file ?? "")}</p>
          {report.minor.length > 0 && (
            <details class="losses" data-minor={report.minor.length}>
              <summary>{said.minor}</summary>
              <Losses losses={report.minor} />
            </details>
          )}
        </>
      )}
    </Dialog>
  );
}

/** Files that come in: images, videos, labels and archives of them. What they give is told before, and what they gave after. `first`: files that were dropped already. `close`: where the label page's own dialog is not it. */
export function Import({ first, close, done }: { first?: readonly File[]; close?: () => void; done?: () => void }) {
  const [files, setFiles] = useState<readonly File[]>(first ?? []);
  const [report, setReport] = useState<Imported | null>(null);
  const [trouble, setTrouble] = useState("");
  const [waits, setWaits] = useState(false);
  const ask = async (picked: readonly File[], write: boolean) => {
    if (!picked.length) return;
    setFiles(picked);
    setTrouble("");
    setWaits(true);
    if (!write) setReport(null);
    try {
      const found = await take(picked, write);
      setReport(found);
      if (found.written) done?.();
    } catch (error) {
      setTrouble((error as Error).message);
    }
    setWaits(false);
  };
  useEffect(() => void ask(files, false), []);
  return (
    <Dialog title={words.import} {...(close && { close })}>
      <div
        class="drop" onDragOver={(e) => e.preventDefault()}
        onDrop={(e) => {
          e.preventDefault();
          e.stopPropagation();
          void ask([...(e.dataTransfer?.files ?? [])], false);
        }}
      >
        <p>{words.drop}</p>
        <input type="file" multiple aria-label={words.import} onChange={(e) => void ask([...(e.currentTarget.files ?? [])], false)} />
      </div>
      {files.length > 0 && <p class="quiet">{words.sent(files.map((file) => file.name))}</p>}
      {waits && <p class="quiet" role="status">{words.reading}</p>}
      {trouble && <p role="alert">{trouble}</p>}
      {report && (
        <>
          <p role="status" data-import={report.written ? "written" : "seen"}>
            {words.imported(report.written, report.format, report.objects, report.images, report.new_images)}
          </p>
          <ul class="losses">
            {report.already > 0 && <li>{words.already(report.already)}</li>}
            {report.number_missing > 0 && <li>{words.missing(report.number_missing, report.missing)}</li>}
            {report.new_classes.length > 0 && <li>{words.newClasses(report.new_classes)}</li>}
            {report.notes.map((line) => <li key={line}>{line}</li>)}
          </ul>
          {!report.written && report.objects + report.new_images > 0 && (
            <button disabled={waits} onClick={() => void ask(files, true)}>{words.addThem}</button>
          )}
        </>
      )}
    </Dialog>
  );
}
