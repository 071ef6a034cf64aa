import { useEffect, useState } from "preact/hooks";
import { api, type RunDetails } from "../../../api/client";
import { message } from "../../../store/project";
import { words } from "../../../strings";
import { Steps } from "./Steps";

const text = words.runs.overlays;

/** Validation images as the network saw them at each evaluation: truth, prediction, error. */
export function Overlays({ run }: { run: RunDetails }) {
  const [images, setImages] = useState<readonly { name: string; step: number }[]>([]);
  const [at, setAt] = useState<number | null>(null);
  const newest = Math.max(0, ...Object.values(run.curves).map((points) => points.at(-1)?.[0] ?? 0));
  useEffect(() => {
    if (run.kind === "train") api.runImages(run.id).then(setImages, (error: Error) => (message.value = error.message));
  }, [run.id, newest]);
  const steps = [...new Set(images.map(({ step }) => step))].sort((a, b) => a - b);
  if (!steps.length) return null;
  const step = at !== null && steps.includes(at) ? at : steps[steps.length - 1];
  return (
    <section aria-label={text.title(run.id)}>
      <h2>{text.title(run.id)}</h2>
      <Steps steps={steps} step={step} choose={setAt} />
      <p class="quiet">{text.help}</p>
      <div class="overlays">
        {images.filter((image) => image.step === step).map(({ name }) => (
          <figure key={name}>
            <img alt={text.image(name, step)} src={`/api/runs/${encodeURIComponent(run.id)}/image?${new URLSearchParams({ name, step: String(step) })}`} />
            <figcaption>{name}</figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
