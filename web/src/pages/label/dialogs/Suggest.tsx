import { useEffect, useState } from "preact/hooks";
import type { SourceInfo, Suggesting } from "../../../api/client";
import { Dialog } from "../../../parts/Dialog";
import { dialog } from "../../../store/project";
import { words } from "../../../strings";
import { JobState } from "../panels/JobState";
import { loadPossible, possible, suggest, type Wishes as Wanted } from "../store/jobs";
import { classId, drawable, info, job, nameOfClass } from "../store/state";

type Name = Suggesting["source"];

/** First masks: where they are to come from, of what and for which images; then how far it is, and what was found. */
export function Suggest() {
  const [begun, setBegun] = useState(job.value?.status === "running");
  useEffect(() => void loadPossible(), []);
  const now = job.value;
  return (
    <Dialog title={words.suggestMasks}>
      {begun ? (
        <div class="suggest">
          {now ? <JobState job={now} then={() => (dialog.value = "")} /> : <p role="status">{words.firstMasks.starting}</p>}
          {now?.status === "running" && <p class="quiet">{words.firstMasks.goesOn}</p>}
          {now && now.status !== "running" && <button onClick={() => setBegun(false)}>{words.firstMasks.again}</button>}
        </div>
      ) : (
        <Wishes
          begin={(wishes, examples) => {
            job.value = null;
            setBegun(true);
            void suggest(wishes, examples);
          }}
        />
      )}
    </Dialog>
  );
}

function Wishes({ begin }: { begin: (wishes: Wanted, examples: File | null) => void }) {
  const found = possible.value;
  const [picked, setPicked] = useState<Name | null>(null);
  const [choices, setChoices] = useState<Record<string, string>>({});
  const [text, setText] = useState<string | null>(null);
  const [kind, setKind] = useState(classId.value);
  const [alone, setAlone] = useState<boolean | null>(null);
  const [given, setGiven] = useState<boolean | null>(null);
  const [file, setFile] = useState<File | null>(null);
  if (!found) return <p>{words.firstMasks.starting}</p>;
  const source = found.sources.find(({ name }) => name === picked) ?? found.sources.find(({ lacks }) => !lacks) ?? found.sources[0];
  const choice = choices[source.name] ?? source.choices[0]?.name;
  const typed = text ?? nameOfClass(kind);
  const named = source.name === "everything" || source.name === "words";
  const here = info();
  const only = here !== null && (alone ?? found.unlabelled === 0);
  const number = only ? 1 : found.unlabelled;
  const learns = source.name === "examples";
  const fromFile = learns && (given ?? source.lacks !== "");
  const possibleNow = (fromFile ? file !== null : !source.lacks) && number > 0 && (source.name !== "words" || typed.trim() !== "");
  return (
    <form
      class="suggest"
      onSubmit={(e) => {
        e.preventDefault();
        if (possibleNow) begin({ source: source.name, choice, words: typed, class_id: kind, number: only ? here.number : null }, fromFile ? file : null);
      }}
    >
      <p class="quiet">{words.firstMasks.lead}</p>
      <div class="sources" role="radiogroup" aria-label={words.suggestMasks}>
        {found.sources.map((each) => (
          <Card key={each.name} source={each} chosen={each === source} pick={() => setPicked(each.name)} />
        ))}
      </div>
      <div class="wishes">
        {source.choices.length > 1 && (
          <label>
            <span>{source.name === "run" ? words.firstMasks.run : words.firstMasks.from}</span>
            <select value={choice} onChange={(e) => setChoices({ ...choices, [source.name]: e.currentTarget.value })}>
              {source.choices.map((each) => (
                <option key={each.name} value={each.name}>{each.words ? `${each.name} (${each.words})` : each.name}</option>
              ))}
            </select>
          </label>
        )}
        {learns && (
          <label>
            <span>{words.firstMasks.examples}</span>
            <select data-examples="" value={fromFile ? "file" : "finished"} onChange={(e) => setGiven(e.currentTarget.value === "file")}>
              <option value="finished" disabled={source.lacks !== ""}>{words.firstMasks.finished}</option>
              <option value="file">{words.firstMasks.archive}</option>
            </select>
          </label>
        )}
        {fromFile && (
          <label>
            <span>{words.firstMasks.file}</span>
            <input type="file" accept=".zip,.tar,.tgz,.gz" onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)} />
          </label>
        )}
        {source.name === "words" && (
          <label>
            <span>{words.firstMasks.words}</span>
            <input type="text" maxLength={200} value={typed} placeholder={words.firstMasks.wordsSample} onInput={(e) => setText(e.currentTarget.value)} />
          </label>
        )}
        {named && (
          <label>
            <span>{words.firstMasks.class}</span>
            <select data-class="" value={kind} onChange={(e) => setKind(Number(e.currentTarget.value))}>
              {drawable().map((declared) => (
                <option key={declared.id} value={declared.id}>{declared.name}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          <span>{words.firstMasks.images}</span>
          <select data-images="" value={only ? "one" : "all"} onChange={(e) => setAlone(e.currentTarget.value === "one")}>
            <option value="all" disabled={!found.unlabelled}>{words.firstMasks.unlabelled(found.unlabelled)}</option>
            {here && <option value="one">{words.firstMasks.thisImage(here.key)}</option>}
          </select>
        </label>
      </div>
      <button type="submit" class="primary" data-action="begin" disabled={!possibleNow}>{words.firstMasks.begin(number)}</button>
    </form>
  );
}

/** A source, with what it does, or why it cannot be used here. */
function Card({ source, chosen, pick }: { source: SourceInfo; chosen: boolean; pick: () => void }) {
  const { name } = source;
  // Examples can be given where there are none here.
  const lacks = name === "examples" ? "" : source.lacks;
  const about = words.firstMasks.about[name];
  return (
    <label class={`source ${chosen ? "chosen" : ""} ${lacks ? "lacks" : ""}`} data-source={name}>
      <input type="radio" name="source" value={name} checked={chosen} disabled={Boolean(lacks)} onChange={pick} />
      <strong>{words.firstMasks.sources[name]}</strong>
      <span class="quiet">{lacks || (source.lacks ? words.firstMasks.orGiven(source.lacks) : about)}</span>
    </label>
  );
}
