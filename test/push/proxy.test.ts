import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Environment, type ProxyOptions, proxyOf, readProxyUrl } from '../../src/push/proxy.js';

const STRAIGHT: ProxyOptions = { url: null, noProxy: null, fromEnvironment: false, connectHeaders: [] };

function by(target: string, options: Partial<ProxyOptions>, env: Environment = {}): string | null {
  return proxyOf(new URL(target), { ...STRAIGHT, ...options }, env)?.host ?? null;
}

describe('the proxy of a target', () => {
  it('is none where none is set', () => {
    assert.equal(by('http://loki/', {}, { HTTP_PROXY: 'http://proxy:1' }), null);
  });

  it('is "proxy_url" for everything, this machine included, where there is no "no_proxy"', () => {
    for (const target of ['http://loki/', 'https://loki/', 'http://localhost/', 'http://127.0.0.1/']) {
      assert.equal(by(target, { url: 'http://proxy:1' }), 'proxy:1', target);
    }
  });

  it('is not used for what "no_proxy" lists', () => {
    const table: [noProxy: string, target: string, proxied: boolean][] = [
      ['loki', 'http://loki/', false],
      ['loki', 'http://loki:3100/', false],
      ['loki', 'http://a.loki/', false],
      ['loki', 'http://notloki/', true],
      ['LOKI.svc', 'http://loki.SVC/', false],
      ['.svc', 'http://loki.svc/', false],
      ['.svc', 'http://svc/', true],
      ['*.svc', 'http://loki.svc/', false],
      ['*.svc', 'http://svc/', true],
      [' a , loki ,b', 'http://loki/', false],
      ['loki:3100', 'http://loki:3100/', false],
      ['loki:3100', 'http://loki/', true],
      ['loki:80', 'http://loki/', false],
      ['loki:443', 'https://loki/', false],
      ['*', 'http://anything/', false],
      ['10.0.0.0/8', 'http://10.1.2.3/', false],
      ['10.0.0.0/8', 'http://11.1.2.3/', true],
      ['10.0.0.0/8', 'http://ten/', true],
      ['10.0.0.0/99', 'http://10.1.2.3/', true],
      ['10.1.2.3', 'http://10.1.2.3:3100/', false],
      ['10.1.2.3:80', 'http://10.1.2.3:3100/', true],
      ['fd00::/8', 'http://[fd00::1]/', false],
      ['fd00::1', 'http://[fd00::1]/', false],
      ['[fd00::1]:80', 'http://[fd00::1]/', false],
      ['[fd00::1]:81', 'http://[fd00::1]/', true],
      ['other', 'http://localhost/', false],
      ['other', 'http://127.0.0.9/', false],
      ['other', 'http://[::1]/', false],
      [',', 'http://loki/', true],
    ];
    for (const [noProxy, target, proxied] of table) {
      const proxy = by(target, { url: 'http://proxy:1', noProxy });
      assert.equal(proxy, proxied ? 'proxy:1' : null, `${noProxy} for ${target}`);
    }
  });

  it('comes from the environment, by the scheme of the target', () => {
    const env = { HTTP_PROXY: 'plain:1', https_proxy: 'http://secure:2', no_proxy: 'loki.svc' };
    const from = (target: string) => by(target, { fromEnvironment: true }, env);
    assert.equal(from('http://loki/'), 'plain:1');
    assert.equal(from('https://loki/'), 'secure:2');
    assert.equal(from('https://loki.svc/'), null);
    assert.equal(from('http://localhost/'), null);
    assert.equal(by('http://loki/', { fromEnvironment: true }, {}), null);
  });
});

describe('the address of a proxy', () => {
  it('needs no scheme', () => {
    assert.equal(readProxyUrl('proxy:3128').href, 'http://proxy:3128/');
    assert.equal(readProxyUrl('10.0.0.1:3128').href, 'http://10.0.0.1:3128/');
    assert.equal(readProxyUrl('https://proxy').href, 'https://proxy/');
  });

  it('is in no message when it cannot be read', () => {
    for (const text of ['', 'http://', 'http://me:secret@pro xy', 'ftp://me:secret@proxy']) {
      assert.throws(
        () => readProxyUrl(text),
        (error: Error) => 'code' in error && error.code === 'PROXY_URL' && !error.message.includes('secret'),
        text,
      );
    }
  });
});
