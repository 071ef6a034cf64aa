import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../../../parts/Dialog";
import { words } from "../../../strings";
import { resolve, sides, weigh } from "../store/conflicts";

const said = words.conflicts;

/** Two have changed one object: what each made of it, and what each choice loses. */
export function Conflict() {
  const [chosen, setChosen] = useState(false);
  useEffect(() => void weigh(), []);
  const found = sides.value;
  const choose = (choice: "mine" | "theirs" | "both") => {
    setChosen(true);
    void resolve(choice).finally(() => setChosen(false));
  };
  return (
    <Dialog title={found ? said.title(found.author) : words.conflict} closes={false}>
      {found && (
        <ul class="losses" data-conflict="">
          <li>{said.here(found.mine)}</li>
          <li>{said.there(found.author, found.theirs)}</li>
          {found.more > 0 && <li>{said.more(found.more)}</li>}
        </ul>
      )}
      {found && <p class="quiet">{said.mine(found.author, found.theirs)}</p>}
      {found && <p class="quiet">{said.theirs(found.mine)}</p>}
      {found?.mine && found.theirs && <p class="quiet">{said.both}</p>}
      <div class="row">
        <button disabled={chosen} onClick={() => choose("mine")}>{words.keepMine}</button>
        <button disabled={chosen} onClick={() => choose("theirs")}>{words.keepTheirs}</button>
        {!(found && (!found.mine || !found.theirs)) && <button disabled={chosen} onClick={() => choose("both")}>{words.keepBoth}</button>}
      </div>
    </Dialog>
  );
}
