import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { words } from "../../strings";

interface Props {
  /** Steps, and for each curve a value a step, or nothing. */
  points: readonly [number[], ...(number | null)[][]];
  /** Of the curves, as the style sheet has them: --run-0. */
  colours: readonly string[];
  names: readonly string[];
  label: string;
  /** What the axis counts, where it is not steps. */
  along?: string;
}

const HIGH = 180;

/** Curves over one axis. Dragging looks at a part, two presses at all. */
export function Curves({ points, colours, names, label, along = words.runs.step }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const made = `${names.join("\n")}\n${colours.join()}`;
  useEffect(() => {
    // A canvas does not know what a variable of the style sheet is in light and in dark.
    const colour = (name: string) => {
      box.current!.style.color = `var(${name})`;
      const found = getComputedStyle(box.current!).color;
      box.current!.style.color = "";
      return found;
    };
    const axis: uPlot.Axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui", size: 50, values: (_, splits) => splits.map((value) => String(Number(value.toPrecision(4)))) };
    const said = (_: uPlot, value: number | null) => (value === null ? "–" : String(Number(value.toPrecision(4))));
    const drawn = (plot.current = new uPlot(
      {
        width: box.current!.clientWidth || 400, height: HIGH, padding: [8, 8, 0, 0], cursor: { points: { size: 6 }, drag: { x: true, y: false } },
        scales: { x: { time: false } }, axes: [{ ...axis, size: 26 }, axis], legend: { live: true },
        series: [{ label: along }, ...names.map((name, k) => ({ label: name, stroke: colour(colours[k]), width: 1.6, spanGaps: true, value: said, points: { show: points[0].length < 40 } }))],
      },
      points as unknown as uPlot.AlignedData, box.current!,
    ));
    const watch = new ResizeObserver(() => box.current && box.current.clientWidth !== drawn.width && drawn.setSize({ width: box.current.clientWidth, height: HIGH }));
    watch.observe(box.current!);
    return () => {
      watch.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [made]);
  useEffect(() => plot.current?.setData(points as unknown as uPlot.AlignedData), [points]);
  return <div class="curves" ref={box} role="img" aria-label={label} />;
}
