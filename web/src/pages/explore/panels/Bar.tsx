import { Menu } from "../../../parts/Menu";
import { words } from "../../../strings";
import { busy, chosen, columns, filters, known, layers, mode, type Mode, picked, pickAll, pickNone, sort, typed, where, wide } from "../store/state";

const text = words.explore;

/** How many are left, their order, and how they are shown. */
export function Bar() {
  const { numbers, total } = chosen.value;
  const samples = (known.value?.asks ?? []).filter((ask) => ask.column.owner === "sample");
  const named = (ask: (typeof samples)[number]) => (ask.run ? `${ask.run}: ${ask.title}` : ask.title);
  const predicting = (known.value?.runs ?? []).filter((run) => run.predicts);
  const set = (what: Partial<typeof layers.value>) => (layers.value = { ...layers.value, ...what });
  return (
    <div class="tools" role="toolbar" aria-label={text.title}>
      <strong role="status" data-found={numbers.length} data-busy={busy.value}>{text.found(numbers.length, total)}</strong>
      <button disabled={!where.value.length} onClick={() => { filters.value = []; typed.value = ""; }}>{text.clear}</button>
      <span class="gap" />
      <label>{text.sort}{" "}
        <select value={sort.value?.expression ?? ""} onChange={(e) => {
          const expression = e.currentTarget.value;
          sort.value = expression ? { expression, down: sort.value?.down ?? false } : null;
        }}>
          <option value="">{text.asAdded}</option>
          {samples.map((ask) => <option key={ask.expression} value={ask.expression}>{named(ask)}</option>)}
        </select>
      </label>
      {sort.value && <button aria-label={sort.value.down ? text.down : text.up} onClick={() => (sort.value = sort.value && { ...sort.value, down: !sort.value.down })}>{sort.value.down ? "↓" : "↑"}</button>}
      <span class="gap" />
      {(["grid", "table"] as Mode[]).map((name) => (
        <button key={name} aria-pressed={mode.value === name} class={mode.value === name ? "chosen" : ""} onClick={() => (mode.value = name)}>{text.as[name]}</button>
      ))}
      {mode.value === "grid" && <label>{text.size}<input type="range" min={96} max={320} step={8} value={wide.value} onInput={(e) => (wide.value = e.currentTarget.valueAsNumber)} /></label>}
      <Menu name={text.columns}>
        {samples.filter((ask) => ask.expression !== "key").map((ask) => (
          <label key={ask.expression}>
            <input type="checkbox" checked={columns.value.includes(ask.expression)} onChange={(e) => (columns.value = e.currentTarget.checked ? [...columns.value, ask.expression] : columns.value.filter((name) => name !== ask.expression))} />
            {named(ask)}
          </label>
        ))}
      </Menu>
      <span class="gap" />
      <label><input type="checkbox" checked={layers.value.truth} onChange={(e) => set({ truth: e.currentTarget.checked })} />{text.truth}</label>
      {predicting.length > 0 && (
        <label>{text.run}{" "}
          <select value={layers.value.run ?? ""} onChange={(e) => set({ run: e.currentTarget.value || null })}>
            <option value="">{text.noRun}</option>
            {predicting.map((run) => <option key={run.id} value={run.id}>{run.id}</option>)}
          </select>
        </label>
      )}
      {layers.value.run && (
        <select aria-label={text.whatHelp} title={text.whatHelp} value={layers.value.what} onChange={(e) => set({ what: e.currentTarget.value as "labels" | "errors" })}>
          {Object.entries(text.what).map(([name, said]) => <option key={name} value={name}>{said}</option>)}
        </select>
      )}
    </div>
  );
}

/** How many are picked, and what can be done with them. */
export function Picked({ change }: { change: () => void }) {
  const number = picked.value.size;
  return (
    <div class="bar" data-picked={number}>
      <strong role="status">{number ? text.picked(number) : ""}</strong>
      {number > 0 ? <button onClick={pickNone}>{text.pickNone}</button> : <button disabled={!chosen.value.numbers.length} onClick={pickAll}>{text.pickAll}</button>}
      {number > 0 && <button class="primary" data-action="change" onClick={change}>{text.change}</button>}
      <span class="hint quiet">{text.openHelp}</span>
    </div>
  );
}
