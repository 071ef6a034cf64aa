import { goTo } from "../../../address";
import { words } from "../../../strings";
import { neighbours, pressed, shown } from "../state";

const text = words.map;

/** An image or a segment of it, small. */
export function Small({ number, segment, name }: { number: number; segment: number | null; name: string }) {
  const part = segment === null ? "" : `/segments/${segment}`;
  return <span class="thumbnail"><img src={`/api/images/${number}${part}/thumbnail`} alt={name} loading="lazy" decoding="async" /></span>;
}

/** What was pressed, and what looks most alike, the nearest first. A press goes there. */
export function Around() {
  const whose = pressed.value;
  if (!whose) return null;
  const label = (number: number) => goTo({ page: "label", image: number, show: "all", name: "", query: "" });
  return (
    <section class="around" aria-label={text.nearest}>
      <div class="own">
        <Small number={whose.sample} segment={whose.segment} name={text.pressed} />
        <button data-action="label" onClick={() => label(whose.sample)}>{text.label}</button>
        <button class="close" aria-label={words.close} onClick={() => (pressed.value = null)}>×</button>
      </div>
      {shown.value && !shown.value.vectors && <p class="quiet">{text.noVectors}</p>}
      {neighbours.value.length > 0 && <h2>{text.nearest}</h2>}
      <ul>
        {neighbours.value.map((found) => (
          <li key={`${found.number}.${found.segment}`}>
            <button class="cell" data-near={found.number} title={found.key} onClick={() => (pressed.value = { sample: found.number, segment: found.segment })}>
              <Small number={found.number} segment={found.segment} name={found.key} />
              <span class="key">{found.key}</span>
              <span class="value quiet">{found.distance.toFixed(3)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
