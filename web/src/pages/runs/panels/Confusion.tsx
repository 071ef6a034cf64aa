import { useEffect, useState } from "preact/hooks";
import { toPage } from "../../../address";
import { api, type Confusion as Counted, type RunDetails } from "../../../api/client";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { type Cell, matrix } from "../confusing";
import { counts, matrixOf } from "../state";
import { SaveAs } from "./SaveAs";

const text = words.runs.confusion;
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What a run took for what. A press on a cell opens its images in Explore, the most first. */
export function Confusion({ run }: { run: RunDetails }) {
  const [counted, setCounted] = useState<Counted | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (run.evaluations.length) api.confusion(run.id).then(setCounted, (error: Error) => (message.value = error.message));
  }, [run.id, run.evaluations.length]);
  if (!counted) return null;
  const of = counted.objects.length ? matrixOf.value : "pixels";
  const { rows, columns, cells, left } = matrix(counted, of);
  if (!cells.size) return null;
  const shares = counts.value === "shares";
  const named = (place: number, none: string) => counted.classes[place] ?? none;
  const nothing = (truth: boolean) => (of === "objects" ? (truth ? text.invented : text.lost) : text.open);
  async function open(cell: Cell) {
    setBusy(true);
    try {
      const { expression } = await api.confused(run.id, { truth: counted!.classes[cell.truth] ?? null, predicted: counted!.classes[cell.predicted] ?? null, of });
      toPage("explore", new URLSearchParams([["where", `${expression} > 0`], ["down", expression], ["errors", run.id], ["c", expression]]).toString());
    } catch (error) {
      message.value = (error as Error).message;
    } finally {
      setBusy(false);
    }
  }
  return (
    <section aria-label={text.title(run.id)} class="confusion" aria-busy={busy}>
      <div class="titled"><h2>{text.title(run.id)}</h2><SaveAs runs={[run.id]} table="confusion" figure="confusion" /></div>
      <p class="switches">
        {counted.objects.length > 0 && <Switch name={text.of} options={text.ofs} value={of} choose={(value) => (matrixOf.value = value)} />}
        <Switch name={text.as} options={text.ass} value={counts.value} choose={(value) => (counts.value = value)} />
        <span class="quiet" role="status">{busy ? words.loading : text.help}</span>
      </p>
      <div class="wide">
        <table>
          <thead>
            <tr><th scope="col">{text.corner}</th>{columns.map((place) => <th key={place} scope="col" title={named(place, nothing(false))}><span>{named(place, nothing(false))}</span></th>)}</tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row}>
                <th scope="row" title={named(row, nothing(true))}>{named(row, nothing(true))}</th>
                {columns.map((column) => {
                  const cell = cells.get(`${row} ${column}`);
                  if (!cell) return <td key={column} class="number" />;
                  const said = `${text.cell(named(row, nothing(true)), named(column, nothing(false)))}: ${text.counted(cell.count, of)}, ${(100 * cell.share).toFixed(1)} %`;
                  const shade = { background: `color-mix(in srgb, var(${row === column ? "--strong" : "--bad"}) ${Math.round(60 * cell.share ** 0.5)}%, transparent)` };
                  return (
                    <td key={column} class="number" style={shade}>
                      <button disabled={busy} aria-label={said} title={said} data-cell={`${row} ${column}`} onClick={() => void open(cell)}>
                        {shares ? `${(100 * cell.share).toFixed(cell.share < 0.0995 ? 1 : 0)} %` : short.format(cell.count)}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 && <p class="quiet">{text.left(left)}</p>}
    </section>
  );
}

function Switch<T extends string>({ name, options, value, choose }: { name: string; options: Record<T, string>; value: T; choose: (value: T) => void }) {
  return (
    <span role="group" aria-label={name}>
      {(Object.keys(options) as T[]).map((key) => (
        <button key={key} aria-pressed={value === key} class={value === key ? "chosen" : ""} onClick={() => choose(key)}>{options[key]}</button>
      ))}
    </span>
  );
}
