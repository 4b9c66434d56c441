import { daysInMonth, daysOf } from './civil.js';
import { Cursor } from './cursor.js';
import { type Field, type Part, parseLayout } from './layout.js';
import type { Zone } from './zone.js';

/** An instant: seconds since the epoch, and nanoseconds. */
export interface Instant {
  seconds: number;
  nanos: number;
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'];
MONTHS.push('November', 'December');
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** What the text said, before it is an instant. */
interface Fields {
  year: number;
  /** From 1; 0: not told. */
  month: number;
  day: number;
  /** From 1; -1: not told. */
  yearDay: number;
  hour: number;
  minute: number;
  second: number;
  nanos: number;
  pm: boolean;
  am: boolean;
  /** It says that it is UTC, whatever else it says. */
  utc: boolean;
  /** Seconds east of UTC. */
  offset: number | null;
  /** An abbreviation; empty: not told. */
  zoneName: string;
}

/**
 * Compiles a Go layout to a parser of texts, with the rules of Go's `time.Parse` (package time, format.go). `zone` is
 * where texts without a zone of their own are at home; null: UTC. The parser returns null for what does not fit.
 */
export function compileLayout(layout: string, zone: Zone | null): (text: string, year?: number) => Instant | null {
  const parts = parseLayout(layout);
  const fractionFollows = parts.map(
    (_, i) => parts.slice(i + 1).find(({ kind }) => kind !== 'text')?.kind === 'fraction',
  );
  return (text, year) => {
    const cursor = new Cursor(text);
    const fields: Fields = {
      year: 0,
      month: 0,
      day: 0,
      yearDay: -1,
      hour: 0,
      minute: 0,
      second: 0,
      nanos: 0,
      pm: false,
      am: false,
      utc: false,
      offset: null,
      zoneName: '',
    };
    for (let i = 0; i < parts.length; i++) {
      parsePart(parts[i]!, cursor, fields, fractionFollows[i]!);
      if (cursor.at < 0) return null;
    }
    if (cursor.at !== text.length) return null;
    if (year !== undefined) {
      if (fields.year !== 0) return null;
      // What day a date without a year is, can depend on the year; Go has looked at the year 0, which is a leap year.
      if (fields.day > daysInMonth(0, fields.month || 1)) return null;
      fields.year = year;
    }
    return instantOf(fields, zone, year !== undefined);
  };
}

function instantOf(fields: Fields, zone: Zone | null, anyDay: boolean): Instant | null {
  const { year, minute, second, nanos, offset, zoneName, yearDay } = fields;
  let { month, day, hour } = fields;
  if (fields.pm && hour < 12) hour += 12;
  else if (fields.am && hour === 12) hour = 0;
  if (yearDay >= 0) {
    const date = dateOf(year, yearDay);
    if (date === null || (month > 0 && month !== date.month) || (day > 0 && day !== date.day)) return null;
    ({ month, day } = date);
  }
  month ||= 1;
  day ||= 1;
  if (!anyDay && day > daysInMonth(year, month)) return null;
  const local = daysOf(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  if (fields.utc) return { seconds: local, nanos };
  if (offset !== null) return { seconds: local - offset, nanos };
  if (zoneName === '') return { seconds: zone === null ? local : zone.toUtc(local), nanos };
  // What the zone does not know counts as UTC in Go, the number in "GMT+3" included.
  return { seconds: local - (zone?.offsetOf(zoneName, local) ?? 0), nanos };
}

/** The date of a day of the year, from 1; null if the year has no such day. */
function dateOf(year: number, yearDay: number): { month: number; day: number } | null {
  let day = yearDay;
  let month = 1;
  while (month <= 12 && day > daysInMonth(year, month)) day -= daysInMonth(year, month++);
  return day < 1 || month > 12 ? null : { month, day };
}

function parsePart(part: Part, cursor: Cursor, fields: Fields, fractionFollows: boolean): void {
  if (part.kind === 'text') cursor.literal(part.text);
  else if (part.kind === 'fraction') parseFraction(part, cursor, fields);
  else if (part.kind === 'zone') parseOffset(part, cursor, fields);
  else parseField(part.kind, cursor, fields, fractionFollows);
}

function parseFraction(part: { digits: number; optional: boolean }, cursor: Cursor, fields: Fields): void {
  if (!part.optional) fields.nanos = cursor.fraction(part.digits);
  else if (cursor.startsFraction) fields.nanos = cursor.fraction();
}

function parseOffset(
  part: { z: boolean; minutes: boolean; seconds: boolean; colons: boolean },
  cursor: Cursor,
  fields: Fields,
): void {
  if (part.z && cursor.take('Z')) {
    fields.utc = true;
    return;
  }
  const sign = cursor.take('+') ? 1 : cursor.take('-') ? -1 : 0;
  if (sign === 0) cursor.fail();
  const colon = (): void => {
    if (cursor.at >= 0 && part.colons && !cursor.take(':')) cursor.fail();
  };
  const next = (high: number): number => (cursor.at < 0 ? 0 : cursor.number(true, 0, high));
  let seconds = next(24) * 3600;
  if (part.minutes) {
    colon();
    seconds += next(60) * 60;
  }
  if (part.seconds) {
    colon();
    seconds += next(60);
  }
  fields.offset = sign * seconds;
}

function parseField(field: Field, cursor: Cursor, fields: Fields, fractionFollows: boolean): void {
  switch (field) {
    case '2006':
      fields.year = cursor.digits(4);
      return;
    case '06': {
      const year = cursor.digits(2);
      fields.year = year + (year >= 69 ? 1900 : 2000);
      return;
    }
    case 'January':
      fields.month = cursor.name(MONTHS) + 1;
      return;
    case 'Jan':
      fields.month = cursor.name(MONTHS, 3) + 1;
      return;
    case '1':
    case '01':
      fields.month = cursor.number(field === '01', 1, 12);
      return;
    case 'Monday':
      cursor.name(DAYS);
      return;
    case 'Mon':
      cursor.name(DAYS, 3);
      return;
    case '_2':
      cursor.take(' ');
      fields.day = cursor.number(false, 1, 31);
      return;
    case '2':
    case '02':
      fields.day = cursor.number(field === '02', 1, 31);
      return;
    case '__2':
    case '002': {
      if (field === '__2' && cursor.take(' ')) cursor.take(' ');
      fields.yearDay = cursor.digits(3, field === '__2');
      return;
    }
    case '15':
      fields.hour = cursor.number(false, 0, 23);
      return;
    case '3':
    case '03':
      fields.hour = cursor.number(field === '03', 0, 12);
      return;
    case '4':
    case '04':
      fields.minute = cursor.number(field === '04', 0, 59);
      return;
    case '5':
    case '05':
      fields.second = cursor.number(field === '05', 0, 59);
      // Go takes a fraction here even where the layout has none.
      if (cursor.at >= 0 && !fractionFollows && cursor.startsFraction) fields.nanos = cursor.fraction();
      return;
    case 'PM':
    case 'pm': {
      const text = cursor.text.slice(cursor.at, cursor.at + 2);
      const upper = field === 'PM' ? text : text === text.toLowerCase() ? text.toUpperCase() : '';
      if (upper === 'PM') fields.pm = true;
      else if (upper === 'AM') fields.am = true;
      else cursor.fail();
      if (cursor.at >= 0) cursor.at += 2;
      return;
    }
    case 'MST':
      if (cursor.take('UTC')) fields.utc = true;
      else fields.zoneName = cursor.abbreviation();
  }
}
