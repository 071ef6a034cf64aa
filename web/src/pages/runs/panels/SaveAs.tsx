import { Menu } from "../../../parts/Menu";
import { words } from "../../../strings";

/** Files of what a section shows: a table, a figure. `name`: of a curve. */
export function SaveAs({ runs, table, figure, name }: { runs: readonly string[]; table?: string; figure?: string; name?: string }) {
  const asked = (kind: string, what: string, form: string) => {
    const query = new URLSearchParams([...runs.map((run) => ["run", run]), ...(name && kind === "figures" ? [["name", name]] : [])]);
    return `/api/${kind}/${what}.${form}?${query}`;
  };
  return (
    <Menu name={words.saveAs}>
      {table && (["csv", "parquet"] as const).map((form) => <a key={form} data-save={form} download href={asked("tables", table, form)}>{words.tableAs[form]}</a>)}
      {figure && (["svg", "png"] as const).map((form) => <a key={form} data-save={form} download href={asked("figures", figure, form)}>{words.figureAs[form]}</a>)}
    </Menu>
  );
}
