/** Moves `length` bytes in steps of 16: up to 15 bytes behind them are overwritten too. At least one step is made. */
export function copyWide(to: usize, from: usize, length: i32): void {
  const end = to + length;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

/** Bit i says whether byte i of the 16 at `a` is the one at `b`. */
export function equalBytes(a: usize, b: usize): i32 {
  return i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
}

/** How many bytes at `a` are those at `b`, at most `most`. */
export function equalLength(a: usize, b: usize, most: i32): i32 {
  let length = 0;
  do {
    const different = equalBytes(a + length, b + length) ^ 0xffff;
    if (different !== 0) {
      length += ctz(different);
      break;
    }
    length += 16;
  } while (length < most);
  return min(length, most);
}

/** Address of the first newline at or after `at`; there must be one. */
export function findNewline(at: usize): usize {
  let found: i32;
  at -= 16;
  do {
    at += 16;
    found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x0a)));
  } while (found === 0);
  return at + ctz(found);
}
