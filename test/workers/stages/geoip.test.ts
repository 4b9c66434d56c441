import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type LooseStage, runLines } from './harness.js';
import { mmdb } from './mmdb.js';

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-geoip-'));
after(() => rmSync(folder, { recursive: true }));

const CITY = {
  city: { names: { en: 'Berlin', de: 'Berlin' } },
  continent: { code: 'EU', names: { en: 'Europe' } },
  country: { iso_code: 'DE', names: { en: 'Germany' } },
  location: { latitude: 52.5, longitude: 13.4, time_zone: 'Europe/Berlin' },
  postal: { code: '10115' },
  subdivisions: [{ iso_code: 'BE', names: { en: 'Land Berlin' } }],
};

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const city = write(
  'city.mmdb',
  mmdb({ 10: CITY, 20: { country: { iso_code: 'FR', names: { en: 'France' } } } }, 'Test-City'),
);
const asn = write(
  'asn.mmdb',
  mmdb({ 10: { autonomous_system_number: 64500, autonomous_system_organization: 'ACME' } }, 'Test-ASN'),
);

function values(
  line: string,
  args: Record<string, unknown> = {},
  before: LooseStage = { logfmt: { mapping: { ip: '' } } },
) {
  const [result] = runLines([before, { geoip: { db: city, source: 'ip', dbType: 'city', ...args } }], [line], {
    keepAll: true,
  });
  return Object.fromEntries(Object.entries(result!.values).filter(([name]) => name !== 'filename' && name !== 'ip'));
}

describe('geoip', () => {
  test('a city', () => {
    assert.deepEqual(values('ip=10.1.2.3'), {
      geoip_city_name: 'Berlin',
      geoip_country_name: 'Germany',
      geoip_country_code: 'DE',
      geoip_continent_name: 'Europe',
      geoip_continent_code: 'EU',
      geoip_location_latitude: 52.5,
      geoip_location_longitude: 13.4,
      geoip_postal_code: '10115',
      geoip_timezone: 'Europe/Berlin',
      geoip_subdivision_name: 'Land Berlin',
      geoip_subdivision_code: 'BE',
    });
  });
  test('what a record does not say is left out', () => {
    assert.deepEqual(values('ip=20.0.0.1'), { geoip_country_name: 'France', geoip_country_code: 'FR' });
  });
  test('a country', () => {
    assert.deepEqual(Object.keys(values('ip=10.1.2.3', { dbType: 'country' })).sort(), [
      'geoip_continent_code',
      'geoip_continent_name',
      'geoip_country_code',
      'geoip_country_name',
    ]);
  });
  test('an autonomous system', () => {
    assert.deepEqual(values('ip=10.0.0.1', { db: asn, dbType: 'asn' }), {
      geoip_autonomous_system_number: 64500,
      geoip_autonomous_system_organization: 'ACME',
    });
  });
  test('an address that is in no network', () => assert.deepEqual(values('ip=30.0.0.1'), {}));
  test('what is no address', () => assert.deepEqual(values('ip=here'), {}));
  test('a missing source', () => assert.deepEqual(values('x=1'), {}));
  test('an empty source', () => assert.deepEqual(values('ip='), {}));
  test("lookups of one's own", () => {
    const found = values('ip=10.0.0.1', {
      customLookups: { german: 'city.names.de', none: 'city.nothing', sub: 'subdivisions[0].iso_code' },
    });
    assert.equal(found.german, 'Berlin');
    assert.equal(found.sub, 'BE');
    assert.ok(!('none' in found));
  });
  test('the values are good for labels', () => {
    const stages = [
      { logfmt: { mapping: { ip: '' } } },
      { geoip: { db: city, source: 'ip', dbType: 'city' } },
      { labels: { values: { country: 'geoip_country_code', latitude: 'geoip_location_latitude' } } },
    ];
    const [result] = runLines(stages, ['ip=10.0.0.1']);
    assert.equal(result!.labels.country, 'DE');
    assert.equal(result!.labels.latitude, '52.5');
  });
  test('a database that is not there', () =>
    assert.throws(() => values('ip=10.0.0.1', { db: '/none' }), /can not read the database/));
});
