const sizeUnits: readonly string[] = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/**
 * Reads a size as Base2Bytes: numbers with units, where KB and KiB both are 1024 bytes, or `0`. A bare number is none.
 * @returns bytes; null if it is none
 */
export function parseBase2Bytes(text: string): number | null {
  const [, sign, body] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0;
  const known = ['i', ''].some((infix) => {
    return new RegExp(`^(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[KMGTPE]${infix}B|B))+$`).test(body ?? '');
  });
  if (body === undefined || !known) return null;
  let bytes = 0;
  for (const [, number, unit] of body.matchAll(/([\d.]+)([KMGTPE]?)i?B/g)) {
    bytes += Number(number) * 1024 ** sizeUnits.indexOf(unit ?? '');
  }
  bytes = Math.trunc(bytes);
  if (!Number.isSafeInteger(bytes)) return null;
  return sign === '-' ? -bytes : bytes;
}
