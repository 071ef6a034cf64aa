import { Table } from "../../../parts/Table";
import { words } from "../../../strings";
import { intervalOf, numbers } from "../comparing";
import { shown } from "../state";
import { SaveAs } from "./SaveAs";

const text = words.runs;

/** Numbers of the whole set and of each class; beside the first run, how far the others are from it. */
export function Scores() {
  return (
    <>
      <Numbers of="set" title={text.scores} />
      <Numbers of="classes" title={text.byClass} />
      <Numbers of="errors" title={text.errors} />
    </>
  );
}

function Numbers({ of, title }: { of: "set" | "classes" | "errors"; title: string }) {
  const runs = shown.value;
  const rows = numbers(runs, of);
  if (!rows.length) return null;
  const columns = [{ set: text.score, classes: text.oneClass, errors: text.error }[of], ...runs.flatMap((run, k) => (k ? [run.id, text.moved] : [run.id]))];
  const said = (value: number) => (Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(3));
  return (
    <section aria-label={title}>
      <div class="titled"><h2>{title}</h2><SaveAs runs={runs.map((run) => run.id)} table="scores" {...(of !== "errors" && { figure: of === "set" ? "scores" : "classes" })} /></div>
      <Table columns={columns}>
        {rows.map(([name, values]) => (
          <tr key={name} data-score={name}>
            <td>{(of === "classes" ? undefined : text.named[name]) ?? name}</td>
            {values.flatMap((value, k) => {
              const between = of === "set" ? intervalOf(runs[k], name) : undefined;
              const cell = <td key={k} class="number">{value === undefined ? words.noValue : said(value)}{between && <span class="quiet">{` ${said(between[0])} – ${said(between[1])}`}</span>}</td>;
              if (!k) return [cell];
              const moved = value === undefined || values[0] === undefined ? null : value - values[0];
              const side = moved === null || Math.abs(moved) < 5e-4 ? "" : moved > 0 === (of !== "errors") ? "added" : "removed"; // errors cost
              return [cell, <td key={`${k} moved`} class={`number ${side}`}>{moved === null ? "" : `${moved > 0 ? "+" : ""}${said(moved)}`}</td>];
            })}
          </tr>
        ))}
      </Table>
    </section>
  );
}
