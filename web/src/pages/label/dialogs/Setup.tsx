import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ClassInfo, Task } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { Markdown } from "../../../parts/Markdown";
import { dialog, project } from "../../../store/project";
import { words } from "../../../strings";
import { unnamed } from "../store/classes";
import { addImage, askedOnce, imageAddress, MOST_BYTES, saveSetup } from "../store/setup";
import { colourNumber, colourText, freshColour } from "./colours";

const TASKS: readonly Task[] = ["instance", "semantic", "panoptic"];
const said = words.setup;

/** What the project is for: asked of a new one, and changed here later. */
export function Setup() {
  const known = project.value!;
  const [isNew] = useState(known.is_new);
  const [task, setTask] = useState<Task>(known.task ?? "instance");
  const [rows, setRows] = useState<ClassInfo[]>(known.classes);
  const [text, setText] = useState(known.instructions);
  const [trouble, setTrouble] = useState("");
  const [saving, setSaving] = useState(false);
  useEffect(() => askedOnce, []);
  const isLeftOut = (row: ClassInfo) => !row.name.trim() && !known.classes.some((before) => before.id === row.id);
  const save = async () => {
    const named = rows.filter((row) => !isLeftOut(row));
    const wrong = unnamed(named, known.classes);
    setTrouble(wrong);
    if (wrong) return;
    setSaving(true);
    try {
      await saveSetup(task, named, text);
    } catch (error) {
      setTrouble((error as Error).message);
      setSaving(false);
    }
  };
  return (
    <Dialog title={isNew ? said.titleNew : said.title} closing={isNew ? said.later : words.cancel} wide>
      <fieldset class="tasks">
        <legend>{said.task}</legend>
        {TASKS.map((name) => (
          <label key={name} class={name === task ? "chosen" : ""}>
            <input type="radio" name="task" value={name} checked={name === task} onChange={() => setTask(name)} />
            <Drawing task={name} />
            <span><strong>{said.tasks[name].name}</strong><span class="quiet">{said.tasks[name].help}</span></span>
          </label>
        ))}
      </fieldset>
      <Classes rows={rows} setRows={setRows} saved={!isNew} />
      <Instructions text={text} setText={setText} setTrouble={setTrouble} />
      {rows.some(isLeftOut) && <p class="quiet" role="status" data-left-out="">{said.leftOut(rows.filter(isLeftOut).length)}</p>}
      {trouble && <p role="alert" class="trouble">{trouble}</p>}
      <button class="main" data-action="setup" disabled={saving} onClick={() => void save()}>{isNew ? said.begin : words.save}</button>
    </Dialog>
  );
}

function Classes({ rows, setRows, saved }: { rows: ClassInfo[]; setRows: (rows: ClassInfo[]) => void; saved: boolean }) {
  const list = useRef<HTMLUListElement>(null);
  const [added, setAdded] = useState(0);
  // Before the next key comes.
  useLayoutEffect(() => {
    if (added) list.current?.querySelector<HTMLInputElement>("li:last-child input[type=text]")?.focus();
  }, [added]);
  const set = (k: number, part: Partial<ClassInfo>) => setRows(rows.map((row, n) => (n === k ? { ...row, ...part } : row)));
  const add = () => {
    const id = 1 + Math.max(0, ...rows.map((row) => row.id), ...(project.value?.classes ?? []).map((row) => row.id));
    setRows([...rows, { id, name: "", kind: "thing", role: "class", colour: freshColour(rows) }]);
    setAdded(added + 1);
  };
  return (
    <section aria-label={words.classes}>
      <h3>{words.classes} <span class="quiet">{said.classesHelp}</span></h3>
      <ul class="rows" ref={list}>
        {rows.map((row, k) => (
          <li key={row.id} data-class={row.id}>
            <input
              type="color" aria-label={`${words.colour} ${row.name}`} value={colourText(row.colour)}
              onInput={(e) => set(k, { colour: colourNumber(e.currentTarget.value) })}
            />
            <input
              type="text" aria-label={words.className} placeholder={said.classSample} value={row.name} maxLength={200} autofocus={!saved && k === 0}
              onFocus={(e) => e.currentTarget.select()}
              onInput={(e) => set(k, { name: e.currentTarget.value })}
              onKeyDown={(e) => {
                if (e.key !== "Enter") return;
                e.preventDefault();
                if (row.name.trim()) add();
              }}
            />
            <select aria-label={words.kind} title={said.kindHelp} value={row.kind ?? "thing"} onChange={(e) => set(k, { kind: e.currentTarget.value as "thing" | "stuff" })}>
              <option value="thing">{said.thing}</option>
              <option value="stuff">{said.stuff}</option>
            </select>
            <button aria-label={`${words.actions.remove} ${row.name}`} onClick={() => setRows(rows.filter((_, n) => n !== k))}>×</button>
          </li>
        ))}
      </ul>
      {!rows.length && <p class="quiet">{words.empty.classes}</p>}
      <button data-action="add-class" onClick={add}>{said.addClass}</button>
      {saved && <button onClick={() => (dialog.value = "classes")}>{said.moreOfClasses}</button>}
    </section>
  );
}

function Instructions({ text, setText, setTrouble }: { text: string; setText: (text: string) => void; setTrouble: (words: string) => void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const written = useRef(text);
  written.current = text;
  /** Files become images in the text, where it is being written. */
  const take = async (files: Iterable<File>) => {
    for (const file of files) {
      if (file.size > MOST_BYTES) {
        setTrouble(said.tooLarge(file.name, file.size));
        continue;
      }
      try {
        const shown = await addImage(file);
        const at = field.current?.selectionEnd ?? written.current.length;
        const before = written.current.slice(0, at);
        setTrouble("");
        setText(`${before}${before && !before.endsWith("\n") ? "\n\n" : ""}${shown}\n${written.current.slice(at)}`);
      } catch (error) {
        setTrouble((error as Error).message);
      }
    }
  };
  const images = (given: DataTransfer | null) => [...(given?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  return (
    <section aria-label={said.instructions}>
      <h3>{said.instructions} <span class="quiet">{said.instructionsHelp}</span></h3>
      <div class="writing">
        <textarea
          ref={field} aria-label={said.instructions} value={text} maxLength={20_000} placeholder={said.instructionsSample}
          onInput={(e) => setText(e.currentTarget.value)}
          onPaste={(e) => {
            const files = images(e.clipboardData);
            if (!files.length) return;
            e.preventDefault();
            void take(files);
          }}
          onDragOver={(e) => e.preventDefault()}
          onDrop={(e) => {
            const files = images(e.dataTransfer);
            if (!files.length) return;
            e.preventDefault();
            void take(files);
          }}
        />
        <div class="preview" aria-label={said.preview}>{text.trim() ? <Markdown text={text} image={imageAddress} /> : <p class="quiet">{said.preview}</p>}</div>
      </div>
      <input
        ref={picker} type="file" accept="image/png,image/jpeg,image/webp,image/gif" multiple hidden aria-label={said.addImage}
        onChange={(e) => {
          void take([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = "";
        }}
      />
      <button onClick={() => picker.current?.click()}>{said.addImage}</button>
    </section>
  );
}

/** Two things on a ground, as each task sees them. */
function Drawing({ task }: { task: Task }) {
  return (
    <svg viewBox="0 0 48 32" class={`task ${task}`} aria-hidden="true">
      <rect class="ground" width="48" height="32" rx="3" />
      <circle class="first" cx="17" cy="17" r="9" />
      <circle class="second" cx="31" cy="17" r="9" />
    </svg>
  );
}
