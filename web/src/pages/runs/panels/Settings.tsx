import { Table } from "../../../parts/Table";
import { words } from "../../../strings";
import { settings } from "../comparing";
import { shown } from "../state";

const text = words.runs;

/** The settings of one run, or those in which several differ. */
export function Settings() {
  const runs = shown.value;
  if (!runs.length) return null;
  const rows = settings(runs);
  const title = runs.length > 1 ? text.differing : text.settings;
  return (
    <details open={runs.length > 1}>
      <summary>{title}</summary>
      {rows.length ? (
        <Table columns={[text.setting, ...runs.map((run) => run.id)]}>
          {rows.map(([name, values]) => <tr key={name}><td>{name}</td>{values.map((value, k) => <td key={k}>{value || words.noValue}</td>)}</tr>)}
        </Table>
      ) : <p class="quiet">{text.alike}</p>}
    </details>
  );
}
