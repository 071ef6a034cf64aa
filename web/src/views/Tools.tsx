import {
  actions, asking, brightness, engine, keymap, opacity, outlines, pick, project, protect, radius, redraw, toolName, toolNames,
} from "../store/studio";
import { words } from "../strings";

/** A button for something that a key does too. */
export function Action({ name }: { name: string }) {
  return (
    <button data-action={name} title={`${words.actions[name]} (${keymap.value[name]})`} onClick={actions[name]}>
      {words.actions[name]}
    </button>
  );
}

export function Tools() {
  return (
    <div class="tools" role="toolbar">
      {toolNames.map((name) => (
        <button
          key={name} class={toolName.value === name ? "chosen" : ""} aria-pressed={toolName.value === name} data-tool={name}
          title={`${words.tools[name]} (${keymap.value[name]})`} onClick={() => pick(name)}
        >
          {words.tools[name]}
        </button>
      ))}
      <span class="gap" />
      {["undo", "redo"].map((name) => (
        <Action key={name} name={name} />
      ))}
      <span class="gap" />
      <label>
        {words.size}
        <input type="range" min="1" max="100" value={radius.value} onInput={(e) => (radius.value = Number(e.currentTarget.value))} />
      </label>
      <label>
        {words.opacity}
        <input
          type="range" min="0" max="100" value={Math.round(opacity.value * 100)}
          onInput={(e) => {
            opacity.value = Number(e.currentTarget.value) / 100;
            redraw();
          }}
        />
      </label>
      <label>
        {words.brightness}
        <input
          type="range" min="20" max="300" value={Math.round(brightness.value * 100)}
          onInput={(e) => {
            brightness.value = Number(e.currentTarget.value) / 100;
            redraw();
          }}
        />
      </label>
      <label>
        <input type="checkbox" checked={protect.value} onInput={actions.protect} /> {words.protect}
      </label>
      <label>
        <input type="checkbox" checked={outlines.value} onInput={actions.outlines} /> {words.actions.outlines}
      </label>
      <label>
        {words.engine}
        <select value={engine.value} onChange={(e) => (engine.value = e.currentTarget.value)}>
          {(project.value?.engines ?? ["classical"]).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {asking.value && <span class="busy" aria-busy="true" />}
    </div>
  );
}
