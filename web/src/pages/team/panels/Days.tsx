import { useState } from "preact/hooks";
import type { Work } from "../../../api/client";
import { words } from "../../../strings";

const text = words.teamPage;
type Measure = "finished" | "minutes" | "gestures";
const WIDE = 26;
const HIGH = 120;

/** What each person did on each day, one over the other. */
export function Days({ effort }: { effort: Work["effort"] }) {
  const [measure, setMeasure] = useState<Measure>("finished");
  const names = [...new Set(effort.map((row) => row.name))].sort();
  const days = [...new Set(effort.map((row) => row.day))];
  const value = (row: Work["effort"][number]) => (measure === "minutes" ? row.seconds / 60 : row[measure]);
  const total = (day: string) => effort.filter((row) => row.day === day).reduce((sum, row) => sum + value(row), 0);
  const most = Math.max(1e-9, ...days.map(total));
  const colour = (name: string) => `var(--run-${names.indexOf(name) % 6})`;
  return (
    <section aria-label={text.throughput}>
      <h2>{text.throughput}</h2>
      {!days.length ? <p class="quiet">{text.noDays}</p> : (
        <>
          <p class="row">
            <select aria-label={text.throughput} value={measure} onChange={(e) => setMeasure(e.currentTarget.value as Measure)}>
              {Object.entries(text.measures).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
            </select>
            <span class="legend">{names.map((name) => <span key={name} style={{ color: colour(name) }}>● {name}</span>)}</span>
          </p>
          <div class="stacked">
            {days.map((day) => {
              let top = 0;
              return (
                <figure key={day} data-day={day}>
                  <svg viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={names.map((name) => text.day(day, name, effort.filter((row) => row.day === day && row.name === name).reduce((sum, row) => sum + value(row), 0), text.measures[measure])).join("; ")}>
                    {effort.filter((row) => row.day === day).map((row) => {
                      const high = (HIGH * value(row)) / most;
                      top += high;
                      return <rect key={row.name} x={2} y={HIGH - top} width={WIDE - 4} height={high} style={{ fill: colour(row.name) }}><title>{text.day(day, row.name, value(row), text.measures[measure])}</title></rect>;
                    })}
                  </svg>
                  <figcaption>{day.slice(5)}<br />{Number(total(day).toFixed(1)).toLocaleString("en")}</figcaption>
                </figure>
              );
            })}
          </div>
        </>
      )}
    </section>
  );
}
