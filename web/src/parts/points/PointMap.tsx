import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Nearby, type Place, type Seen, toPixel, toPlace, whole, zoomed } from "../../model/plane";
import { type Painter, painter, type Rgba } from "./painter";

interface Props {
  x: Float32Array;
  y: Float32Array;
  /** Of each point, its place among the colours. */
  codes: Uint8Array;
  /** Names of the style sheet's variables, or colours as the style sheet writes them. */
  colours: readonly string[];
  /** Points that stand out. */
  marked: Int32Array;
  /** The point that was pressed, and those beside it; -1 and none. */
  pressed: number;
  around: readonly number[];
  /** What a drag does; with Shift it always draws an outline. */
  mode: "move" | "lasso";
  label: string;
  /** Said in place of the points where nothing can be drawn. */
  without: string;
  press: (point: number) => void;
  /** An outline was drawn, in places; none gives it up. */
  outline: (places: readonly Place[]) => void;
  /** Which point the pointer is on, and where that is seen; -1 for none. */
  hover: (point: number, at: Place) => void;
}

/** Pixels within which a press or the pointer finds a point, and within which a press does not move. */
const REACH = 10;
const STILL = 4;

/** Points in the plane that are moved, zoomed, pressed and drawn around. */
export function PointMap(props: Props) {
  const { x, y, codes, colours, marked, pressed, around, mode, label, without } = props;
  const box = useRef<HTMLDivElement>(null);
  const ground = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const paint = useRef<Painter | null>(null);
  const seen = useRef<Seen | null>(null);
  /** Nothing was moved or zoomed: all is shown, however large the page is. */
  const all = useRef(true);
  const drawing = useRef<Place[]>([]);
  const over = useRef(-1);
  const [able, setAble] = useState(true);
  const [size, setSize] = useState({ wide: 0, high: 0 });
  const [theme, setTheme] = useState(0);
  const nearby = useMemo(() => new Nearby(x, y), [x, y]);
  const scale = window.devicePixelRatio || 1;
  const { wide, high } = size;

  const colour = (name: string) => {
    // A canvas does not know what a variable of the style sheet is in light and in dark.
    box.current!.style.color = name.startsWith("--") ? `var(${name})` : name;
    return getComputedStyle(box.current!).color;
  };
  const diameter = x.length > 200_000 ? 2.5 : x.length > 20_000 ? 4 : x.length > 2_000 ? 5 : 9;
  const draw = () => {
    if (!paint.current || !seen.current || !wide) return;
    paint.current.draw(seen.current, diameter * scale, scale);
    drawAbove();
  };
  /** What lies over the points, which stay as they were drawn. */
  const drawAbove = () => {
    if (!seen.current || !wide) return;
    const context = above.current!.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, high);
    const ring = (point: number, radius: number, name: string, width: number) => {
      const [left, top] = toPixel(seen.current!, wide, high, [x[point], y[point]]);
      context.beginPath();
      context.arc(left, top, radius, 0, 7);
      context.strokeStyle = colour(name);
      context.lineWidth = width;
      context.stroke();
    };
    for (const point of around) ring(point, diameter / 2 + 3, "--text", 1.5);
    if (over.current >= 0) ring(over.current, diameter / 2 + 4, "--strong", 2);
    if (pressed >= 0 && pressed < x.length) {
      ring(pressed, diameter / 2 + 6, "--ground", 7);
      ring(pressed, diameter / 2 + 6, "--strong", 3);
    }
    if (drawing.current.length > 1) {
      context.beginPath();
      drawing.current.forEach((place) => context.lineTo(...toPixel(seen.current!, wide, high, place)));
      context.closePath();
      context.strokeStyle = context.fillStyle = colour("--strong");
      context.lineWidth = 2;
      context.stroke();
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
    }
  };

  useEffect(() => {
    paint.current = painter(ground.current!);
    setAble(paint.current !== null);
    const watch = new ResizeObserver(() => box.current && setSize({ wide: box.current.clientWidth, high: box.current.clientHeight }));
    watch.observe(box.current!);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const turned = () => setTheme((number) => number + 1);
    dark.addEventListener("change", turned);
    return () => {
      watch.disconnect();
      dark.removeEventListener("change", turned);
      paint.current?.end();
    };
  }, []);
  useEffect(() => {
    paint.current?.points(x, y);
    all.current = true;
    if (wide) seen.current = whole(wide, high);
    over.current = -1;
  }, [x, y]);
  useEffect(() => {
    if (!wide) return;
    for (const canvas of [ground.current!, above.current!]) [canvas.width, canvas.height] = [Math.round(wide * scale), Math.round(high * scale)];
    if (all.current) seen.current = whole(wide, high);
  }, [wide, high, x]);
  useEffect(() => paint.current?.colours(codes, colours.map((name) => rgba(colour(name)))), [x, codes, colours, theme]);
  useEffect(() => paint.current?.mark(marked), [x, marked]);
  useEffect(draw, [x, y, codes, colours, theme, marked, pressed, around, wide, high]);

  const at = (event: MouseEvent): Place => {
    const { left, top } = box.current!.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const place = (pixel: Place) => toPlace(seen.current!, wide, high, pixel);
  const pointAt = (pixel: Place) => nearby.at(place(pixel), REACH / seen.current!.scale);
  const look = (next: Seen | null) => {
    all.current = next === null;
    seen.current = next ?? whole(wide, high);
    draw();
  };
  const onDown = (event: PointerEvent) => {
    if (event.button !== 0 || !seen.current) return;
    const canvas = event.currentTarget as HTMLCanvasElement;
    const [begin, from] = [at(event), seen.current];
    const lasso = mode === "lasso" || event.shiftKey;
    let moved = false;
    const onMove = (now: PointerEvent) => {
      const [left, top] = at(now);
      moved ||= Math.hypot(left - begin[0], top - begin[1]) > STILL;
      if (!moved) return;
      props.hover(-1, begin);
      if (!lasso) return look({ ...from, x: from.x - (left - begin[0]) / from.scale, y: from.y + (top - begin[1]) / from.scale });
      drawing.current.push(place([left, top]));
      drawAbove();
    };
    const onEnd = (ended: PointerEvent) => {
      canvas.removeEventListener("pointermove", onMove);
      canvas.removeEventListener("pointerup", onEnd);
      canvas.removeEventListener("pointercancel", onEnd);
      const outline = drawing.current;
      drawing.current = [];
      if (ended.type === "pointerup" && !moved) props.press(pointAt(begin));
      else if (ended.type === "pointerup" && lasso) props.outline(outline);
      drawAbove();
    };
    canvas.setPointerCapture(event.pointerId);
    canvas.addEventListener("pointermove", onMove);
    canvas.addEventListener("pointerup", onEnd);
    canvas.addEventListener("pointercancel", onEnd);
  };
  const onHover = (event: PointerEvent) => {
    if (event.buttons || !seen.current) return;
    const point = pointAt(at(event));
    if (point === over.current) return;
    over.current = point;
    props.hover(point, point < 0 ? at(event) : toPixel(seen.current, wide, high, [x[point], y[point]]));
    drawAbove();
  };
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    if (seen.current) look(zoomed(seen.current, wide, high, Math.exp(-event.deltaY * 0.0015), at(event)));
  };
  useEffect(() => {
    const canvas = above.current!;
    canvas.addEventListener("wheel", onWheel, { passive: false });
    return () => canvas.removeEventListener("wheel", onWheel);
  });
  const onKey = (event: KeyboardEvent) => {
    if (!seen.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60 / seen.current.scale;
    const middle: Place = [wide / 2, high / 2];
    const { x: left, y: up } = seen.current;
    if (event.key === "ArrowLeft") look({ ...seen.current, x: left - step });
    else if (event.key === "ArrowRight") look({ ...seen.current, x: left + step });
    else if (event.key === "ArrowUp") look({ ...seen.current, y: up + step });
    else if (event.key === "ArrowDown") look({ ...seen.current, y: up - step });
    else if (event.key === "+" || event.key === "=") look(zoomed(seen.current, wide, high, 1.4, middle));
    else if (event.key === "-") look(zoomed(seen.current, wide, high, 1 / 1.4, middle));
    else if (event.key === "0") look(null);
    else if (event.key === "Enter") props.press(nearby.at(place(middle), 4));
    else if (event.key === "a") props.outline(([[0, 0], [wide, 0], [wide, high], [0, high]] as Place[]).map(place));
    else if (event.key === "Escape") props.outline([]);
    else return;
    event.preventDefault();
  };
  return (
    <div class="point-map" ref={box} data-points={x.length} data-mode={mode}>
      <canvas ref={ground} aria-hidden="true" />
      <canvas
        ref={above} role="application" aria-label={label} tabIndex={0} onPointerDown={onDown} onPointerMove={onHover} onKeyDown={onKey}
        onPointerLeave={() => { over.current = -1; props.hover(-1, [0, 0]); drawAbove(); }} onDblClick={() => look(null)}
      />
      {!able && <p class="empty" role="alert">{without}</p>}
    </div>
  );
}

/** Of a colour as browsers compute it: "rgb(1, 2, 3)", or "color(srgb 0.1 0.2 0.3)" of one that was mixed. */
function rgba(text: string): Rgba {
  const numbers = (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
  const most = text.startsWith("rgb") ? 255 : 1;
  return [(numbers[0] ?? 0) / most, (numbers[1] ?? 0) / most, (numbers[2] ?? 0) / most, numbers[3] ?? 1];
}
