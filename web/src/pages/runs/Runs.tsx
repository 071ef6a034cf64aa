import { useEffect, useMemo, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { toPage } from "../../address";
import { Curves } from "../../parts/charts/Curves";
import { Pages } from "../../parts/Pages";
import { message } from "../../store/project";
import { words } from "../../strings";
import { aligned, curveNames } from "./comparing";
import { Confusion } from "./panels/Confusion";
import { Objects } from "./panels/Objects";
import { Train } from "./dialogs/Train";
import { Layers } from "./panels/Layers";
import { List } from "./panels/List";
import { Overlays } from "./panels/Overlays";
import { Process } from "./panels/Process";
import { SaveAs } from "./panels/SaveAs";
import { Said } from "./panels/Said";
import { Scores } from "./panels/Scores";
import { Settings } from "./panels/Settings";
import { chosen, follow, runs, shown } from "./state";

const text = words.runs;
/** Colours of runs, in the order in which they were chosen; after the last the first comes again. */
export const colourOf = (place: number): string => `--run-${place % 6}`;

/** All runs, and beside them the curves, scores and settings of those that are chosen. `children`: dialogs of other pages. */
export function Runs({ children }: { children?: ComponentChildren }) {
  const [training, setTraining] = useState(false);
  useEffect(follow, []);
  const names = curveNames(shown.value);
  return (
    <div class="studio explore runs">
      <header>
        <h1>{text.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <button class="strong" data-action="train" onClick={() => setTraining(true)}>{text.train}</button>
        <Pages here="runs" />
      </header>
      <List />
      <main>
        {!runs.value.length && <p class="empty">{text.none}</p>}
        <div class="report">
          {shown.value.length === 1 && <Said key={shown.value[0].id} run={shown.value[0]} />}
          {shown.value.length === 1 && shown.value[0].kind === "train" && <Process key={`${shown.value[0].id} process`} run={shown.value[0]} />}
          {shown.value.length > 1 && <Legend />}
          <Scores />
          {shown.value.map((run) => <Confusion key={run.id} run={run} />)}
          {shown.value.map((run) => <Objects key={run.id} run={run} />)}
          {names.length > 0 && (
            <section aria-label={text.curves}>
              <div class="titled"><h2>{text.curves}</h2><SaveAs runs={shown.value.map((run) => run.id)} table="curves" /></div>
              <div class="charts">{names.map((name) => <Curve key={name} name={name} />)}</div>
            </section>
          )}
          {shown.value.map((run) => <Overlays key={run.id} run={run} />)}
          {shown.value.map((run) => <Layers key={run.id} run={run} />)}
          <Settings />
        </div>
      </main>
      {training && <Train close={() => setTraining(false)} />}
      {children}
    </div>
  );
}

/** Which colour is whose, and the images where two runs differ most. */
function Legend() {
  const [first, second] = chosen.value;
  const differing = `run('${second.replaceAll("'", "''")}').mean_iou - run('${first.replaceAll("'", "''")}').mean_iou`;
  const both = shown.value.length === 2 && shown.value.every((run) => run.per_sample.includes("mean_iou"));
  return (
    <p class="legend">
      {shown.value.map((run, k) => <span key={run.id} style={{ color: `var(${colourOf(k)})` }}>● {run.id}</span>)}
      <SaveAs runs={shown.value.map((run) => run.id)} table="images" />
      {both && <button onClick={() => toPage("explore", new URLSearchParams([["up", differing], ["errors", second], ["c", differing]]).toString())}>{text.worse}</button>}
    </p>
  );
}

function Curve({ name }: { name: string }) {
  const having = shown.value.map((run, k) => ({ run, k })).filter(({ run }) => name in run.curves);
  const points = useMemo(() => aligned(having.map(({ run }) => run.curves[name] as [number, number][])), [shown.value, name]);
  return (
    <figure>
      <figcaption class="titled">{name}<SaveAs runs={having.map(({ run }) => run.id)} figure="curve" name={name} /></figcaption>
      <Curves points={points} colours={having.map(({ k }) => colourOf(k))} names={having.map(({ run }) => run.id)} label={`${name}: ${having.map(({ run }) => `${run.id} ${(run.curves[name] as [number, number][]).at(-1)?.[1].toPrecision(4)}`).join(", ")}`} />
    </figure>
  );
}
