import { useEffect, useRef, useState } from "preact/hooks";
import type { ColumnInfo } from "../../../api/client";
import { columnsOf, type Owner } from "../../../store/columns";
import { words } from "../../../strings";
import { current, desk, layer, own, version } from "../store/state";
import { fill, isTaken, written } from "../store/values";

/** Text and numbers count when they are left, so that a step of an arrow key is not a gesture of its own. */
function Written({ column, segment, value }: { column: ColumnInfo; segment: number | null; value: string }) {
  const [draft, setDraft] = useState<string | null>(null);
  const bad = useRef(false); // where a number is wanted and something else is typed, the browser tells nothing of it
  const leave = useRef(() => {});
  const { scene } = desk;
  leave.current = () => {
    if (draft !== null && desk.scene === scene) fill(column, segment, bad.current ? words.typed : draft);
  };
  // It may go with its object before it is left, and not every browser tells that.
  useEffect(() => () => leave.current(), []);
  const number = column.kind === "number" || column.kind === "integer";
  return (
    <input
      type={number ? "number" : "text"} value={draft ?? value} title={column.description || undefined} placeholder={column.kind === "time" ? words.timeSample : undefined}
      min={number ? (column.low ?? undefined) : undefined} max={number ? (column.high ?? undefined) : undefined}
      step={number ? (column.kind === "integer" ? 1 : "any") : undefined}
      onInput={(e) => {
        bad.current = e.currentTarget.validity.badInput;
        setDraft(e.currentTarget.value);
      }}
      onKeyDown={(e) => {
        if (e.key !== "Enter" && e.key !== "Escape") return;
        if (e.key === "Escape") leave.current = () => {};
        e.currentTarget.blur();
      }}
      onBlur={(e) => {
        leave.current();
        setDraft(null);
        e.currentTarget.value = written(column, (segment === null ? desk.scene.fields : desk.scene.find(segment)?.attributes)?.[column.name]);
      }}
    />
  );
}

function Chosen({ column, segment, value }: { column: ColumnInfo; segment: number | null; value: string }) {
  const choices: (readonly [string, string])[] =
    column.kind === "bool" ? [["true", words.yes], ["false", words.no]] : column.values.map((word) => [word, word] as const);
  return (
    <select
      value={value} title={column.description || undefined} onChange={(e) => fill(column, segment, e.currentTarget.value)}
      onKeyDown={(e) => e.key === "Escape" && e.currentTarget.blur()}
    >
      <option value="">{words.noValue}</option>
      {choices.map(([held, shown]) => (
        <option key={held} value={held}>{shown}</option>
      ))}
    </select>
  );
}

/** Values of one owner; what cannot be set here is there only with a value. segment: the object, null for the image. */
function Section({ title, owner, segment, held }: { title: string; owner: Owner; segment: number | null; held: Readonly<Record<string, unknown>> }) {
  const shown = columnsOf(owner).filter((column) => isTaken(column) || (held[column.name] ?? null) !== null);
  if (!shown.length) return null;
  return (
    <section class="values" aria-label={title}>
      <h2>{title}</h2>
      {shown.map((column) => {
        const value = written(column, held[column.name]);
        const Control = column.kind === "category" || column.kind === "bool" ? Chosen : Written;
        return (
          <label key={`${current.value} ${segment} ${column.name}`}>
            <span title={column.description || undefined}>
              {column.name.split("_").map((part, k) => k ? [<wbr />, `_${part}`] : part)} {column.unit && <span class="quiet">{column.unit}</span>}
            </span>
            {isTaken(column) ? <Control column={column} segment={segment} value={value} /> : <input readOnly value={value} title={value} />}
          </label>
        );
      })}
    </section>
  );
}

/** The columns of the chosen object and of the image. */
export function Values() {
  void version.value;
  const object = own();
  return (
    <>
      {object && <Section title={words.values} owner="segment" segment={object.id} held={object.attributes} />}
      {layer.value === "shared" && <Section title={words.imageValues} owner="sample" segment={null} held={desk.scene.fields} />}
    </>
  );
}
