function twoDigits(at: usize): i32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at + 1) - 0x30;
  return tens > 9 || ones > 9 ? -10_000_000 : tens * 10 + ones;
}

/** Seconds since the epoch of the `2006-01-02T15:04:05.` at `at` (proleptic Gregorian, UTC); -1 if it is none from 1970 on. */
export function secondAt(at: usize): i64 {
  if (load<u8>(at + 4) !== 0x2d || load<u8>(at + 7) !== 0x2d || load<u8>(at + 10) !== 0x54) return -1;
  if (load<u8>(at + 13) !== 0x3a || load<u8>(at + 16) !== 0x3a || load<u8>(at + 19) !== 0x2e) return -1;
  const year = twoDigits(at) * 100 + twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  const hour = twoDigits(at + 11);
  const minute = twoDigits(at + 14);
  const second = twoDigits(at + 17);
  if (year < 1970 || <u32>hour > 23 || <u32>minute > 59 || <u32>second > 59 || month < 1 || month > 12) return -1;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = month === 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
  if (day < 1 || day > last) return -1;
  // In a year that begins with March the leap day is the last one.
  const early = month < 3;
  const y = early ? year - 1 : year;
  const m = early ? month + 9 : month - 3;
  const days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
  return <i64>days * 86400 + hour * 3600 + minute * 60 + second;
}

export const NO_OFFSET: i64 = i64.MAX_VALUE;

/** Seconds east of UTC of the `+hh:mm` at `at`, or NO_OFFSET. */
export function offsetAt(at: usize): i64 {
  const sign = load<u8>(at);
  const hours = twoDigits(at + 1);
  const minutes = twoDigits(at + 4);
  if ((sign !== 0x2b && sign !== 0x2d) || load<u8>(at + 3) !== 0x3a) return NO_OFFSET;
  if (<u32>hours > 23 || <u32>minutes > 59) return NO_OFFSET;
  const offset = hours * 3600 + minutes * 60;
  return sign === 0x2b ? offset : -offset;
}
