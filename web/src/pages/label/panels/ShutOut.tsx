import { shutOut } from "../../../api/client";
import { words } from "../../../strings";

/** Over the image, while the studio does not let this page in. */
export function ShutOut() {
  if (!shutOut.value) return null;
  return (
    <div class="shut" role="alert" data-shut="">
      <strong>{words.shut.title}</strong>
      <p>{words.shut.todo}</p>
      <button class="main" onClick={() => location.reload()}>{words.tryAgain}</button>
    </div>
  );
}
