import { readFileSync } from 'node:fs';
import type { AsnResponse, CityResponse, Response } from 'mmdb-lib';
import type { GeoipStage } from '../../src/pipeline.js';
import type { Entry, Extracted } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { extractedKeys } from './input.js';
import { compileQuery } from './query.js';

const PLACE = ['city_name', 'country_name', 'country_code', 'continent_name', 'continent_code', 'location_latitude'];
PLACE.push('location_longitude', 'postal_code', 'timezone', 'subdivision_name', 'subdivision_code');
const COUNTRY = ['country_name', 'country_code', 'continent_name', 'continent_code'];
const SYSTEM = ['autonomous_system_number', 'autonomous_system_organization'];

export function accessGeoip({ source, dbType, customLookups }: GeoipStage): Access {
  const names = dbType === 'city' ? PLACE : dbType === 'asn' ? SYSTEM : COUNTRY;
  const writes = [...names.map((name) => `geoip_${name}`), ...customLookups.map(([name]) => name)];
  return { reads: [`x:${source}`], writes: extractedKeys(writes), pure: true };
}

/** What a database says about an address; null if nothing. */
type GeoLookup = (address: string) => Response | null;

let library: typeof import('mmdb-lib') | null = null;

/** Loads what reads databases. To be awaited before a stage is compiled. */
export async function loadReader(): Promise<void> {
  library ??= await import('mmdb-lib');
}

function openDatabase(path: string): GeoLookup {
  if (library === null) throw new TypeError('a database whose library was not loaded');
  const { Reader } = library;
  try {
    const reader = new Reader<Response>(readFileSync(path));
    return (address) => reader.get(address);
  } catch (error) {
    throw new Error(`can not read the database ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Extracts where an address is, from a MaxMind database. */
export function compileGeoip({ db, source, dbType, customLookups }: GeoipStage): Stage {
  // Loaded where it is needed: by few.
  const { isIP } = process.getBuiltinModule('node:net');
  const lookup = openDatabase(db);
  const queries = customLookups.map(([name, expression]) => ({ name, query: compileQuery(expression) }));
  const put = dbType === 'city' ? putCity : dbType === 'asn' ? putSystem : putCountry;
  return {
    process({ extracted }: Entry): boolean {
      const address = extracted.text(source);
      if (address === undefined || isIP(address) === 0) return true;
      const record = lookup(address);
      if (record === null) return true;
      put(record as CityResponse & AsnResponse, extracted);
      for (const { name, query } of queries) {
        const value = query(record);
        if (value !== undefined && value !== null) extracted.set(name, value);
      }
      return true;
    },
  };
}

function setText(extracted: Extracted, name: string, value: string | undefined): void {
  if (value !== undefined && value !== '') extracted.set(`geoip_${name}`, value);
}

function putCountry({ country, continent }: CityResponse, extracted: Extracted): void {
  setText(extracted, 'country_name', country?.names.en);
  setText(extracted, 'country_code', country?.iso_code);
  setText(extracted, 'continent_name', continent?.names.en);
  setText(extracted, 'continent_code', continent?.code);
}

function putCity(record: CityResponse, extracted: Extracted): void {
  const { city, location, postal, subdivisions } = record;
  setText(extracted, 'city_name', city?.names.en);
  putCountry(record, extracted);
  if (location !== undefined && (location.latitude !== 0 || location.longitude !== 0)) {
    extracted.set('geoip_location_latitude', location.latitude);
    extracted.set('geoip_location_longitude', location.longitude);
  }
  setText(extracted, 'postal_code', postal?.code);
  setText(extracted, 'timezone', location?.time_zone);
  const [subdivision] = subdivisions ?? [];
  setText(extracted, 'subdivision_name', subdivision?.names.en);
  setText(extracted, 'subdivision_code', subdivision?.iso_code);
}

function putSystem(record: AsnResponse, extracted: Extracted): void {
  const { autonomous_system_number: number, autonomous_system_organization: organization } = record;
  if (number) extracted.set('geoip_autonomous_system_number', number);
  setText(extracted, 'autonomous_system_organization', organization);
}
