import { useEffect, useRef } from "preact/hooks";
import { ends, part, type Window as Chosen, written } from "../../../model/window";
import { Histogram } from "../../../parts/charts/Histogram";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { keymap } from "../store/state";
import {
  channelsOf, description, focusWanted, isDeep, isPlain, levelling, mine, numbers, openPanel, panelOpen, pixel, resetWindow, saveForEverybody,
  seen, setEnds, useMeasured, usePreset,
} from "../store/window";

/** Beside the image, where it has more than a screen shows: by which window it is displayed, and the pixel under the pointer. */
export function Window() {
  if (!isDeep.value && !panelOpen.value) return null;
  return (
    <>
      {panelOpen.value ? <Panel /> : <Button />}
      <Readout />
    </>
  );
}

const span = (window: Chosen) => {
  const [low, high] = ends(window);
  return [written(low, high - low), written(high, high - low)] as const;
};

function Button() {
  const found = seen.value && span(seen.value);
  return (
    <button class="window" title={`${words.actions.window} (${keymap.value.window})`} data-action="window" onClick={actions.window}>
      <Half /> {found ? `${found[0]} – ${found[1]}` : words.actions.window}
      {mine.value && <span class="own" title={words.windowMine}>•</span>}
    </button>
  );
}

function Half() {
  return (
    <svg class="half" viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="5" />
      <path d="M6 1a5 5 0 0 1 0 10z" />
    </svg>
  );
}

function Panel() {
  const about = description.value;
  const window = seen.value;
  const counted = numbers.value;
  return (
    <section class="window" aria-label={words.actions.window}>
      <h2>
        <span><Half /> {words.actions.window}</span>
        <button title={words.close} aria-label={words.close} onClick={() => openPanel(false)}>×</button>
      </h2>
      {isPlain.value ? <p class="quiet">{words.windowPlain}</p> : !window || !counted || !about ? <p class="quiet">{words.loading}</p> : (
        <>
          <Ends window={window} first={Math.min(counted.first, ends(window)[0])} last={Math.max(counted.last, ends(window)[1])} />
          <Presets window={window} />
          {channelsOf(about).length > 1 && <Channels window={window} names={channelsOf(about)} />}
          <label class="check" title={words.levellingHelp}>
            <input type="checkbox" checked={levelling.value} onInput={actions.level} /> {words.levelling} <kbd>{keymap.value.level}</kbd>
          </label>
          <div class="row">
            <button disabled={!mine.value} onClick={resetWindow}>{words.windowReset}</button>
            <button class="strong" disabled={!mine.value} onClick={saveForEverybody}>{words.windowSave}</button>
          </div>
        </>
      )}
      {about && about.notes.length > 0 && <p class="quiet">{about.notes.join("; ")}</p>}
    </section>
  );
}

/** The histogram and the two numbers. first, last: the values at its ends. */
function Ends({ window, first, last }: { window: Chosen; first: number; last: number }) {
  const [low, high] = ends(window);
  const shown = span(window);
  // While a handle is dragged the histogram stands still.
  const axis = useRef([first, last]);
  const steady = useRef(true);
  if (steady.current) axis.current = [first, last];
  const [left, right] = axis.current;
  const value = (share: number) => left + share * (right - left);
  const least = (right - left) * 1e-4;
  const counted = numbers.value!;
  useEffect(() => {
    if (focusWanted.value) document.querySelector<HTMLElement>(".window [data-handle]")?.focus();
    focusWanted.value = false;
  }, [focusWanted.value]);
  const scale = (counted.last - counted.first) / (right - left);
  return (
    <>
      <Histogram
        counts={scale > 0.999 ? counted.counts : counted.counts.map((row) => laid(row, (counted.first - left) / (right - left), scale))}
        label={words.histogram}
        handles={[
          { at: part(low, left, right), words: shown[0], name: words.black }, { at: part(high, left, right), words: shown[1], name: words.white },
        ]}
        move={(which, to, rough) => {
          steady.current = !rough;
          if (which) setEnds(low, Math.max(value(to), low + least), rough);
          else setEnds(Math.min(value(to), high - least), high, rough);
        }}
        shift={(by, rough) => {
          steady.current = !rough;
          setEnds(low + by * (right - left), high + by * (right - left), rough);
        }}
      />
      <div class="ends">
        <Value name={words.black} value={shown[0]} set={(typed) => setEnds(typed, high)} />
        <Value name={words.white} value={shown[1]} set={(typed) => setEnds(low, typed)} />
      </div>
    </>
  );
}

