import { useEffect, useRef, useState } from "preact/hooks";
import { type Cell, cellsOf, clock, kindOf } from "../../../model/timeline";
import { Menu } from "../../../parts/Menu";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { open } from "../store/images";
import { follow, stopJob } from "../store/jobs";
import { current, desk, job, keymap, version } from "../store/state";
import { aimed, dragTo, follower, followed, followHere, frames, outcome, place, playing, rest, sequence, speed, SPEEDS, stop, toFrame } from "../store/video";

const HIGH = 30;
const NARROWEST = 3; // pixels of a cell

/** The frames of the video that is open: what is labelled, what is suggested and how sure that is; going through them, and following from one. */
export function Timeline() {
  const { length } = frames.value;
  if (!length) return null;
  return (
    <section class="timeline" aria-label={words.timeline}>
      <div class="row">
        <Steps />
        <span class="frame" data-frame={place.value}>{words.frame(place.value + 1, length)}{where()}</span>
        <Legend />
        <span class="gap" />
        <Following />
        <More />
      </div>
      <Strip />
      <Outcome />
    </section>
  );
}

/** When a frame is, or where a slice is. */
function where(): string {
  const known = sequence.value;
  void version.value;
  const told = desk.scene.fields.time;
  const at = known?.axis === "time" && typeof told === "number" && aimed.value === null ? told : known?.step == null ? null : place.value * known.step;
  if (at === null) return "";
  return ` · ${known?.axis === "space" ? words.video.millimetres(at) : clock(at)}`;
}

/** Drawn, because not every machine has letters for them: triangles, with a bar where it goes to a labelled frame. */
const SIGNS: Record<string, string> = {
  labelledBefore: "M2 2h2v10H2zM12 2v10L5 7z", frameBefore: "M10 2v10L3 7z", frameAfter: "M4 2v10l7-5z", labelledAfter: "M10 2h2v10h-2zM2 2v10l7-5z",
};

function Step({ name }: { name: string }) {
  const named = `${words.actions[name]} (${words.key(keymap.value[name])})`;
  return (
    <button onClick={actions[name]} title={named} aria-label={words.actions[name]} data-action={name}>
      <svg class="sign" viewBox="0 0 14 14" aria-hidden="true"><path d={SIGNS[name]} /></svg>
    </button>
  );
}

function Steps() {
  const on = playing.value;
  return (
    <>
      <Step name="labelledBefore" />
      <Step name="frameBefore" />
      <button class={on ? "play chosen" : "play"} data-action="play" aria-pressed={on} title={`${on ? words.video.pause : words.actions.play} (${words.key(keymap.value.play)})`} onClick={actions.play}>
        {on ? words.video.pause : words.actions.play}
      </button>
      <Step name="frameAfter" />
      <Step name="labelledAfter" />
    </>
  );
}

function Legend() {
  return (
    <span class="legend" aria-hidden="true">
      {(["labelled", "suggested", "doubtful"] as const).map((kind) => (
        <span key={kind} title={words.video.kindsHelp[kind]}><i class={kind} /> {words.video.kinds[kind]}</span>
      ))}
    </span>
  );
}

function Following() {
  void version.value;
  const busy = job.value?.status === "running";
  const what = followed().named;
  return (
    <button
      class="strong long-name" data-action="followHere" disabled={busy || !desk.scene.segments.length} onClick={() => void followHere()}
      title={`${desk.scene.segments.length ? words.video.followHereHelp : words.video.nothingToFollow} (${words.key(keymap.value.followHere)})`}
    >{words.video.followHere(what)}</button>
  );
}

