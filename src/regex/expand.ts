/** Names of groups from 1 on; null for those without. Several groups may have the same name. */
export type GroupNames = readonly (string | null)[];

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
/** The digits that Go reads as a number; others are a name. */
const NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/**
 * `template` with `$1`, `${1}`, `$name`, `${name}` and `$$` filled in, as Go's Regexp.Expand does: of groups of one name
 * by the first that took part in the match.
 * @param groups what was matched, first as a whole, then by each group; undefined for those without part
 */
export function expand(template: string, names: GroupNames, groups: readonly (string | undefined)[]): string {
  return template.replace(REFERENCE, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$';
    const wanted = braced ?? bare!;
    if (NUMBER.test(wanted)) return groups[Number(wanted)] ?? '';
    return groups.find((group, index) => group !== undefined && names[index - 1] === wanted) ?? '';
  });
}