/** Bins on an axis that is longer than theirs. */
function laid(row: readonly number[], from: number, scale: number): number[] {
  return Array.from({ length: row.length }, (_, k) => {
    const at = ((k + 0.5) / row.length - from) / scale;
    return at >= 0 && at < 1 ? row[Math.floor(at * row.length)] : 0;
  });
}

function Value({ name, value, set }: { name: string; value: string; set: (value: number) => void }) {
  return (
    <label>
      {name}
      <input
        type="text" inputMode="decimal" value={value}
        onChange={(e) => {
          const typed = Number(e.currentTarget.value);
          if (e.currentTarget.value.trim() && Number.isFinite(typed)) set(typed);
          e.currentTarget.value = value;
        }}
        onKeyDown={(e) => {
          if (e.key === "Enter" || e.key === "Escape") e.currentTarget.blur();
        }}
      />
    </label>
  );
}

const EVERYBODY = "everybody";
const MEASURED = "measured";
const OWN = "own";

function Presets({ window }: { window: Chosen }) {
  const presets = numbers.value?.presets ?? [];
  const named = presets.find((preset) => preset.name === window.origin);
  // A preset of an image is another on the next one: the numbers that are held are then the person's own.
  const held = named && named.low === window.low[0] && named.high === window.high[0] ? named.name : OWN;
  const chosen = !mine.value ? EVERYBODY : named ? held : window.origin ? MEASURED : OWN;
  return (
    <label class="preset">
      {words.preset}
      <select
        value={chosen} title={window.origin}
        onChange={(e) => {
          const { value } = e.currentTarget;
          if (value === EVERYBODY) resetWindow();
          else if (value === MEASURED) useMeasured();
          else if (value !== OWN) usePreset(value);
        }}
      >
        <option value={EVERYBODY}>{words.windowEverybody}</option>
        <option value={MEASURED}>{words.windowMeasured}</option>
        {presets.map(({ name }) => (
          <option key={name} value={name}>{words.presets[name] ?? name}</option>
        ))}
        {chosen === OWN && <option value={OWN}>{words.windowOwn}</option>}
      </select>
    </label>
  );
}

/** Which channels are seen as red, green and blue, or which single one. */
function Channels({ window, names }: { window: Chosen; names: string[] }) {
  const held = window.channels.length ? window.channels : (numbers.value?.shown ?? [0]);
  const set = (place: number) => (e: { currentTarget: HTMLSelectElement }) =>
    useMeasured(held.map((index, k) => (k === place ? Number(e.currentTarget.value) : index)));
  return (
    <fieldset class="channels">
      <legend>{words.channels}</legend>
      {held.map((index, place) => (
        <label key={place}>
          <span class={`dot ${held.length === 3 ? ["red", "green", "blue"][place] : "gray"}`} />
          <select aria-label={held.length === 3 ? words.colours[place] : words.gray} value={String(index)} onChange={set(place)}>
            {names.map((name, k) => (
              <option key={k} value={String(k)}>{name}</option>
            ))}
          </select>
        </label>
      ))}
      {names.length > 2 && (
        <label class="check">
          <input
            type="checkbox" checked={held.length === 1}
            onInput={(e) => useMeasured(e.currentTarget.checked ? [held[0]] : [0, 1, 2].map((k) => (k ? (held[0] + k) % names.length : held[0])))}
          /> {words.oneChannel}
        </label>
      )}
    </fieldset>
  );
}

/** The pixel under the pointer in the file's own numbers. */
function Readout() {
  const found = pixel.value;
  const about = description.value;
  useEffect(() => () => void (pixel.value = null), []);
  // Its place is kept, so that nothing below moves with the pointer.
  if (!found || !about) return <p class="readout" />;
  const { x, y } = found;
  const values = found.found.values.map((value) => (value === null ? "–" : written(value, Math.abs(value) || 1)));
  const most = 8;
  const named = values.length === 1 ? values : values.slice(0, most).map((value, k) => `${found.found.channels[k]}: ${value}`);
  return (
    <p class="readout" aria-live="off">
      <span>{x}, {y}</span> {named.join(" · ")}{values.length > most ? " …" : ""}
    </p>
  );
}
