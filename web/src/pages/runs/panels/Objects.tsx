import { useEffect, useMemo, useState } from "preact/hooks";
import { api, type ObjectCurves, type RunDetails } from "../../../api/client";
import { Curves } from "../../../parts/charts/Curves";
import { message } from "../../../store/project";
import { words } from "../../../strings";

const text = words.runs.objects;
/** Classes with a curve of their own: those with the most objects, as many as there are colours. */
const MOST = 6;

type Points = [number[], ...(number | null)[][]];

/** How sure a run is of objects, and how right: precision by recall of each class, calibration, IoU by size. */
export function Objects({ run }: { run: RunDetails }) {
  const [found, setFound] = useState<ObjectCurves | null>(null);
  useEffect(() => {
    if (run.evaluations.length) api.objectCurves(run.id).then(setFound, (error: Error) => (message.value = error.message));
  }, [run.id, run.evaluations.length]);
  const shown = useMemo(() => Object.entries(found?.objects ?? {}).sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([name]) => name), [found]);
  const precision = useMemo((): Points => [found?.recalls ?? [], ...shown.map((name) => found!.precision[name])], [found, shown]);
  const calibration = useMemo((): Points => {
    const bins = (found?.calibration ?? []).filter((bin) => bin.predictions);
    return [bins.map((bin) => bin.score!), bins.map((bin) => bin.right), bins.map((bin) => bin.score)];
  }, [found]);
  const sizes = useMemo((): Points => {
    const bins = (found?.sizes ?? []).filter((bin) => bin.objects);
    return [bins.map((bin) => Math.round((bin.low * bin.high) ** 0.25)), bins.map((bin) => bin.iou)];
  }, [found]);
  if (!found) return null;
  const left = Object.keys(found.objects).length - shown.length;
  const error = found.expected_error == null ? words.noValue : found.expected_error.toFixed(3);
  return (
    <section aria-label={text.title(run.id)} class="judging">
      <h2>{text.title(run.id)}</h2>
      <p class="quiet">{[text.help, left > 0 && text.left(left)].filter(Boolean).join(" ")}</p>
      <div class="charts">
        <figure>
          <figcaption>{text.precision}</figcaption>
          <Curves points={precision} colours={shown.map((_, k) => `--run-${k}`)} names={shown} along={text.recall} label={`${text.precision}: ${shown.map((name) => text.objects(name, found.objects[name])).join(", ")}`} />
        </figure>
        <figure>
          <figcaption>{text.calibration(error)}</figcaption>
          <Curves points={calibration} colours={["--run-0", "--quiet"]} names={[text.right, text.ideal]} along={text.score} label={text.calibration(error)} />
        </figure>
        <figure>
          <figcaption>{text.sizes}</figcaption>
          <Curves points={sizes} colours={["--run-0"]} names={[text.iou]} along={text.side} label={`${text.sizes}: ${sizes[0].map((side, k) => `${side} px ${(sizes[1] as number[])[k].toFixed(2)}`).join(", ")}`} />
        </figure>
      </div>
    </section>
  );
}
