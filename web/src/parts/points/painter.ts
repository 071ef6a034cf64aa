/** Points drawn by WebGL: a million are one call. Written here because what draws points elsewhere makes code at run time, which the page's policy forbids. */

import type { Seen } from "../../model/plane";

/** Red, green, blue and opacity, 0 to 1. */
export type Rgba = readonly [number, number, number, number];
/** Colours that a palette may have. */
export const MOST_COLOURS = 80;

const VERTEX = `#version 300 es
in float x; in float y; in float code; in float mark;
uniform vec2 middle; uniform vec2 scale; uniform float size; uniform float pass; uniform float some; uniform float opacity;
uniform vec4 palette[${MOST_COLOURS}];
out vec4 colour;
void main() {
  bool marked = mark > 0.5;
  bool mine = marked == (pass > 0.5);
  gl_Position = mine ? vec4((vec2(x, y) - middle) * scale, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size * (marked ? 1.35 : 1.0);
  colour = palette[int(code)];
  colour.a *= marked ? 1.0 : (some > 0.5 ? 0.25 : opacity);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour; uniform float size; out vec4 drawn;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  float alpha = colour.a * clamp((1.0 - far) * size * 0.5 + 0.5, 0.0, 1.0);
  if (alpha < 0.004) discard;
  drawn = vec4(colour.rgb * alpha, alpha);
}`;

export interface Painter {
  /** New points; all are of the first colour, and none is marked. */
  points(x: Float32Array, y: Float32Array): void;
  /** codes: the place of each point's colour in the palette. */
  colours(codes: Uint8Array, palette: readonly Rgba[]): void;
  /** Those that stand out from the others. */
  mark(places: Int32Array): void;
  /** size: of a point, in pixels of the canvas.  scale: of the canvas to what the page calls pixels. */
  draw(seen: Seen, size: number, scale: number): void;
  end(): void;
}

/** What draws on a canvas; null where the browser has no WebGL 2. */
export function painter(canvas: HTMLCanvasElement): Painter | null {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, premultipliedAlpha: true });
  const program = gl && linked(gl);
  if (!gl || !program) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const at = (name: string) => gl.getUniformLocation(program, name);
  const uniform = { middle: at("middle"), scale: at("scale"), size: at("size"), pass: at("pass"), some: at("some"), opacity: at("opacity"), palette: at("palette") };
  const buffers = Object.fromEntries(["x", "y", "code", "mark"].map((name) => [name, gl.createBuffer()]));
  let [number, marked] = [0, 0];
  const put = (name: string, values: Float32Array | Uint8Array) => {
    const place = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 1, values instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.FLOAT, false, 0, 0);
  };
  return {
    points(x, y) {
      number = x.length;
      marked = 0;
      put("x", x);
      put("y", y);
      put("code", new Uint8Array(number));
      put("mark", new Uint8Array(number));
    },
    colours(codes, palette) {
      put("code", codes);
      const flat = new Float32Array(4 * MOST_COLOURS);
      palette.slice(0, MOST_COLOURS).forEach((colour, k) => flat.set(colour, 4 * k));
      gl.uniform4fv(uniform.palette, flat);
    },
    mark(places) {
      const marks = new Uint8Array(number);
      for (const place of places) marks[place] = 1;
      marked = places.length;
      put("mark", marks);
    },
    draw(seen, size, scale) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (!number) return;
      gl.uniform2f(uniform.middle, seen.x, seen.y);
      gl.uniform2f(uniform.scale, (2 * seen.scale * scale) / canvas.width, (2 * seen.scale * scale) / canvas.height);
      gl.uniform1f(uniform.size, size);
      gl.uniform1f(uniform.some, marked ? 1 : 0);
      gl.uniform1f(uniform.opacity, number > 50_000 ? 0.6 : 0.9);
      for (const pass of marked ? [0, 1] : [0]) {
        gl.uniform1f(uniform.pass, pass);
        gl.drawArrays(gl.POINTS, 0, number);
      }
    },
    end() {
      Object.values(buffers).forEach((buffer) => gl.deleteBuffer(buffer));
      gl.deleteProgram(program);
    },
  };
}

function linked(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}
