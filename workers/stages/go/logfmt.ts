const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * Gives each pair of `text` to `take`, with the rules of go-logfmt 0.6: a key without a value has `''`. Stops at the first
 * thing that is no logfmt.
 */
export function readLogfmt(text: string, take: (key: string, value: string) => void): void {
  let at = 0;
  const end = text.length;
  while (at < end) {
    if (text.charCodeAt(at) <= SPACE) {
      at++;
      continue;
    }
    const keyFrom = at;
    let code = 0;
    for (; at < end; at++) {
      code = text.charCodeAt(at);
      if (code === EQUALS || code === QUOTE || code <= SPACE) break;
    }
    if (at < end && code === QUOTE) return;
    const key = text.slice(keyFrom, at);
    if (key === '' || !isKey(key)) return;
    if (at >= end || code !== EQUALS) {
      take(key, '');
      continue;
    }
    at++;
    if (at < end && text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at);
      if (close < 0) return;
      const value = unquote(text.slice(at, close + 1));
      if (value === null) return;
      take(key, value);
      at = close + 1;
      continue;
    }
    const valueFrom = at;
    for (; at < end; at++) {
      code = text.charCodeAt(at);
      if (code <= SPACE) break;
      if (code === EQUALS || code === QUOTE) return;
    }
    take(key, text.slice(valueFrom, at));
  }
}

function isKey(key: string): boolean {
  return key.isWellFormed() && !key.includes('\ufffd');
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
    // Records are read line by line.
    else if (code === NEWLINE) return -1;
  }
  return -1;
}

/** A quoted value has the escapes of JSON; without a backslash, anything may stand in it. */
function unquote(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return (JSON.parse(quoted.replaceAll("\\'", "'")) as string).toWellFormed();
  } catch {
    return null;
  }
}
