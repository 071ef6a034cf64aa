/** What this browser remembers; where it may remember nothing, nothing is. */

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // private windows, or a full disk: it is asked again
  }
}
