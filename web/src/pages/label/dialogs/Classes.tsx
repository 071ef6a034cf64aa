import { useEffect, useState } from "preact/hooks";
import { api, type ClassInfo, type ClassUse } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { mergeClass, saveClasses } from "../store/classes";
import { desk } from "../store/state";
import { colourNumber, colourText } from "./colours";

/** Names, colours, kinds and roles; merging. What a change would touch is said before it is made. */
export function Classes() {
  const [before, setBefore] = useState<ClassInfo[]>(project.value?.classes ?? []); // others may change them while this is open
  const [rows, setRows] = useState<ClassInfo[]>(before);
  const [uses, setUses] = useState<Map<number, ClassUse> | null>(null);
  const [merging, setMerging] = useState<{ source: number; target: number } | null>(null);
  const [trouble, setTrouble] = useState("");
  const look = () => desk.sync.settled().then(api.classUse).then((found) => setUses(new Map(found.map((row) => [row.class_id, row]))), () => undefined);
  useEffect(() => void look(), []);
  const set = (k: number, part: Partial<ClassInfo>) => setRows(rows.map((declared, n) => (n === k ? { ...declared, ...part } : declared)));
  const use = (id: number) => uses?.get(id) ?? { class_id: id, objects: 0, images: 0 };
  const name = (id: number) => rows.find((declared) => declared.id === id)?.name ?? `${id}`;
  const effects = rows.flatMap((declared) => {
    const was = before.find((other) => other.id === declared.id);
    return uses && was && was.name !== declared.name ? [words.renames(was.name, declared.name, use(declared.id).objects, use(declared.id).images)] : [];
  });
  const gone = before.filter((declared) => !rows.some((other) => other.id === declared.id));
  const inUse = gone.filter((declared) => use(declared.id).objects > 0);
  return (
    <Dialog title={words.editClasses}>
      <ul class="rows">
        {rows.map((declared, k) => (
          <li key={declared.id} data-class={declared.id}>
            <input type="color" aria-label={`${words.colour} ${declared.name}`} value={colourText(declared.colour)} onInput={(e) => set(k, { colour: colourNumber(e.currentTarget.value) })} />
            <input type="text" aria-label={words.className} value={declared.name} onInput={(e) => set(k, { name: e.currentTarget.value })} />
            <select aria-label={words.kind} value={declared.kind ?? "thing"} onChange={(e) => set(k, { kind: e.currentTarget.value as "thing" | "stuff" })}>
              <option value="thing">{words.thing}</option>
              <option value="stuff">{words.stuff}</option>
            </select>
            <select aria-label={words.role} value={declared.role ?? "class"} onChange={(e) => set(k, { role: e.currentTarget.value as "class" | "background" | "ignore" })}>
              {(["class", "ignore", "background"] as const).map((role) => (
                <option key={role} value={role}>{words.roles[role]}</option>
              ))}
            </select>
            <select
              aria-label={words.mergeInto} value="" disabled={rows.length < 2 || !before.some((other) => other.id === declared.id)}
              onChange={(e) => setMerging({ source: declared.id, target: Number(e.currentTarget.value) })}
            >
              <option value="">{words.mergeInto}</option>
              {before.filter((other) => other.id !== declared.id).map((other) => (
                <option key={other.id} value={other.id}>{other.name}</option>
              ))}
            </select>
            <span class="quiet">{uses ? words.use(use(declared.id).objects, use(declared.id).images) : "…"}</span>
            <button aria-label={`${words.actions.remove} ${declared.name}`} disabled={!uses || use(declared.id).objects > 0} onClick={() => setRows(rows.filter((_, n) => n !== k))}>×</button>
          </li>
        ))}
      </ul>
      {merging && uses && (
        <p role="alert" data-effect="merge">
          {words.merges(name(merging.source), name(merging.target), use(merging.source).objects, use(merging.source).images)}{" "}
          <button onClick={() => {
            setTrouble("");
            mergeClass(merging.source, merging.target).then((classes) => {
              setRows(classes);
              setBefore(classes);
              setMerging(null);
              void look();
            }, (error: Error) => setTrouble(error.message));
          }}>{words.mergeNow}</button>
          <button onClick={() => setMerging(null)}>{words.cancel}</button>
        </p>
      )}
      {effects.length > 0 && <ul class="losses" data-effect="rename">{effects.map((effect) => <li key={effect}>{effect}</li>)}</ul>}
      {trouble && <p role="alert">{trouble}</p>}
      <button onClick={() => {
        const id = 1 + Math.max(0, ...rows.map((declared) => declared.id), ...before.map((declared) => declared.id));
        setRows([...rows, { id, name: words.newClass(id), kind: "thing", role: "class", colour: null }]);
      }}>{words.add}</button>
      <button disabled={inUse.length > 0} onClick={() => void saveClasses(rows, before).then(setTrouble)}>{words.save}</button>
    </Dialog>
  );
}
