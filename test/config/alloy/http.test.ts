import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CERTIFICATE, KEY, STRANGER } from '../../push/certificate.js';
import { filesOf, loadAlloy, mistakesIn, planOf } from './helpers.js';

const files = filesOf({
  '/tls.crt': CERTIFICATE,
  '/tls.key': KEY,
  '/other.key': STRANGER.key,
  '/ca.crt': STRANGER.cert,
  '/text': 'no PEM',
});
const pair = 'cert_file = "/tls.crt"\nkey_file = "/tls.key"\n';

function http(inside: string): string {
  return `http {\n${inside}\n}`;
}

function httpPlan(inside: string) {
  return planOf(http(inside), { files }).http;
}

function tlsMistakes(inside: string): string[] {
  return mistakesIn(http(`tls {\n${inside}\n}`), { files }).map((text) => text.replace(/^\d+:\d+: /, ''));
}

describe('http', () => {
  it('asks for nothing unless told to', () => {
    assert.deepEqual(httpPlan(''), { auth: null, tls: null });
  });

  it('asks for a password on every path without a filter, and as the filter says with one', () => {
    const basic = 'basic {\nusername = "me"\npassword = "word"\n}\n';
    const asked = (inside: string) => {
      const auth = httpPlan(`auth {\n${inside}\n}`)?.auth;
      return auth && [auth.username, auth.password.reveal(), auth.paths, auth.authenticateMatchingPaths];
    };
    assert.deepEqual(asked(basic), ['me', 'word', [], false]);
    assert.deepEqual(asked(`${basic}filter {\npaths = ["/metrics"]\n}`), ['me', 'word', ['/metrics'], true]);
    assert.deepEqual(asked(`${basic}filter {\npaths = ["/-/"]\nauthenticate_matching_paths = false\n}`), [
      'me',
      'word',
      ['/-/'],
      false,
    ]);
    assert.equal(asked(''), null);
  });

  it('warns where auth asks nobody', () => {
    for (const inside of ['', 'basic {\nusername = "a"\npassword = "b"\n}\nfilter { }']) {
      const text = http(`auth {\n${inside}\n}`);
      const result = loadAlloy({ texts: [{ name: 'a', text }] }, { env: {} });
      assert.ok('plan' in result);
      assert.match(result.warnings[0]?.message ?? '', /nobody is asked for a password/);
    }
  });

  it('reads certificates from files, which are watched then, or takes them as they stand there', () => {
    const plan = planOf(http(`tls {\n${pair}\nclient_ca_file = "/ca.crt"\nclient_auth_type = "RequestClientCert"\n}`), {
      files,
    });
    assert.deepEqual(plan.files, ['/tls.crt', '/tls.key', '/ca.crt']);
    const { key, ...tls } = plan.http!.tls!;
    assert.equal(key.reveal(), KEY);
    assert.deepEqual(tls, {
      cert: CERTIFICATE,
      clientCa: STRANGER.cert,
      clientAuthType: 'RequestClientCert',
      ciphers: [],
      curves: [],
      minVersion: null,
      maxVersion: null,
    });
    const pem = (text: string) => `\`${text}\``;
    assert.equal(httpPlan(`tls {\ncert_pem = ${pem(CERTIFICATE)}\nkey_pem = ${pem(KEY)}\n}`)?.tls?.cert, CERTIFICATE);
  });

  it('takes ciphers, curves and versions by the names Go gives them', () => {
    const tls = httpPlan(
      `tls {\n${pair}
cipher_suites = ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
curve_preferences = ["X25519", "CurveP256"]
min_version = "TLS11"
max_version = "TLS12"
}`,
    )?.tls;
    assert.deepEqual(
      [tls?.ciphers, tls?.curves, tls?.minVersion, tls?.maxVersion],
      [['ECDHE-ECDSA-AES128-GCM-SHA256'], ['X25519', 'P-256'], 'TLS11', 'TLS12'],
    );
  });

  for (const [inside, mistake] of [
    ['cert_file = "/tls.crt"', /one of "key_pem" and "key_file" is needed/],
    ['key_file = "/tls.key"\ncert_file = ""', /one of "cert_pem" and "cert_file" is needed/],
    [`${pair}cert_pem = "x"`, /"cert_pem" and "cert_file" cannot both be given/],
    ['cert_file = "/none"\nkey_file = "/tls.key"', /the file \/none cannot be read \(ENOENT\)/],
    ['cert_file = "/tls.crt"\nkey_file = "/other.key"', /the certificate cannot be used with its key: .*mismatch/],
    ['cert_file = "/text"\nkey_file = "/tls.key"', /the certificate cannot be used with its key: /],
    [`${pair}client_ca_file = "/ca.crt"`, /only with another "client_auth_type"/],
    [
      `${pair}client_ca_file = "/text"\nclient_auth_type = "RequireAndVerifyClientCert"`,
      /the client CA is no certificate/,
    ],
    [`${pair}client_auth_type = "Sometimes"`, /"Sometimes" is not one of "NoClientCert"/],
    [`${pair}cipher_suites = ["ROT13"]`, /"ROT13" is no cipher suite that is known/],
    [`${pair}curve_preferences = ["constructor"]`, /"constructor" is no curve that is known/],
    [`${pair}min_version = "TLS13"\nmax_version = "TLS12"`, /"min_version" is above "max_version"/],
    [`${pair}windows_certificate_filter { }`, /is not supported: there is no certificate store of Windows/],
  ] as const) {
    it(`refuses tls: ${mistake.source}`, () => {
      const mistakes = tlsMistakes(inside);
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', mistake);
    });
  }

  it('never shows the key in a mistake', () => {
    const result = loadAlloy(
      { texts: [{ name: 'a', text: http(`tls {\ncert_pem = "hidden"\nkey_pem = "hid" + "den"\n}`) }] },
      { env: {} },
    );
    assert.ok('diagnostics' in result);
    assert.doesNotMatch(result.diagnostics.map(({ message }) => message).join(), /hidden/);
  });
});
