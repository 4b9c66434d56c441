/** Go changes each character for a single one: `ß` has no capital letter, and `Σ` only one small one. */
function single(character: string, changed: string): string {
  if (character === 'İ' && changed !== character) return 'i';
  return [...changed].length === 1 ? changed : character;
}

export function toUpper(text: string): string {
  return [...text].map((character) => single(character, character.toUpperCase())).join('');
}

export function toLower(text: string): string {
  return [...text].map((character) => single(character, character.toLowerCase())).join('');
}
