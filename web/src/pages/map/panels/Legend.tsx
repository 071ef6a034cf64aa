import { words } from "../../../strings";
import { askable, by, change, colouring, idOf, maps, nameOf, shown } from "../state";

const text = words.map;
const background = (colour: string) => (colour.startsWith("--") ? `var(${colour})` : colour);

/** Which map is shown, by what its points are coloured, and what the colours mean. */
export function Legend() {
  const { entries, range, missing } = colouring.value;
  const groups = [["sample", text.ofImages], ["segment", text.ofSegments]] as const;
  return (
    <nav class="filters" aria-label={text.legend}>
      <label class="choice">{text.map}
        <select data-map value={shown.value ? nameOf(shown.value) : ""} onChange={(e) => change(e.currentTarget.value)}>
          {!shown.value && <option value="">{text.noMap}</option>}
          {(maps.value ?? []).map((map) => <option key={nameOf(map)} value={nameOf(map)}>{text.mapOf(map.name.replace(/_map$/, ""), map.owner)}</option>)}
        </select>
      </label>
      <label class="choice">{text.by}
        <select data-by value={by.value} onChange={(e) => (by.value = e.currentTarget.value)}>
          <option value="">{text.byNothing}</option>
          {groups.map(([owner, name]) => {
            const found = askable.value.filter((ask) => ask.column.owner === owner);
            return found.length > 0 && (
              <optgroup key={owner} label={name}>
                {found.map((ask) => <option key={idOf(ask)} value={idOf(ask)}>{ask.run ? `${ask.run}: ${ask.title}` : ask.title}</option>)}
              </optgroup>
            );
          })}
        </select>
      </label>
      {entries.length > 0 && (
        <ul class="colours" aria-label={text.legend}>
          {entries.map((entry) => (
            <li key={entry.name}><span class="dot" style={{ background: background(entry.colour) }} /><span class="word">{entry.name}</span><span class="quiet">{entry.number.toLocaleString("en")}</span></li>
          ))}
        </ul>
      )}
      {range && <div class="gradient"><span class="run" aria-hidden="true" /><span>{short(range[0])}</span><span>{short(range[1])}</span></div>}
      {missing > 0 && <p class="colours quiet"><span class="dot" style={{ background: "var(--map-none)" }} />{text.missing(missing)}</p>}
      <p class="quiet">{text.about}</p>
    </nav>
  );
}

const short = (number: number): string => (Number.isInteger(number) ? number.toLocaleString("en") : String(Number(number.toPrecision(4))));