/** What is needed less often. */
function More() {
  const [direction, setDirection] = useState("both");
  const busy = job.value?.status === "running";
  // Drift is what confidence lacks; frames that are labelled have none.
  const sure = frames.value.filter((frame) => frame.confidence != null);
  const worst = sure.length ? sure.reduce((a, b) => ((a.confidence ?? 1) < (b.confidence ?? 1) ? a : b)) : null;
  return (
    <Menu name={words.video.more} up>
      <label>
        {words.video.speed}
        <select value={speed.value} onChange={(e) => (speed.value = Number(e.currentTarget.value))}>
          {SPEEDS.map((rate) => (
            <option key={rate} value={rate}>{rate}</option>
          ))}
        </select>
      </label>
      <label>
        {words.engine}
        <select value={follower.value} onChange={(e) => (follower.value = e.currentTarget.value)}>
          {(project.value?.followers ?? []).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button data-action="followBack" disabled={busy || !desk.scene.segments.length} onClick={() => void followHere("backward")}>
        {words.video.followBack(followed().named)}
      </button>
      {worst && <button data-worst={worst.frame} onClick={() => void open(worst.number)}>{words.worst(1 - (worst.confidence ?? 1))}</button>}
      <label>
        {words.direction}
        <select data-direction={direction} value={direction} onChange={(e) => setDirection(e.currentTarget.value)}>
          {Object.entries(words.directions).map(([name, text]) => (
            <option key={name} value={name}>{text}</option>
          ))}
        </select>
      </label>
      <button data-action="follow" disabled={busy} onClick={() => void follow(follower.value, direction)}>{words.follow}</button>
    </Menu>
  );
}

/** A cell a frame, or for several where there are many; a press or a drag goes there, arrows go on by one. */
function Strip() {
  const strip = useRef<SVGSVGElement>(null);
  const [wide, setWide] = useState(900);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWide(Math.max(1, Math.round(entry.contentRect.width))));
    watch.observe(strip.current!);
    return () => watch.disconnect();
  }, []);
  const { length } = frames.value;
  const cells = cellsOf(frames.value, Math.max(1, Math.floor(wide / NARROWEST)));
  const each = wide / cells.length;
  const left = (index: number) => (index * wide) / length;
  const gap = each > 6 ? 1 : 0;
  const to = (event: PointerEvent) => {
    const box = strip.current!.getBoundingClientRect();
    dragTo((event.clientX - box.left) / box.width);
  };
  const drift = (cell: Cell, k: number) => cell.drift > 0 && cell.kind !== "labelled" && (
    <rect key={`d${k}`} class="drift" x={k * each} y={HIGH * (1 - cell.drift)} width={each - gap} height={HIGH * cell.drift} />
  );
  return (
    <svg
      ref={strip} viewBox={`0 0 ${wide} ${HIGH}`} preserveAspectRatio="none" role="slider" tabindex={0} aria-label={words.timeline}
      aria-valuemin={1} aria-valuemax={length} aria-valuenow={place.value + 1}
      aria-valuetext={words.video.cell(place.value + 1, place.value + 1, words.video.kinds[frames.value[place.value] ? kindOf(frames.value[place.value]) : "none"])}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        to(e);
      }}
      onPointerMove={(e) => e.currentTarget.hasPointerCapture(e.pointerId) && to(e)}
      onLostPointerCapture={rest}
      onKeyDown={(e) => {
        const by = { Home: -length, End: length, PageUp: -10, PageDown: 10 }[e.key];
        if (by === undefined || e.shiftKey) return;
        e.preventDefault();
        stop();
        toFrame(place.value + by);
      }}
    >
      {cells.map((cell, k) => (
        <rect key={k} class={cell.kind} x={k * each} y={0} width={each - gap} height={HIGH}>
          <title>{words.video.cell(cell.from + 1, cell.to, words.video.kinds[cell.kind])}</title>
        </rect>
      ))}
      {cells.map(drift)}
      {place.value >= 0 && <rect class="here" x={Math.min(left(place.value), wide - 2)} y={0} width={Math.max(3, wide / length - gap)} height={HIGH} />}
    </svg>
  );
}

/** How far following is, and what came of it. */
function Outcome() {
  void current.value;
  const now = job.value;
  if (now?.kind !== "follow") return null;
  if (now.status === "running")
    return (
      <p role="status" class="outcome">
        <progress {...(now.total ? { value: now.done, max: now.total } : {})} /> {words.video.following(now.done, now.total ?? null)}{" "}
        <button onClick={() => void stopJob()}>{words.cancel}</button>
      </p>
    );
  if (now.status === "failed") return <p role="alert" class="outcome trouble">{now.words}</p>;
  const found = outcome();
  if (!found) return now.status === "cancelled" ? <p role="status" class="outcome">{words.video.stopped}</p> : null;
  const until = found.until === null ? null : frames.value.findIndex((frame) => frame.number === found.until) + 1;
  const { doubtful } = found;
  return (
    <p role="status" class="outcome" data-done="follow">
      {words.video.followed(found.suggested, until || null)}{" "}
      {doubtful && (
        <button data-action="firstDoubtful" onClick={() => void open(doubtful.number)}>
          {words.video.doubtful(frames.value.findIndex((frame) => frame.number === doubtful.number) + 1)}
        </button>
      )}
      <button class="plain" aria-label={words.close} title={words.close} onClick={() => (job.value = null)}>×</button>
    </p>
  );
}
