import { Menu } from "../../../parts/Menu";
import { project } from "../../../store/project";
import { words } from "../../../strings";
import { actions } from "../store/actions";
import { setThreshold } from "../store/asking";
import { find } from "../store/finding";
import {
  answered, asking, brightness, byObject, contrast, drawing, engine, grid, keymap, type Mode, mode, opacity, outlines, overview, protect, radius,
  redraw, snap, threshold, toolName,
} from "../store/state";
import { pick, toolNames } from "../store/tools";

/** A button for something that a key does too. */
export function Action({ name }: { name: string }) {
  return (
    <button data-action={name} title={`${words.actions[name]} (${keymap.value[name]})`} onClick={actions[name]}>
      {words.actions[name]}
    </button>
  );
}

function Slider({ name, value, min, max, off = false, help, set }: { name: string; value: number; min: number; max: number; off?: boolean; help?: string; set: (value: number) => void }) {
  return (
    <label title={help} class={off ? "off" : undefined}>
      {name}
      <input type="range" min={min} max={max} value={value} disabled={off} onInput={(e) => set(Number(e.currentTarget.value))} />
    </label>
  );
}

function Check({ name, on }: { name: string; on: { value: boolean } }) {
  return (
    <label class="check">
      <input type="checkbox" checked={on.value} onInput={actions[name]} /> {words.actions[name]}
    </label>
  );
}

export function Tools() {
  const percent = (setting: { value: number }) => (value: number) => {
    setting.value = value / 100;
    redraw();
  };
  return (
    <div class="tools" role="toolbar" aria-label={words.toolbar}>
      {toolNames.map((name) => (
        <button
          key={name} class={toolName.value === name ? "chosen" : ""} aria-pressed={toolName.value === name} data-tool={name}
          title={`${words.toolHelp[name]} (${keymap.value[name]})`} onClick={() => pick(name)}
        >
          {words.tools[name]}
        </button>
      ))}
      <span class="gap" />
      <Action name="newObject" />
      <span class="drawings" role="group" aria-label={words.drawing}>
        {(["addTo", "subtractFrom", "refine"] as const).map((name) => {
          const to = ({ addTo: "add", subtractFrom: "subtract", refine: "refine" } as const)[name];
          return (
            <button
              key={name} class={drawing.value === to ? "chosen" : ""} aria-pressed={drawing.value === to} data-action={name}
              title={`${words.drawings[to]} (${keymap.value[name]})`} onClick={actions[name]}
            >
              {words.actions[name]}
            </button>
          );
        })}
      </span>
      <span class="gap" />
      {["undo", "redo"].map((name) => (
        <Action key={name} name={name} />
      ))}
      <span class="gap" />
      <Slider name={words.size} value={radius.value} min={1} max={100} set={(value) => (radius.value = value)} />
      <label>
        {words.engine}
        <select value={engine.value} onChange={(e) => (engine.value = e.currentTarget.value)}>
          {(project.value?.engines ?? ["classical"]).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <Slider
        name={words.threshold} help={words.thresholdHelp} off={!answered.value} value={Math.round(100 * threshold.value)} min={5} max={95}
        set={(value) => setThreshold(value / 100)}
      />
      {(project.value?.texts.length ?? 0) > 0 && (
        <input
          type="search" id="find-words" placeholder={words.find} aria-label={words.find}
          onKeyDown={(e) => {
            if (e.key === "Enter") void find(e.currentTarget.value);
          }}
        />
      )}
      <label>
        {words.mode}
        <select value={mode.value} data-mode={mode.value} title={words.modes[mode.value]} onChange={(e) => (mode.value = e.currentTarget.value as Mode)}>
          {(["instance", "panoptic", "semantic"] as const).map((name) => (
            <option key={name} value={name} title={words.modes[name]}>{words.modeNames[name]}</option>
          ))}
        </select>
      </label>
      <Check name="protect" on={protect} />
      <Check name="snap" on={snap} />
      {/* What comes and goes keeps its room: the image must not move. */}
      <span class={asking.value ? "busy" : "busy idle"} aria-busy={asking.value} />
      <Menu name={words.view}>
        <Slider name={words.opacity} value={Math.round(opacity.value * 100)} min={0} max={100} set={percent(opacity)} />
        <Slider name={words.brightness} value={Math.round(brightness.value * 100)} min={20} max={300} set={percent(brightness)} />
        <Slider name={words.contrast} value={Math.round(contrast.value * 100)} min={20} max={400} set={percent(contrast)} />
        <Check name="outlines" on={outlines} />
        <Check name="byObject" on={byObject} />
        <Check name="grid" on={grid} />
        <Check name="overview" on={overview} />
        <div class="row">
          {["window", "fit", "anticlockwise", "clockwise", "upright"].map((name) => (
            <Action key={name} name={name} />
          ))}
        </div>
      </Menu>
    </div>
  );
}
