import { api } from "../../../api/client";
import { Menu } from "../../../parts/Menu";
import { words } from "../../../strings";
import { asks, busy, chosen, columns, filters, folded, group, idOf, known, layers, mode, objectColumns, ordered, ordering, problem, type Mode, picked, pickAll, pickNone, plots, regions, showing, sort, typed, where, wide } from "../store/state";
import { objects } from "../store/objects";
import { LABELS, show } from "../../beside";
import { first } from "./Plots";

const text = words.explore;

/** How many are left, their order, and how they are shown. */
export function Bar() {
  const { numbers, total } = chosen.value;
  const ofObjects = showing.value === "objects";
  const found = objects.value.pairs.length / 2;
  const samples = asks.value.filter((ask) => ask.column.owner === "sample");
  const offered = ofObjects ? asks.value : samples;
  const listed = ofObjects ? objectColumns : columns;
  const named = (ask: (typeof samples)[number]) => (ask.run ? `${ask.run}: ${ask.title}` : ask.title);
  const predicting = (known.value?.runs ?? []).filter((run) => run.predicts);
  const set = (what: Partial<typeof layers.value>) => (layers.value = { ...layers.value, ...what });
  return (
    <div class="tools" role="toolbar" aria-label={text.title}>
      <strong role="status" data-found={numbers.length} data-busy={busy.value} data-objects={ofObjects ? found : undefined}>{ofObjects ? text.foundObjects(found, objects.value.total) : text.found(numbers.length, total)}</strong>
      <span class="pair" role="group" aria-label={text.listed}>
        {(["images", "objects"] as const).map((name) => (
          <button key={name} data-of={name} aria-pressed={showing.value === name} class={showing.value === name ? "chosen" : ""} onClick={() => (showing.value = name)}>{text.owners[name === "images" ? "sample" : "segment"]}</button>
        ))}
      </span>
      <button disabled={!where.value.length && !regions.value.length} onClick={() => { filters.value = []; typed.value = ""; plots.value = plots.value.map((plot) => ({ ...plot, region: undefined })); }}>{text.clear}</button>
      <span class="gap" />
      <label>{text.sort}{" "}
        <select value={sort.value?.expression ?? ""} onChange={(e) => {
          const expression = e.currentTarget.value;
          sort.value = expression ? { expression, down: sort.value?.down ?? false } : null;
        }}>
          <option value="">{text.asAdded}</option>
          {offered.map((ask) => <option key={idOf(ask)} value={ask.expression}>{named(ask)}</option>)}
        </select>
      </label>
      {sort.value && <button aria-label={sort.value.down ? text.down : text.up} onClick={() => (sort.value = sort.value && { ...sort.value, down: !sort.value.down })}>{sort.value.down ? "↓" : "↑"}</button>}
      <span class="gap" />
      {!ofObjects && (["grid", "table"] as Mode[]).map((name) => (
        <button key={name} aria-pressed={mode.value === name} class={mode.value === name ? "chosen" : ""} onClick={() => (mode.value = name)}>{text.as[name]}</button>
      ))}
      {!ofObjects && mode.value === "grid" && <label>{text.size}<input type="range" min={96} max={320} step={8} value={wide.value} onInput={(e) => (wide.value = e.currentTarget.valueAsNumber)} /></label>}
      <button aria-pressed={plots.value.length > 0} class={plots.value.length ? "chosen" : ""} title={text.plots.help} onClick={() => (plots.value = plots.value.length ? [] : [first()])}>{text.plots.title}</button>
      {!ofObjects && mode.value === "grid" && (
        <label>{text.group}{" "}
          <select value={group.value} onChange={(e) => { group.value = e.currentTarget.value; folded.value = new Set(); }}>
            <option value="">{text.noGroup}</option>
            {samples.filter((ask) => ["text", "category", "reference"].includes(ask.column.kind) && ask.expression !== "key").map((ask) => <option key={ask.expression} value={ask.expression}>{named(ask)}</option>)}
          </select>
        </label>
      )}
      <Menu name={text.columns}>
        {offered.filter((ask) => ask.expression !== "key").map((ask) => (
          <label key={idOf(ask)}>
            <input type="checkbox" checked={listed.value.includes(ask.expression)} onChange={(e) => (listed.value = e.currentTarget.checked ? [...listed.value, ask.expression] : listed.value.filter((name) => name !== ask.expression))} />
            {named(ask)}
          </label>
        ))}
      </Menu>
      <Menu name={words.saveAs}>
        {(["csv", "parquet"] as const).map((form) => (
          <button key={form} data-save={form} onClick={() => void save(form)}>{words.tableAs[form]}</button>
        ))}
      </Menu>
      <span class="gap" />
      {!ofObjects && <label><input type="checkbox" checked={layers.value.truth} onChange={(e) => set({ truth: e.currentTarget.checked })} />{text.truth}</label>}
      {!ofObjects && <label><input type="checkbox" checked={layers.value.boxes} onChange={(e) => set({ boxes: e.currentTarget.checked })} />{text.boxes}</label>}
      {!ofObjects && predicting.length > 0 && (
        <label>{text.run}{" "}
          <select value={layers.value.run ?? ""} onChange={(e) => set({ run: e.currentTarget.value || null })}>
            <option value="">{text.noRun}</option>
            {predicting.map((run) => <option key={run.id} value={run.id}>{run.id}</option>)}
          </select>
        </label>
      )}
      {!ofObjects && layers.value.run && (
        <select aria-label={text.whatHelp} title={text.whatHelp} value={layers.value.what} onChange={(e) => set({ what: e.currentTarget.value as "labels" | "errors" })}>
          {Object.entries(text.what).map(([name, said]) => <option key={name} value={name}>{said}</option>)}
        </select>
      )}
    </div>
  );
}

/** What is listed, with the columns that are shown, as a file. */
async function save(form: "csv" | "parquet"): Promise<void> {
  const of = showing.value;
  const shared = { regions: regions.value, columns: [...(of === "objects" ? objectColumns : columns).value], of };
  const order = of === "objects" ? { where: where.value, order: ordering.value?.expression ?? null, descending: ordering.value?.down ?? false } : { where: ordered.value, descending: false };
  await api.saveTable({ ...shared, ...order }, form).catch((error: Error) => (problem.value = error.message));
}

/** The image that is picked, under its labels and under the run that is shown, or under the two newest. */
function beside(): void {
  const runs = (known.value?.runs ?? []).filter((run) => run.predicts).map(({ id }) => id);
  const right = layers.value.run ?? runs[0];
  const left = layers.value.run ? LABELS : (runs[1] ?? LABELS);
  show({ image: [...picked.value][0], sides: [left, right] });
}

/** How many are picked, and what can be done with them. */
export function Picked({ change }: { change: () => void }) {
  const number = picked.value.size;
  return (
    <div class="bar" data-picked={number}>
      <strong role="status">{number ? text.picked(number) : ""}</strong>
      {number > 0 ? <button onClick={pickNone}>{text.pickNone}</button> : <button disabled={!chosen.value.numbers.length} onClick={pickAll}>{text.pickAll}</button>}
      {number > 0 && <button class="primary" data-action="change" onClick={change}>{text.change}</button>}
      {number > 0 && number < 3 && known.value?.runs.some((run) => run.predicts) && <button data-action="beside" onClick={beside}>{text.sideBySide}</button>}
      <span class="hint quiet">{text.openHelp}</span>
    </div>
  );
}
