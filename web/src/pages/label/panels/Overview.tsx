import { words } from "../../../strings";
import { desk } from "../store/state";

/** The whole image, small, once only a part of it is seen; a press on it goes there. The board draws it. */
export function Overview() {
  const go = (event: PointerEvent) => desk.board?.goTo({ x: event.offsetX, y: event.offsetY });
  return (
    <canvas
      class="overview" role="img" hidden aria-label={words.actions.overview} title={words.overviewHelp}
      ref={(canvas) => {
        desk.map = canvas;
        if (desk.board) desk.board.map = canvas;
      }}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        go(e);
      }}
      onPointerMove={(e) => e.buttons & 1 && go(e)}
    />
  );
}
