/** Lays out rows in columns, the first to the left and the others to the right; a heading is underlined. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = heading.length > 0 ? [heading, ...rows] : rows;
  const widths: number[] = [];
  for (const row of all) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  if (heading.length > 0) lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return `${lines.join('\n')}\n`;
}

/** A name and its value in each line. */
export function pairs(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/** Three significant digits, and all digits before the point: 0.00123, 12.3, 12,345. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}

/** A size in MiB, with one digit below a hundred. */
export function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20;
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')} MiB`;
}
