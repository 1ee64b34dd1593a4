/* What both forms of certificates need: refusing, base64, unpacking within bounds. */
const LARGEST = 64 * 1024;

export class Refused extends Error {
  constructor(verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

export function unbase64(text) {
  try {
    const plain = atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (mark) => mark.charCodeAt(0));
  } catch {
    throw new Refused("unreadable");
  }
}

export async function inflated(packed, format) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    size += value.length;
    if (size > LARGEST) throw new Refused("unreadable");
  }
}
