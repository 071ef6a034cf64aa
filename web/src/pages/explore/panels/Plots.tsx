import { useEffect, useState } from "preact/hooks";
import { api, type Ask, type PointCloud } from "../../../api/client";
import { Scatter } from "../../../parts/charts/Scatter";
import { words } from "../../../strings";
import type { Plot } from "../plots";
import { asks, chosen, plots, regions, where } from "../store/state";

const text = words.explore.plots;
const NUMBERS = ["number", "integer", "bool"];
const WORDS = ["text", "category", "reference"];
const INKS = ["--run-0", "--run-1", "--run-2", "--run-3", "--run-4", "--run-5"];
/** Of words without a colour of their own. */
const OTHERS = "--quiet";

/** Plots of two values each, beside the images; a region that is drawn on one leaves what lies in it. */
export function Plots() {
  if (!plots.value.length) return null;
  const put = (place: number, plot: Plot | null) => (plots.value = plots.value.flatMap((other, k) => (k !== place ? [other] : plot ? [plot] : [])));
  return (
    <aside class="plots" aria-label={text.title}>
      {plots.value.map((plot, k) => <Panel key={k} place={k} plot={plot} put={(changed) => put(k, changed)} />)}
      <button onClick={() => (plots.value = [...plots.value, first()])}>{text.more}</button>
    </aside>
  );
}

/** What a plot shows before anything else is chosen. */
export const first = (): Plot => ({ x: "area", y: "num_segments", owner: "segment" });

const named = (ask: Ask) => (ask.run ? `${ask.run}: ${ask.title}` : ask.title);

function Panel({ place, plot, put }: { place: number; plot: Plot; put: (plot: Plot | null) => void }) {
  const [found, setFound] = useState<PointCloud | null>(null);
  const [trouble, setTrouble] = useState("");
  const [shape, setShape] = useState<"lasso" | "rectangle">("lasso");
  const { x, y, owner, colour } = plot;
  const numbers = asks.value.filter((ask) => NUMBERS.includes(ask.column.kind));
  const colours = asks.value.filter((ask) => WORDS.includes(ask.column.kind) && (owner === "segment" || ask.column.owner === "sample"));
  const ofSegments = (expression: string) => asks.value.some((ask) => ask.expression === expression && ask.column.owner === "segment");
  useEffect(() => {
    const abort = new AbortController();
    api.points({ where: where.value, regions: regions.value, x, y, owner, colour: colour ?? null }, abort.signal).then(
      (points) => { setFound(points); setTrouble(""); },
      (error: Error) => error.name !== "AbortError" && setTrouble(error.message),
    );
    return () => abort.abort();
  }, [x, y, owner, colour, where.value, regions.value, chosen.value.revision]);
  const change = (what: Partial<Pick<Plot, "x" | "y" | "colour">>) => {
    const next = { ...plot, ...what };
    const about = ofSegments(next.x) || ofSegments(next.y) ? "segment" : "sample";
    const coloured = about === "segment" || !next.colour || !ofSegments(next.colour) ? next.colour : undefined;
    // A region is in the units of its axes.
    put({ ...next, owner: about, colour: coloured, region: "colour" in what ? next.region : undefined });
  };
  const choice = (name: string, value: string, from: Ask[], set: (expression: string) => void, none = false) => (
    <label>{name}
      <select value={value} onChange={(e) => set(e.currentTarget.value)}>
        {none && <option value="">{text.oneColour}</option>}
        {!none && !from.some((ask) => ask.expression === value) && <option value={value}>{value}</option>}
        {(["sample", "segment"] as const).map((whose) => (
          <optgroup key={whose} label={words.explore.owners[whose]}>
            {from.filter((ask) => ask.column.owner === whose).map((ask) => <option key={ask.expression} value={ask.expression}>{named(ask)}</option>)}
          </optgroup>
        ))}
      </select>
    </label>
  );
  const title = (expression: string) => {
    const ask = asks.value.find((other) => other.expression === expression);
    return ask ? `${named(ask)}${ask.column.unit ? ` (${ask.column.unit})` : ""}` : expression;
  };
  const ranges = found && found.x && found.y ? ([found.x, found.y] as const) : null;
  const inks = found?.places ? [...found.words.map((_, k) => INKS[k]), OTHERS] : ["--strong"];
  return (
    <section data-plot={place} data-drawn={found?.points ?? ""} aria-label={text.of(title(x), title(y))}>
      <div class="axes">
        {choice(text.across, x, numbers, (expression) => change({ x: expression }))}
        {choice(text.up, y, numbers, (expression) => change({ y: expression }))}
        {choice(text.colour, colour ?? "", colours, (expression) => change({ colour: expression || undefined }), true)}
      </div>
      <div class="row" role="toolbar" aria-label={text.shapes}>
        {(["lasso", "rectangle"] as const).map((name) => (
          <button key={name} class={shape === name ? "chosen" : ""} aria-pressed={shape === name} onClick={() => setShape(name)}>{text[name]}</button>
        ))}
        <button disabled={!plot.region} onClick={() => put({ ...plot, region: undefined })}>{text.clear}</button>
        <span class="gap" />
        <button aria-label={text.close(title(x), title(y))} title={text.close(title(x), title(y))} onClick={() => put(null)}>×</button>
      </div>
      {trouble && <p role="alert" class="problem">{trouble}</p>}
      {found && ranges && (
        <Scatter
          x={found.across} y={found.up} chosen={found.chosen} places={found.places} colours={inks} ranges={ranges} names={[title(x), title(y)]} region={plot.region ?? null} shape={shape}
          label={text.of(title(x), title(y))} draw={(region) => put({ ...plot, region: region ?? undefined })}
        />
      )}
      {found && !ranges && <p class="quiet">{text.none}</p>}
      {found?.places && (
        <ul class="inks">
          {[...found.words, ...(found.places.some((at) => at >= found.words.length) ? [text.others] : [])].map((word, k) => (
            <li key={word}><span style={{ background: `var(${inks[k]})` }} />{word}</li>
          ))}
        </ul>
      )}
      {found && found.points < found.all && <p class="quiet" data-thinned>{text.thinned(found.points, found.all)}</p>}
      {found && found.missing > 0 && <p class="quiet">{text.missing(found.missing, owner)}</p>}
    </section>
  );
}
