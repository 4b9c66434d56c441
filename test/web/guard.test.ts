import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../src/config/alloy/value.js';
import { createGuard } from '../../src/web/guard.js';

const user = { username: 'jörg', password: new Secret('a:b'), paths: [] as string[], authenticateMatchingPaths: false };

function basic(text: string, scheme = 'Basic'): string {
  return `${scheme} ${Buffer.from(text).toString('base64')}`;
}

describe('guard', () => {
  it('lets everybody through where nobody is to be asked', () => {
    assert.ok(createGuard(null)('/metrics', undefined));
  });

  it('takes the name and the password, and nothing else', () => {
    const guard = createGuard(user);
    for (const good of [basic('jörg:a:b'), basic('jörg:a:b', 'bASIC'), basic('jörg:a:b', 'Basic  ')]) {
      assert.ok(guard('/metrics', good), good);
    }
    const bad = ['jörg:a', 'jörg:a:b ', 'jörg', 'jorg:a:b', ':a:b', 'jörg:', '', 'jörg:a:b:'].map((text) =>
      basic(text),
    );
    for (const each of [...bad, undefined, '', 'Basic', 'Basic !', basic('jörg:a:b', 'Bearer'), 'jörg:a:b']) {
      assert.equal(guard('/metrics', each), false, each);
    }
  });

  it('asks for paths that begin as named, or for all others', () => {
    const paths = ['/metrics', '/-/re'];
    const asked = (authenticateMatchingPaths: boolean) =>
      ['/metrics', '/metrics/x', '/-/reload', '/-/ready', '/-/healthy', '/'].filter(
        (path) => !createGuard({ ...user, paths, authenticateMatchingPaths })(path, undefined),
      );
    assert.deepEqual(asked(true), ['/metrics', '/metrics/x', '/-/reload', '/-/ready']);
    assert.deepEqual(asked(false), ['/-/healthy', '/']);
  });
});
