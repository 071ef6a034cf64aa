import { useState } from "preact/hooks";
import type { ImageInfo } from "../../../api/client";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { open } from "../store/images";
import { current, info, job } from "../store/state";
import { follow } from "../store/jobs";

const WIDE = 1000;
const HIGH = 30;

/** The frames of the video that is open: what is labelled, what is suggested and how sure that is. */
export function Timeline() {
  const [engine, setEngine] = useState("classical");
  const [direction, setDirection] = useState("both");
  const video = info()?.video;
  if (!video) return null;
  const frames = (project.value?.images ?? []).filter((frame) => frame.video === video).sort((a, b) => (a.frame ?? 0) - (b.frame ?? 0));
  const at = frames.findIndex((frame) => frame.number === current.value);
  const wide = WIDE / frames.length;
  const kind = (frame: ImageInfo) => (frame.confidence != null ? "suggested" : frame.objects ? "labelled" : "none");
  const go = (index: number) => {
    const frame = frames[Math.max(0, Math.min(frames.length - 1, index))];
    if (frame && frame.number !== current.value) void open(frame.number);
  };
  const labelled = (by: number) => {
    for (let k = at + by; k >= 0 && k < frames.length; k += by) if (kind(frames[k]) === "labelled") return go(k);
  };
  // Drift is what confidence lacks; frames that are labelled have none.
  const sure = frames.filter((frame) => frame.confidence != null);
  const worst = sure.length ? sure.reduce((a, b) => ((a.confidence ?? 1) < (b.confidence ?? 1) ? a : b)) : null;
  return (
    <section class="timeline" aria-label={words.timeline}>
      <div class="row">
        <button onClick={() => labelled(-1)} title={words.labelledBefore}>|◀</button>
        <button onClick={() => go(at - 1)} title={words.actions.previous}>◀</button>
        <span data-frame={at}>{words.frame(at + 1, frames.length)}</span>
        <button onClick={() => go(at + 1)} title={words.actions.next}>▶</button>
        <button onClick={() => labelled(1)} title={words.labelledAfter}>▶|</button>
        <span class="gap" />
        <select aria-label={words.engine} value={engine} onChange={(e) => setEngine(e.currentTarget.value)}>
          {(project.value?.followers ?? []).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select aria-label={words.direction} data-direction={direction} value={direction} onChange={(e) => setDirection(e.currentTarget.value)}>
          {Object.entries(words.directions).map(([name, text]) => (
            <option key={name} value={name}>{text}</option>
          ))}
        </select>
        <button data-action="follow" disabled={job.value?.status === "running"} onClick={() => void follow(engine, direction)}>{words.follow}</button>
        {worst && <button data-worst={worst.frame} onClick={() => void open(worst.number)}>{words.worst(1 - (worst.confidence ?? 1))}</button>}
      </div>
      <svg
        viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="slider" tabindex={0} aria-label={words.timeline}
        aria-valuemin={1} aria-valuemax={frames.length} aria-valuenow={at + 1}
        onClick={(e) => {
          const box = e.currentTarget.getBoundingClientRect();
          go(Math.floor(((e.clientX - box.left) / box.width) * frames.length));
        }}
        onKeyDown={(e) => {
          const by = { ArrowLeft: -1, ArrowRight: 1, Home: -frames.length, End: frames.length }[e.key];
          if (by === undefined || e.shiftKey) return;
          e.preventDefault();
          go(at + by);
        }}
      >
        {frames.map((frame, k) => (
          <rect key={frame.number} class={kind(frame)} x={k * wide} y={0} width={Math.max(wide - 1, wide * 0.8)} height={HIGH} />
        ))}
        {sure.length > 0 && frames.map((frame, k) => {
          const drift = frame.confidence == null ? 0 : 1 - frame.confidence;
          return drift > 0 && <rect key={`d${frame.number}`} class="drift" x={k * wide} y={HIGH * (1 - drift)} width={Math.max(wide - 1, wide * 0.8)} height={HIGH * drift} />;
        })}
        {at >= 0 && <rect class="here" x={at * wide} y={0} width={Math.max(2, wide)} height={HIGH} />}
      </svg>
    </section>
  );
}
