import { useEffect, useRef, useState } from "preact/hooks";
import { api, type RunDetails } from "../../../api/client";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { act, busy, forget } from "../state";

const text = words.runs;

/** A training's process: its end, its going on, and what it printed. */
export function Process({ run }: { run: RunDetails }) {
  const [longer, setLonger] = useState({ minutes: "", epochs: "" });
  const [stopping, setStopping] = useState(false);
  const [lines, setLines] = useState<string[] | null>(null);
  const [open, setOpen] = useState(!run.made || run.status === "starting");
  const box = useRef<HTMLPreElement>(null);
  const going = busy(run);
  useEffect(() => setStopping(false), [going]);
  useEffect(() => {
    if (open) api.printed(run.id).then(setLines, (error: Error) => (message.value = error.message));
  }, [run, open]);
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const typed = (name: "minutes" | "epochs") => (
    <label>{text.training[name]}<input type="text" value={longer[name]} onInput={(e) => setLonger({ ...longer, [name]: e.currentTarget.value })} /></label>
  );
  return (
    <section class="process" aria-label={text.printed}>
      {going && <button data-action="stop" title={text.stopHelp} disabled={stopping} onClick={() => { setStopping(true); void act(() => api.stopRun(run.id), run.id); }}>{stopping ? text.stopping : text.stop}</button>}
      {!going && run.made !== false && (
        <form onSubmit={(e) => { e.preventDefault(); void act(() => api.resumeRun(run.id, longer), run.id).then(() => setOpen(true)); }}>
          <button type="submit" data-action="resume" title={text.resumeHelp}>{text.resume}</button>
          {typed("epochs")}
          {typed("minutes")}
        </form>
      )}
      {!going && run.made === false && <button data-action="forget" onClick={() => void forget(run.id)}>{text.forget}</button>}
      <details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>{text.printed}</summary>
        {lines && (lines.length ? <pre ref={box} class="printed" tabIndex={0} aria-label={text.printed}>{lines.join("\n")}</pre> : <p class="quiet">{text.notPrinted}</p>)}
      </details>
    </section>
  );
}
