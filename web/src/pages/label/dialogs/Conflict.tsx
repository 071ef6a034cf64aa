import { Dialog } from "../../../parts/Dialog";
import { words } from "../../../strings";
import { resolve } from "../store/conflicts";

export function Conflict() {
  return (
    <Dialog title={words.conflict} closes={false}>
      <div class="row">
        <button onClick={() => void resolve("mine")}>{words.keepMine}</button>
        <button onClick={() => void resolve("theirs")}>{words.keepTheirs}</button>
        <button onClick={() => void resolve("both")}>{words.keepBoth}</button>
      </div>
    </Dialog>
  );
}
