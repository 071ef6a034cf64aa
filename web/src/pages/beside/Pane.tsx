import { useEffect, useRef, useState } from "preact/hooks";
import { api, type ImageInfo, type ObjectJudged } from "../../api/client";
import { message } from "../../store/project";
import { words } from "../../strings";
import { look, moved, zoomed } from "./state";

const text = words.beside;
/** Longer sides of layers, in pixels: when the image is whole, and when it is looked at closely. */
const COARSE = 1024;
const FINE = 4096;

/** An image under its labels, or under what a run predicted, with what stands at each object. */
export function Pane({ image, run }: { image: ImageInfo; run: string | null }) {
  const box = useRef<HTMLDivElement>(null);
  const [judged, setJudged] = useState<readonly ObjectJudged[] | null>(null);
  useEffect(() => {
    if (run) api.judged(image.number, run).then(setJudged, (error: Error) => (message.value = error.message));
  }, [image.number, run]);
  const { scale, x, y } = look.value;
  const shares = (event: MouseEvent): [number, number] => {
    const { left, top, width, height } = box.current!.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  };
  useEffect(() => {
    // Preact's own listeners are passive, and the page would scroll too.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      look.value = zoomed(look.value, Math.exp(-event.deltaY / 400), ...shares(event));
    };
    box.current!.addEventListener("wheel", wheel, { passive: false });
    return () => box.current?.removeEventListener("wheel", wheel);
  }, []);
  const drag = (event: PointerEvent) => {
    const pane = box.current!;
    let [lastX, lastY] = shares(event);
    pane.setPointerCapture(event.pointerId);
    const on = (next: PointerEvent) => {
      const [nextX, nextY] = shares(next);
      look.value = moved(look.value, nextX - lastX, nextY - lastY);
      [lastX, lastY] = [nextX, nextY];
    };
    pane.addEventListener("pointermove", on);
    pane.addEventListener("lostpointercapture", () => pane.removeEventListener("pointermove", on), { once: true });
  };
  const longest = scale > 2 ? FINE : COARSE;
  const layer = new URLSearchParams({ ...(run && { run }), longest: String(longest) });
  return (
    <>
      <div class="pane" ref={box} style={{ aspectRatio: `${image.width} / ${image.height}`, maxWidth: `calc((100vh - 13rem) * ${image.width / image.height})` }} onPointerDown={drag} role="img" aria-label={run ? text.under(image.key, run) : text.labelled(image.key)}>
        <div class="moved" style={{ transform: `translate(${100 * x}%, ${100 * y}%) scale(${scale})` }}>
          <img alt="" draggable={false} src={`/api/images/${image.number}/pixels`} style={{ imageRendering: scale > 4 ? "pixelated" : "auto" }} />
          <img alt="" draggable={false} src={`/api/images/${image.number}/marks?${layer}`} style={{ imageRendering: scale > 4 ? "pixelated" : "auto" }} />
        </div>
        {judged?.map((each, k) => {
          const left = x + (scale * each.box[0]) / image.width;
          const top = y + (scale * each.box[1]) / image.height;
          if (left < 0 || top < 0 || left > 1 || top > 1) return null;
          return <span key={k} class={`judged ${each.what}`} style={{ left: `${100 * left}%`, top: `${100 * top}%` }} title={text.told(each)}>{text.short(each)}</span>;
        })}
      </div>
      <p class="quiet" role="status">{judged && text.counted(judged)}</p>
    </>
  );
}
