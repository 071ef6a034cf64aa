import { chosen, layers } from "../store/state";

/** An image, small, with what lies over it. */
export function Thumbnail({ number, name }: { number: number; name: string }) {
  const { truth, run, what, boxes } = layers.value;
  const at = chosen.value.revision;
  const marks = (more: string) => `/api/images/${number}/marks?at=${at}${boxes ? "&boxes=true" : ""}${more}`;
  return (
    <span class="thumbnail">
      <img src={`/api/images/${number}/thumbnail`} alt={name} loading="lazy" decoding="async" />
      {truth && <img src={marks("")} alt="" loading="lazy" decoding="async" />}
      {run && <img src={marks(`&run=${encodeURIComponent(run)}&what=${what}`)} alt="" loading="lazy" decoding="async" />}
    </span>
  );
}
