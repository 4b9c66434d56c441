/**
 * The parts of a pattern, as far as it takes to find where groups are named: text between \Q and \E, an escaped
 * character, a class, a named group, anything else. What is not ended goes on to the end of the pattern.
 */
const PART = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.?|[^\]\\])*(?:\]|$)|(\(\?P?<)(\w+)>|./gs;

/** A pattern in which no two groups have the same name. */
export interface DistinctNames {
  pattern: string;
  /** A name or another part of `pattern` as it was before. */
  restored(part: string): string;
}

/** Go takes one name for several groups, the library of RE2 does not: each but the first gets a name of its own. */
export function distinctNames(pattern: string): DistinctNames {
  const longest = (pattern.match(/g_*/g) ?? []).reduce((most, { length }) => Math.max(most, length), 0);
  const prefix = 'g'.padEnd(longest + 1, '_');
  const seen = new Set<string>();
  const renamed: string[] = [];
  const distinct = pattern.replace(PART, (part, open?: string, name?: string) => {
    if (name === undefined) return part;
    if (seen.has(name)) return `${open}${prefix}${renamed.push(name) - 1}>`;
    seen.add(name);
    return part;
  });
  const given = new RegExp(`${prefix}(\\d+)`, 'g');
  return { pattern: distinct, restored: (part) => part.replace(given, (_, index) => renamed[Number(index)]!) };
}
