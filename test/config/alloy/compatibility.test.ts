import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compatibilityPage } from '../../../src/config/alloy/compatibility.js';
import { secretArguments } from '../../../src/config/alloy/diagnostics.js';
import type { Schema } from '../../../src/config/alloy/schema.js';
import { components } from '../../../src/config/alloy/tables/components.js';
import { importSchemas } from '../../../src/config/alloy/tables/modules.js';
import { stages } from '../../../src/config/alloy/tables/stages.js';
import { unwired } from '../../../src/config/alloy/unwired.js';
import { BUILTINS } from '../../../workers/stages/go/builtins.js';
import { SPRIG } from '../../../workers/stages/go/sprig.js';
import { mistakesIn } from './helpers.js';

const page = compatibilityPage({ own: Object.keys(BUILTINS), sprig: Object.keys(SPRIG) });
const PAGE = 'docs/alloy-compatibility.md';

/** Every path of an argument or block in the tables. */
function pathsOf({ args, blocks }: Schema, path: string): string[] {
  const inner = Object.entries(blocks).flatMap(([name, { schema }]) => pathsOf(schema as Schema, `${path}/${name}`));
  return [path, ...Object.keys(args).map((name) => `${path}/${name}`), ...inner];
}

/** Names of the arguments whose values are secrets. */
function secretsOf({ args, blocks }: Schema): string[] {
  const own = Object.entries(args).filter(([, { type }]) => type.name.includes('secret'));
  return [...own.map(([name]) => name), ...Object.values(blocks).flatMap(({ schema }) => secretsOf(schema as Schema))];
}

const schemas = [...Object.values(components).map(({ schema }) => schema), ...Object.values(importSchemas)] as Schema[];

describe('the page on compatibility', () => {
  it('says what the tables say (UPDATE_DOCS=1 writes it)', () => {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, page);
    assert.ok(existsSync(PAGE));
    assert.equal(readFileSync(PAGE, 'utf8'), page);
  });

  it('names every component and stage', () => {
    for (const name of [...Object.keys(components), ...Object.keys(stages)]) {
      assert.ok(page.includes(`### \`${name}\``), name);
    }
  });
});

describe('what is not wired yet', () => {
  it('is in the tables', () => {
    const paths = new Set(Object.entries(components).flatMap(([name, { schema }]) => pathsOf(schema, name)));
    for (const path of Object.keys(unwired)) assert.ok(paths.has(path), path);
  });

  it('is refused when it is used, and taken when it says what holds anyway', () => {
    const text = (inside: string) => `loki.write "w" {\n  endpoint {\n    url = "http://a"\n    ${inside}\n  }\n}`;
    const why = 'it is a test';
    const wired = {
      unwired: { 'loki.write/endpoint/proxy_from_environment': why, 'loki.write/endpoint/oauth2': why },
    };
    assert.deepEqual(mistakesIn(text('proxy_from_environment = false'), wired), []);
    assert.deepEqual(mistakesIn(text('follow_redirects = false'), wired), []);
    assert.match(mistakesIn(text('proxy_from_environment = true'), wired)[0] ?? '', /^4:5: .*not supported yet/);
    assert.match(
      mistakesIn(text('oauth2 {\n client_id = "a"\n }'), wired)[0] ?? '',
      /^4:5: the block "oauth2" of loki.write > endpoint is not supported yet/,
    );
  });
});

describe('secrets', () => {
  it('are starred out of shown lines under every name they have', () => {
    for (const name of schemas.flatMap(secretsOf)) assert.ok(secretArguments.includes(name), name);
  });
});
