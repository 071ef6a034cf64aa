import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

interface Props {
  /** One more than there are bars. */
  edges: readonly number[];
  all: readonly number[];
  chosen: readonly number[];
  /** The numbers that are chosen, if some are. */
  range: readonly [low: number, high: number] | null;
  label: string;
  /** Bars were swept over, from the first to the one before the second; null: none. */
  sweep: (bars: readonly [first: number, end: number] | null) => void;
}

const HIGH = 56;

/** How often numbers occur: of all, and of those that were chosen in front of them. Sweeping over bars chooses them, a press on none gives them up. */
export function NumberBars({ edges, all, chosen, range, label, sweep }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const swept = useRef(sweep);
  swept.current = sweep;
  const [low, high] = range ? [place(edges, range[0]), place(edges, range[1])] : [0, 0];
  useEffect(() => {
    // A canvas does not know what a variable of the style sheet is in light and in dark.
    const colour = (name: string) => {
      box.current!.style.color = `var(${name})`;
      return getComputedStyle(box.current!).color;
    };
    const paths = uPlot.paths.bars!({ size: [0.9, Infinity], align: 1 });
    const bar = (fill: string): uPlot.Series => ({ fill, stroke: fill, width: 0, paths, points: { show: false } });
    const select = (plot: uPlot) => {
      const { left, width } = plot.select;
      const at = (x: number) => plot.posToVal(x, "x");
      swept.current(width < 2 ? null : [Math.max(0, Math.floor(at(left))), Math.min(all.length, Math.ceil(at(left + width)))]);
    };
    const plot = new uPlot(
      {
        width: box.current!.clientWidth || 200, height: HIGH, padding: [2, 0, 0, 0], legend: { show: false },
        cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 0 } },
        scales: { x: { time: false, range: [0, all.length] }, y: { range: [0, Math.max(1, ...all) ** 0.5] } },
        axes: [{ show: false }, { show: false }],
        series: [{}, bar(colour("--line")), bar(colour("--strong"))],
        hooks: { setSelect: [select] },
      },
      // Roots: what is rare is seen beside what is frequent.
      [all.map((_, k) => k), all.map(Math.sqrt), chosen.map(Math.sqrt)], box.current!,
    );
    if (range) {
      const [left, right] = [plot.valToPos(low, "x"), plot.valToPos(high, "x")];
      plot.setSelect({ left, width: right - left, top: 0, height: plot.over.clientHeight }, false);
    }
    const watch = new ResizeObserver(() => box.current && box.current.clientWidth !== plot.width && plot.setSize({ width: box.current.clientWidth, height: HIGH }));
    watch.observe(box.current!);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [edges, all, chosen, low, high]);
  return <div class="bars" ref={box} role="img" aria-label={label} />;
}

/** Where a number lies among the edges, in bars from the left. */
function place(edges: readonly number[], value: number): number {
  const next = edges.findIndex((edge) => edge > value);
  if (next === 0) return 0;
  if (next < 0) return edges.length - 1;
  return next - 1 + (value - edges[next - 1]) / (edges[next] - edges[next - 1]);
}
