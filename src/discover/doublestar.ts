/** Where the class or the alternatives that begin at `from` end: at the bracket, or -1. */
function endOf(glob: string, from: number): number {
  const isClass = glob[from] === '[';
  let depth = 0;
  for (let at = from; at < glob.length; at++) {
    const character = glob[at];
    if (character === '\\') at++;
    else if (isClass) {
      if (character === ']') return at;
    } else if (character === '[') {
      const end = endOf(glob, at);
      if (end >= 0) at = end;
    } else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at;
  }
  return -1;
}

/** The parts between the commas that stand in no brackets. */
function alternatives(inside: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < inside.length; at++) {
    const character = inside[at];
    if (character === '\\') at++;
    else if (character === '[' || character === '{') at = Math.max(at, endOf(inside, at));
    else if (character === ',') {
      parts.push(inside.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, inside.slice(from)];
}

/**
 * A glob of Alloy (of the Go library doublestar) as picomatch and fast-glob have to see it: `[!a]` negates, one alternative
 * in braces stands for itself, and `(`, `)` and `|` are characters like any other.
 */
export function fromDoublestar(glob: string): string {
  let out = '';
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at]!;
    const end = character === '[' || character === '{' ? endOf(glob, at) : -1;
    if (character === '\\') out += character + (glob[++at] ?? '');
    else if (character === '[' && end >= 0) {
      out += glob.slice(at, end + 1).replace(/^\[!/, '[^');
      at = end;
    } else if (character === '{' && end >= 0) {
      const parts = alternatives(glob.slice(at + 1, end)).map(fromDoublestar);
      out += parts.length === 1 ? parts[0] : `{${parts.join(',')}}`;
      at = end;
    } else out += '()|'.includes(character) ? `\\${character}` : character;
  }
  return out;
}
