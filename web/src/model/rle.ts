/** COCO's compressed run lengths: counts go down the columns, zeros first, six bits a character. */

export function parse(text: string): Uint32Array {
  const out: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let shift = 0;
    let more = true;
    while (more) {
      const code = text.charCodeAt(at++) - 48;
      if (!(code >= 0 && code < 64)) throw new Error("not compressed run lengths");
      value |= (code & 31) << shift;
      shift += 5;
      more = (code & 32) !== 0;
      if (!more && code & 16) value |= -1 << shift;
    }
    if (out.length > 2) value += out[out.length - 2];
    out.push(value);
  }
  return Uint32Array.from(out);
}

export function format(counts: ArrayLike<number>): string {
  const out: string[] = [];
  for (let k = 0; k < counts.length; k++) {
    let value = k > 2 ? counts[k] - counts[k - 2] : counts[k];
    let more = true;
    while (more) {
      let code = value & 31;
      value >>= 5;
      more = code & 16 ? value !== -1 : value !== 0;
      if (more) code |= 32;
      out.push(String.fromCharCode(code + 48));
    }
  }
  return out.join("");
}
