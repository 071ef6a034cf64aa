const WIDE = 256;
const HIGH = 72;

export interface Handle {
  /** From 0 at the left end to 1. */
  at: number;
  /** The value, as it is said. */
  words: string;
  name: string;
}

interface Props {
  /** How often values occur, a list a channel. */
  counts: readonly (readonly number[])[];
  handles: readonly [Handle, Handle];
  label: string;
  /** A handle, by its place, was moved to a share of the width that may lie outside it. rough: more moves follow. */
  move: (which: 0 | 1, to: number, rough: boolean) => void;
  /** Both were moved by a share of the width. */
  shift: (by: number, rough: boolean) => void;
}

/** Roots of the counts: what is rare is seen beside what is frequent. */
function outline(counts: readonly number[], most: number): string {
  const step = WIDE / counts.length;
  const heights = counts.map((count) => HIGH - (HIGH - 4) * Math.sqrt(count / most));
  return `M0 ${HIGH}${heights.map((y, k) => `L${k * step} ${y}L${(k + 1) * step} ${y}`).join("")}L${WIDE} ${HIGH}Z`;
}

/** How often values occur, with two handles: what lies left of the first is black, right of the second white. */
export function Histogram({ counts, handles, label, move, shift }: Props) {
  const most = Math.max(1, ...counts.flat());
  const places = handles.map((handle) => handle.at * WIDE);
  const drag = (event: PointerEvent) => {
    const svg = event.currentTarget as SVGSVGElement;
    const box = svg.getBoundingClientRect();
    const share = (moved: PointerEvent) => (moved.clientX - box.left) / box.width;
    const begin = share(event);
    const far = handles.map((handle) => Math.abs(handle.at - begin));
    const inside = begin > handles[0].at && begin < handles[1].at;
    const both = inside && Math.min(...far) * box.width > 14;
    const which = far[0] < far[1] || (far[0] === far[1] && begin < handles[0].at) ? 0 : 1;
    let last = begin;
    const go = (moved: PointerEvent, rough: boolean) => {
      if (both) shift(share(moved) - last, rough);
      else move(which, share(moved), rough);
      last = share(moved);
    };
    const on = (moved: PointerEvent) => go(moved, true);
    svg.setPointerCapture(event.pointerId);
    svg.addEventListener("pointermove", on);
    svg.addEventListener("lostpointercapture", (ended) => {
      svg.removeEventListener("pointermove", on);
      go(ended, false);
    }, { once: true });
    if (!both) on(event);
  };
  const key = (which: 0 | 1) => (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(which, handles[which].at + (by * (event.shiftKey ? 10 : 1)) / 100, false);
  };
  return (
    <svg class="histogram" viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="group" aria-label={label} onPointerDown={drag}>
      {counts.map((row, k) => (
        <path key={k} class={counts.length === 3 ? ["red", "green", "blue"][k] : "gray"} d={outline(row, most)} />
      ))}
      <rect class="outside" x={0} y={0} width={places[0]} height={HIGH} />
      <rect class="outside" x={places[1]} y={0} width={WIDE - places[1]} height={HIGH} />
      <line class="slope" x1={places[0]} y1={HIGH} x2={places[1]} y2={0} />
      {([0, 1] as const).map((which) => (
        <g
          key={which} class="handle" role="slider" tabindex={0} aria-label={handles[which].name} aria-valuetext={handles[which].words}
          aria-valuenow={Math.round(100 * handles[which].at)} aria-valuemin={0} aria-valuemax={100} onKeyDown={key(which)} data-handle={which}
        >
          <rect class="grip" x={places[which] - 5} y={0} width={10} height={HIGH} />
          <line x1={places[which]} y1={0} x2={places[which]} y2={HIGH} />
        </g>
      ))}
    </svg>
  );
}
