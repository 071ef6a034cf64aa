/** Keys to what they do; a person may change them. */

export const defaults: Record<string, string> = {
  brush: "b", eraser: "e", lasso: "l", polygon: "p", click: "c", box: "x", wand: "w", select: "v",
  undo: "ctrl+z", redo: "ctrl+shift+z", remove: "delete", finish: "enter", next: "d", previous: "s",
  accept: "a", reject: "r", doubtful: "n", bigger: "]", smaller: "[", candidate: "z", end: "escape", newObject: "q", addTo: "shift+q", subtractFrom: "shift+e", refine: "shift+k",
  holes: "h", islands: "i", grow: "+", shrink: "-", smooth: "m", split: "shift+s", merge: "shift+m", subtract: "shift+x",
  raise: "pageup", lower: "pagedown", crowd: "shift+c", keys: "?", fit: "f", outlines: "o", hide: "shift+h", opaque: ".", clear: ",",
  byObject: "shift+o", protect: "shift+p", copy: "shift+d", review: "shift+r", approve: "shift+a", history: "shift+y",
  corners: "y", scissors: "g", scribble: "k", intersect: "shift+i", isolate: "shift+v", clockwise: "shift+arrowright",
  anticlockwise: "shift+arrowleft", upright: "shift+arrowup", grid: "shift+g", overview: "shift+f", snap: "shift+n",
  reopen: "shift+b", nextReview: "shift+l", work: "shift+w", explore: "shift+z", fill: "u", findClass: "/", values: "t", window: "j",
  level: "shift+j", suggest: "shift+u", lookOn: "arrowdown", lookBack: "arrowup", project: "shift+t", instructions: "f1",
  play: "space", frameBefore: "arrowleft", frameAfter: "arrowright", labelledBefore: "ctrl+arrowleft", labelledAfter: "ctrl+arrowright",
  followHere: "shift+enter",
};

const NAME = "maskwright keys";

export function load(): Record<string, string> {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(NAME) ?? "{}");
    const own = Object.entries(held as object).filter(([name, key]) => name in defaults && typeof key === "string" && key !== "tab");
    return { ...defaults, ...Object.fromEntries(own) };
  } catch {
    return { ...defaults };
  }
}

export function store(keys: Record<string, string>): void {
  localStorage.setItem(NAME, JSON.stringify(keys));
}

export function nameOf(event: KeyboardEvent): string {
  // Shift and a digit are another sign on every keyboard.
  if (event.key === " ") return "space";
  const key = event.shiftKey && /^Digit[1-9]$/.test(event.code) ? event.code.slice(5) : event.key.toLowerCase();
  const shifted = event.shiftKey && (/^[a-z1-9]$/.test(key) || key.length > 1);
  return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${shifted ? "shift+" : ""}${key}`;
}
