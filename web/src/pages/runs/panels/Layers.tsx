import { useEffect, useState } from "preact/hooks";
import { api, type RunDetails } from "../../../api/client";
import { Bars } from "../../../parts/charts/Bars";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { Steps } from "./Steps";

const text = words.runs.layers;
/** Layers that are drawn at once. */
const MOST = 24;

type Rows = Awaited<ReturnType<typeof api.layers>>;

/** How weights, biases and gradients lay at each evaluation, layer by layer. */
export function Layers({ run }: { run: RunDetails }) {
  const [found, setFound] = useState<Rows>({});
  const [kind, setKind] = useState("weights");
  const [named, setNamed] = useState("");
  const [at, setAt] = useState<number | null>(null);
  const newest = Math.max(0, ...Object.values(run.curves).map((points) => points.at(-1)?.[0] ?? 0));
  useEffect(() => {
    if (run.kind === "train") api.layers(run.id).then(setFound, (error: Error) => (message.value = error.message));
  }, [run.id, newest]);
  const names = Object.keys(found);
  if (!names.length) return null;
  const kinds = [...new Set(names.map((name) => name.split("/")[0]))];
  const chosen = kinds.includes(kind) ? kind : kinds[0];
  const left = names.filter((name) => name.startsWith(`${chosen}/`) && name.includes(named.trim()));
  const steps = [...new Set(Object.values(found).flatMap((rows) => rows.map(({ step }) => step)))].sort((a, b) => a - b);
  const step = at !== null && steps.includes(at) ? at : steps[steps.length - 1];
  const short = (value: number) => String(Number(value.toPrecision(3)));
  return (
    <section aria-label={text.title(run.id)}>
      <h2>{text.title(run.id)}</h2>
      <p class="switches">
        <span role="group" aria-label={text.kinds}>
          {kinds.map((name) => <button key={name} aria-pressed={name === chosen} class={name === chosen ? "chosen" : ""} onClick={() => setKind(name)}>{text.kind[name] ?? name}</button>)}
        </span>
        <label>{text.named} <input type="search" value={named} onInput={(e) => setNamed(e.currentTarget.value)} /></label>
        <span class="quiet" role="status">{text.shown(Math.min(MOST, left.length), left.length)}</span>
      </p>
      <Steps steps={steps} step={step} choose={setAt} />
      <div class="layers">
        {left.slice(0, MOST).map((name) => {
          const row = found[name].find((each) => each.step === step);
          if (!row) return null;
          const width = (row.high - row.low) / row.counts.length;
          return (
            <figure key={name} title={name}>
              <figcaption>{name.slice(chosen.length + 1)}</figcaption>
              <Bars values={row.counts.map((count, k) => [`${short(row.low + k * width)} … ${short(row.low + (k + 1) * width)}`, count] as const)} label={text.layer(name, short(row.low), short(row.high))} />
              <p class="quiet ends"><span>{short(row.low)}</span>{row.not_finite > 0 && <strong class="problem">{text.notFinite(row.not_finite)}</strong>}<span>{short(row.high)}</span></p>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
