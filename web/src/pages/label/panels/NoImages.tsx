import { useState } from "preact/hooks";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { lookAgain } from "../store/setup";

/** In place of the image, where the project has none. */
export function NoImages() {
  const [found, setFound] = useState("");
  const [looking, setLooking] = useState(false);
  if (!project.value || project.value.images.length) return null;
  const look = () => {
    setLooking(true);
    lookAgain()
      .then(({ images, notes }) => setFound(images ? "" : [words.empty.stillNone, ...notes].join(" ")), (error: Error) => setFound(error.message))
      .finally(() => setLooking(false));
  };
  return (
    <div class="empty" data-empty="images">
      <h2>{words.empty.images}</h2>
      <p>{words.empty.imagesHelp(project.value.place)}</p>
      <button class="main" disabled={looking} onClick={look}>{words.empty.look}</button>
      {found && <p role="status">{found}</p>}
    </div>
  );
}
