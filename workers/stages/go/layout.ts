/** The parts of a Go time layout, as `time.Parse` tells them apart (package time, format.go: nextStdChunk). */
export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'fraction'; digits: number; optional: boolean }
  | { kind: 'zone'; z: boolean; seconds: boolean; minutes: boolean; colons: boolean }
  | { kind: Field };

export type Field =
  | 'January'
  | 'Jan'
  | '1'
  | '01'
  | 'Monday'
  | 'Mon'
  | '2'
  | '_2'
  | '02'
  | '__2'
  | '002'
  | '15'
  | '3'
  | '03'
  | '4'
  | '04'
  | '5'
  | '05'
  | '2006'
  | '06'
  | 'PM'
  | 'pm'
  | 'MST';

// Longest first where one begins with another.
const FIELDS: readonly Field[] = [
  ...['January', 'Jan', 'Monday', 'Mon', 'MST', '2006', '002', '__2', '_2', '01', '02', '03', '04', '05', '06'],
  ...(['15', '1', '2', '3', '4', '5', 'PM', 'pm'] as const),
] as Field[];
const ZONE = /^([Z-])07(?:(00)(00)?|(:00)(:00)?)?/;
const FRACTION = /^[.,](0+|9+)(?!\d)/;

function fieldAt(layout: string, at: number): Field | null {
  for (const field of FIELDS) {
    if (!layout.startsWith(field, at)) continue;
    // "Jan" and "Mon" inside a longer word are text; "_2006" is an underscore and a year.
    if ((field === 'Jan' || field === 'Mon') && /[a-z]/.test(layout[at + 3] ?? '')) continue;
    if (field === '_2' && layout.startsWith('_2006', at)) continue;
    return field;
  }
  return null;
}

export function parseLayout(layout: string): Part[] {
  const parts: Part[] = [];
  let text = '';
  const push = (part: Part): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
    parts.push(part);
  };
  for (let at = 0; at < layout.length; ) {
    const rest = layout.slice(at);
    const zone = ZONE.exec(rest);
    if (zone !== null) {
      const [all, sign, mm, ss, colonMm, colonSs] = zone;
      const seconds = ss !== undefined || colonSs !== undefined;
      push({
        kind: 'zone',
        z: sign === 'Z',
        minutes: mm !== undefined || colonMm !== undefined,
        seconds,
        colons: colonMm !== undefined,
      });
      at += all.length;
      continue;
    }
    const fraction = FRACTION.exec(rest);
    if (fraction !== null) {
      push({ kind: 'fraction', digits: fraction[1]!.length, optional: fraction[1]!.startsWith('9') });
      at += fraction[0].length;
      continue;
    }
    const field = fieldAt(layout, at);
    if (field === null) text += layout[at++];
    else {
      push({ kind: field });
      at += field.length;
    }
  }
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}
