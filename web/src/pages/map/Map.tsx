import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Place } from "../../model/plane";
import { Pages } from "../../parts/Pages";
import { PointMap } from "../../parts/points/PointMap";
import { message, project, reload } from "../../store/project";
import { words } from "../../strings";
import { Around, Small } from "./panels/Around";
import { Legend } from "./panels/Legend";
import { around, busy, chosen, colouring, draw, follow, images, maps, mode, open, outline, place, points, press } from "./state";

const text = words.map;

/** Samples or segments as points that lie together where they look alike. `children`: dialogs of other pages. */
export function Map({ children }: { children?: ComponentChildren }) {
  useEffect(() => {
    if (!project.value) void reload().catch((error: Error) => (message.value = error.message));
    return follow();
  }, []);
  return (
    <div class="studio explore map">
      <header>
        <h1>{text.title}</h1>
        <span class="message" role="alert" title={message.value}>{message.value}</span>
        <Pages here="map" />
      </header>
      <Legend />
      <main>
        {maps.value?.length === 0 ? <p class="empty">{text.none} <code>maskwright embed DATASET</code></p> : <Shown />}
      </main>
      {children}
    </div>
  );
}

function Shown() {
  const [over, setOver] = useState<{ point: number; at: Place }>({ point: -1, at: [0, 0] });
  const { x, y, samples, segments } = points.value;
  const number = chosen.value.length;
  return (
    <>
      <div class="tools" role="toolbar" aria-label={text.title}>
        <strong role="status" data-found={x.length} data-busy={busy.value}>{text.points(x.length, segments !== null)}</strong>
        <span class="gap" />
        {(["move", "lasso"] as const).map((name) => (
          <button key={name} aria-pressed={mode.value === name} class={mode.value === name ? "chosen" : ""} title={text.modesHelp[name]} onClick={() => (mode.value = name)}>{text.modes[name]}</button>
        ))}
      </div>
      <div class="plane">
        <PointMap
          x={x} y={y} codes={colouring.value.codes} colours={colouring.value.colours} marked={chosen.value} pressed={place.value} around={around.value} mode={mode.value}
          label={text.canvas(x.length)} without={text.noWebGL} press={press} outline={draw} hover={(point, at) => setOver({ point, at })}
        />
        {over.point >= 0 && over.point < x.length && (
          <span class="hovered" style={{ left: `${over.at[0]}px`, top: `${over.at[1]}px` }} data-hovered={samples[over.point]}>
            <Small number={samples[over.point]} segment={segments ? segments[over.point] : null} name="" />
          </span>
        )}
      </div>
      <Around />
      <div class="bar" data-picked={number}>
        <strong role="status">{number ? text.chosen(number, images.value.size, segments !== null) : ""}</strong>
        {number > 0 && <button onClick={() => (outline.value = [])}>{text.giveUp}</button>}
        {number > 0 && <button class="primary" data-action="explore" onClick={() => void open()}>{text.open}</button>}
        <span class="hint quiet">{text.help}</span>
      </div>
    </>
  );
}
