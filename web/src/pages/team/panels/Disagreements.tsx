import { useState } from "preact/hooks";
import type { Work } from "../../../api/client";
import { words } from "../../../strings";
import { compareThere } from "../../label";

const text = words.teamPage;
/** Images that are shown at most. */
const MOST = 200;
type Measure = "mean_iou" | "f1";
type Pair = Work["agreement"][number];

const nameOf = (pair: Pair): string => text.pair(pair.first ?? words.shared, pair.second);
const said = (value: number | null): string => (value === null ? words.noValue : value.toFixed(3));

/** The images on which two people disagree most, with where they do. */
export function Disagreements({ found }: { found: Work }) {
  const [pair, setPair] = useState("");
  const [measure, setMeasure] = useState<Measure>("mean_iou");
  const pairs = [...new Set(found.agreement.map(nameOf))].sort();
  const chosen = found.agreement.filter((row) => !pair || nameOf(row) === pair).sort((a, b) => (a[measure] ?? 2) - (b[measure] ?? 2));
  const values = chosen.flatMap((row) => row[measure] ?? []);
  const mean = values.length ? said(values.reduce((sum, value) => sum + value, 0) / values.length) : words.noValue;
  return (
    <section aria-label={text.disagreements}>
      <h2>{text.disagreements}</h2>
      {!found.agreement.length ? <p class="quiet">{words.noAgreement}</p> : (
        <>
          <p class="quiet">{text.disagreementsHelp}</p>
          <p class="row">
            <label>{text.between} <select value={pair} onChange={(e) => setPair(e.currentTarget.value)}>
              <option value="">{text.everybody}</option>
              {pairs.map((name) => <option key={name} value={name}>{name}</option>)}
            </select></label>
            <label>{text.sort} <select value={measure} onChange={(e) => setMeasure(e.currentTarget.value as Measure)}>
              {Object.entries(text.byMeasure).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
            </select></label>
            <span data-mean={mean}>{text.mean(chosen.length, mean)}</span>
            {chosen.length > MOST && <span class="quiet">{text.onlyFirst(MOST)}</span>}
          </p>
          <div class="differences">
            {chosen.slice(0, MOST).map((row) => (
              <button key={`${row.number} ${nameOf(row)}`} class="cell" data-disagreement={row.number} title={row.key} onClick={() => compareThere(row.number, row.second)}>
                <span class="thumbnail">
                  <img src={`/api/images/${row.number}/thumbnail`} alt={row.key} loading="lazy" />
                  <img src={`/api/images/${row.number}/disagreement?${new URLSearchParams({ second: row.second, ...(row.first !== null && { first: row.first }) })}`} alt="" loading="lazy" />
                </span>
                <span class="key">{row.key}</span>
                <span class="value">{nameOf(row)}</span>
                <span class="value">{`IoU ${said(row.mean_iou)} · F1 ${said(row.f1)}`}</span>
              </button>
            ))}
          </div>
        </>
      )}
    </section>
  );
}
