import { useState } from "preact/hooks";
import { toPage } from "../../../address";
import type { RunDetails } from "../../../api/client";
import { words } from "../../../strings";
import { say } from "../state";
import { SaveAs } from "./SaveAs";

const text = words.runs;

/** What a run is, and what people say of it. */
export function Said({ run }: { run: RunDetails }) {
  const [tags, setTags] = useState(run.tags.join(", "));
  const [notes, setNotes] = useState(run.notes);
  const time = (at: string) => at.slice(0, 16).replace("T", " ");
  const worst = new URLSearchParams([["up", `run('${run.id.replaceAll("'", "''")}').mean_iou`], ["errors", run.id]]).toString();
  return (
    <section class="said" aria-label={run.id}>
      <h2>{run.id}</h2>
      <p class="quiet">
        {[text.kinds[run.kind] ?? run.kind, text.statuses[run.status] ?? run.status, text.onRevision(run.revision), text.begun(time(run.created)), run.ended && text.ended(time(run.ended))].filter(Boolean).join(" · ")}
      </p>
      {run.per_sample.includes("mean_iou") && <p class="titled"><button onClick={() => toPage("explore", worst)}>{text.worst}</button><SaveAs runs={[run.id]} table="images" /></p>}
      <div class="wishes">
        <label>{text.tags}<input type="text" value={tags} placeholder={text.tagsHelp} onInput={(e) => setTags(e.currentTarget.value)} onChange={() => void say(run.id, { tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean) })} /></label>
        <label>{text.notes}<textarea rows={2} value={notes} onInput={(e) => setNotes(e.currentTarget.value)} onChange={() => void say(run.id, { notes })} /></label>
      </div>
    </section>
  );
}
