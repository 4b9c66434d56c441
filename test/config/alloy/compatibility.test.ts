import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compatibilityPage } from '../../../src/config/alloy/compatibility.js';
import { secretArguments } from '../../../src/config/alloy/diagnostics.js';
import type { Schema } from '../../../src/config/alloy/schema.js';
import { components } from '../../../src/config/alloy/tables/components.js';
import { importSchemas } from '../../../src/config/alloy/tables/modules.js';
import { stages } from '../../../src/config/alloy/tables/stages.js';
import { BUILTINS } from '../../../workers/stages/go/builtins.js';
import { SPRIG } from '../../../workers/stages/go/sprig.js';
import { MORE } from '../../../workers/stages/go/sprig-more.js';

const page = compatibilityPage({ own: Object.keys(BUILTINS), sprig: Object.keys({ ...SPRIG, ...MORE }) });
const PAGE = 'docs/alloy-compatibility.md';

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

describe('secrets', () => {
  it('are starred out of shown lines under every name they have', () => {
    for (const name of schemas.flatMap(secretsOf)) assert.ok(secretArguments.includes(name), name);
  });
});
