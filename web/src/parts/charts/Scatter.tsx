import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export type Corner = readonly [x: number, y: number];

interface Props {
  x: Float32Array;
  y: Float32Array;
  /** Those that are not are drawn behind the others, in gray. */
  chosen: Uint8Array;
  /** A colour of each that is chosen, a place in `colours`. */
  places: Uint8Array | null;
  /** As the style sheet has them: --run-0. The first is that of all where there are no places, the last of what has no other. */
  colours: readonly string[];
  /** Of the axes; null: no point is there. */
  ranges: readonly [x: readonly [number, number], y: readonly [number, number]];
  /** What the axes are called. */
  names: readonly [x: string, y: string];
  region: readonly Corner[] | null;
  shape: "lasso" | "rectangle";
  label: string;
  /** A region was drawn, in the values' units; null: a press that drew none. */
  draw: (region: Corner[] | null) => void;
}

const HIGH = 300;
/** Pixels from a corner of a lasso to the next, and how many of these there are at most. */
const STEP = 4, MOST = 200;
/** Points are squares of so many pixels. */
const DOT = 4;

/** Points of a plane, on which a region is drawn with the mouse or a pen. */
export function Scatter({ x, y, chosen, places, colours, ranges, names, region, shape, label, draw }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const kept = useRef({ plot: null as uPlot | null, outline: null as SVGPolygonElement | null, region, shape, draw });
  Object.assign(kept.current, { region, shape, draw });

  useEffect(() => {
    const colour = (name: string) => {
      box.current!.style.color = `var(${name})`;
      const found = getComputedStyle(box.current!).color;
      box.current!.style.color = "";
      return found;
    };
    const inks = colours.map(colour);
    const behind = colour("--faint");
    const paths = (plot: uPlot) => {
      const size = DOT * devicePixelRatio;
      const { left, top, width, height } = plot.bbox;
      plot.ctx.save();
      plot.ctx.beginPath();
      plot.ctx.rect(left - size, top - size, width + 2 * size, height + 2 * size);
      plot.ctx.clip();
      for (const wanted of [0, 1]) {
        for (let k = 0; k < x.length; k++) {
          if (chosen[k] !== wanted) continue;
          plot.ctx.fillStyle = wanted ? inks[places ? Math.min(places[k], inks.length - 1) : 0] : behind;
          plot.ctx.fillRect(plot.valToPos(x[k], "x", true) - size / 2, plot.valToPos(y[k], "y", true) - size / 2, size, size);
        }
      }
      plot.ctx.restore();
      return null;
    };
    const axis: uPlot.Axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui", labelFont: "12px system-ui", values: (_, splits) => splits.map((value) => String(Number(value.toPrecision(4)))) };
    const facets = [{ scale: "x", auto: false }, { scale: "y", auto: false }];
    const plot = new uPlot(
      {
        mode: 2, width: box.current!.clientWidth || 400, height: HIGH, padding: [8, 8, 0, 0], legend: { show: false }, cursor: { show: false },
        scales: { x: { time: false, range: padded(ranges[0]) }, y: { range: padded(ranges[1]) } },
        axes: [{ ...axis, size: 26, label: names[0], labelSize: 18 }, { ...axis, size: 50, label: names[1], labelSize: 18 }],
        series: [{ facets }, { facets, paths }],
        // Where a value lies is known once it was drawn.
        hooks: { draw: [(drawn) => kept.current.outline && trace(drawn, kept.current.outline, kept.current.region)] },
      },
      // Its type knows one mode only.
      [null, [x, y]] as unknown as uPlot.AlignedData, box.current!,
    );
    const outline = overlay(plot);
    Object.assign(kept.current, { plot, outline });
    const watch = new ResizeObserver(() => {
      if (box.current && box.current.clientWidth !== plot.width) plot.setSize({ width: box.current.clientWidth, height: HIGH });
    });
    watch.observe(box.current!);
    const end = drawing(plot, outline, kept.current);
    return () => {
      end();
      watch.disconnect();
      plot.destroy();
    };
  }, [x, y, chosen, places, colours.join(), ...ranges.flat(), ...names]);
  useEffect(() => {
    if (kept.current.plot?.status === 1 && kept.current.outline) trace(kept.current.plot, kept.current.outline, region);
  }, [region]);
  return <div class="scatter" ref={box} role="img" aria-label={label} />;
}

/** A little more than the values have, so that no point lies on the border. */
function padded([low, high]: readonly [number, number]): [number, number] {
  const more = (high - low || Math.abs(high) || 1) * 0.04;
  return [low - more, high + more];
}

/** Over the points, and not in their canvas: it moves with every move of the mouse. */
function overlay(plot: uPlot): SVGPolygonElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
  svg.append(polygon);
  plot.over.append(svg);
  return polygon;
}

function trace(plot: uPlot, outline: SVGPolygonElement, region: readonly Corner[] | null): void {
  outline.setAttribute("points", (region ?? []).map(([x, y]) => `${plot.valToPos(x, "x")},${plot.valToPos(y, "y")}`).join(" "));
}

/** Follow the pointer while it draws. What is given back ends it. */
function drawing(plot: uPlot, outline: SVGPolygonElement, kept: { shape: Props["shape"]; draw: Props["draw"] }): () => void {
  let trail: Corner[] | null = null;
  const at = (event: PointerEvent): Corner => {
    const { left, top, width, height } = plot.over.getBoundingClientRect();
    return [Math.min(Math.max(0, event.clientX - left), width), Math.min(Math.max(0, event.clientY - top), height)];
  };
  const begin = (event: PointerEvent) => {
    if (event.button !== 0) return;
    trail = [at(event)];
    plot.over.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (!trail) return;
    const [x, y] = at(event);
    const [fromX, fromY] = kept.shape === "rectangle" ? trail[0] : trail[trail.length - 1];
    if (kept.shape === "rectangle") trail = [[fromX, fromY], [x, fromY], [x, y], [fromX, y]];
    else if (Math.hypot(x - fromX, y - fromY) >= STEP) trail.push([x, y]);
    outline.setAttribute("points", trail.map((corner) => corner.join()).join(" "));
  };
  const end = () => {
    if (!trail) return;
    const every = Math.ceil(trail.length / MOST);
    const corners = trail.filter((_, k) => k % every === 0);
    trail = null;
    kept.draw(area(corners) < STEP * STEP ? null : corners.map(([x, y]) => [rounded(plot, "x", x), rounded(plot, "y", y)] as const));
  };
  const handlers = { pointerdown: begin, pointermove: move, pointerup: end, pointercancel: end } as const;
  for (const [name, handler] of Object.entries(handlers)) plot.over.addEventListener(name, handler as EventListener);
  return () => {
    for (const [name, handler] of Object.entries(handlers)) plot.over.removeEventListener(name, handler as EventListener);
  };
}

/** In square pixels. */
function area(corners: readonly Corner[]): number {
  let twice = 0;
  corners.forEach(([x, y], k) => {
    const [nextX, nextY] = corners[(k + 1) % corners.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/** A place as a value, in as many digits as a pixel is worth. */
function rounded(plot: uPlot, scale: "x" | "y", place: number): number {
  const { min, max } = plot.scales[scale];
  const digits = Math.min(Math.max(0, Math.ceil(4 - Math.log10((max ?? 1) - (min ?? 0)))), 15);
  return Number(plot.posToVal(place, scale).toFixed(digits));
}
