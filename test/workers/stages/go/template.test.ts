import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from '../../../../workers/stages/go/template.js';

const DATA = {
  a: 'abc',
  s: 'straße',
  n: '42',
  f: '3.7',
  z: '08',
  ns: '1782900000123456789',
  l: 'x,y,,z',
  w: 'HTTP error',
};

/** What a template makes of DATA; null if it fails. All outcomes are those of Go's text/template with sprig 3.3. */
function run(source: string): string | null {
  return new Template(source).execute(new Map(Object.entries(DATA)));
}

function all(cases: readonly (readonly [source: string, text: string | null])[]): void {
  for (const [source, text] of cases) assert.equal(run(source), text, source);
}

test('whole numbers have 64 bits, and are no floating-point numbers', () => {
  all([
    [
      '{{ int64 .ns }} {{ add .ns 1 }} {{ div .ns 1000000 }} {{ mod .ns 10 }}',
      '1782900000123456789 1782900000123456790 1782900000123 9',
    ],
    ['{{ mul 9223372036854775807 2 }}', '-2'],
    ['{{ atoi "99999999999999999999" }} {{ atoi "007" }} {{ atoi "7x" }}', '9223372036854775807 7 0'],
    ["{{ 1_000 }} {{ 0x1F }} {{ 0b11 }} {{ 017 }} {{ 0o17 }} {{ 'a' }} {{ -3 }} {{ +3 }}", '1000 31 3 15 15 97 -3 3'],
    [
      '{{ add 1 "2" .f true }} {{ int .f }} {{ int "3.0" }} {{ int .z }} {{ int "0x1f" }} {{ int 3.9 }}',
      '4 0 3 0 31 3',
    ],
    ['{{ div 7 -2 }} {{ mod -7 2 }} {{ sub 1 .n }} {{ max 1 .n 3 }} {{ min 1 .n -3 }}', '-3 -1 -41 42 -3'],
    ['{{ div 1 0 }}', null],
    ['{{ mod 1 0 }}', null],
    ['{{ eq 1 1.0 }}', null],
    ['{{ lt 1 1.5 }}', null],
    ['{{ lt 1.0 1.5 }} {{ lt 2 10 }}', 'true true'],
    ['{{ range $i, $x := 3 }}{{ $x }}{{ end }}', null],
    ['{{ range $i := 3 }}{{ $i }}{{ end }}{{ range $i, $x := list "a" "b" }}{{ $i }}{{ $x }}{{ end }}', '0120a1b'],
    ['{{ range 1.5 }}{{ end }}', null],
    ['{{ index .a 0 }} {{ len .s }} {{ len (list 1 2) }}', '97 7 2'],
    ['{{ toJson (list 1 1.5 (add 1 2)) }}', '[1,1.5,3]'],
  ]);
});

test('floating-point numbers', () => {
  all([
    [
      '{{ 1.0 }} {{ 123456.5 }} {{ 1234567.5 }} {{ 1e6 }} {{ 0.0001 }} {{ 0.00001 }} {{ float64 "-0" }}',
      '1 123456.5 1.2345675e+06 1e+06 0.0001 1e-05 -0',
    ],
    [
      '{{ float64 "12345678" }} {{ float64 "x" }} {{ float64 "1_0" }} {{ float64 "inf" }} {{ (fromJson "{\\"id\\":123456789}").id }}',
      '1.2345678e+07 0 10 +Inf 1.23456789e+08',
    ],
    ['{{ addf 0.1 0.2 }} {{ addf .f 1 }}', '0.3 4.7'],
    ['{{ round .f 0 }} {{ round 2.5 0 }} {{ round -2.4 0 }} {{ round 123.4567 2 }}', '4 3 -3 123.46'],
    ['{{ ceil 1.2 }} {{ floor -1.2 }}', '2 -2'],
  ]);
});

test('printf', () => {
  all([
    [
      '{{ printf "%d|%5d|%-5d|%05d|%+d|% d|%x|%X|%o|%b|%c|%U" 42 42 42 -42 42 42 255 255 8 5 97 97 }}',
      '42|   42|42   |-0042|+42| 42|ff|FF|10|101|a|U+0061',
    ],
    [
      '{{ printf "%f|%.1f|%8.2f|%e|%g|%G|%.3g|%v" 1.5 1.25 3.14159 1234.5 1e21 1e-7 1234.5 1e6 }}',
      '1.500000|1.2|    3.14|1.234500e+03|1e+21|1E-07|1.23e+03|1e+06',
    ],
    [
      '{{ printf "%s|%5s|%-5s|%.2s|%q|%x|%X|%t|%5t|%T" .a .a .a .a "q\\"" .a .a true false .a }}',
      'abc|  abc|abc  |ab|"q\\""|616263|616263|true|false|string',
    ],
    [
      '{{ printf "%.2f" .f }} {{ printf "%d" .n }} {{ printf "%d" 1.5 }} {{ printf "%t" 1 }} {{ printf "%5d" "a" }}',
      '%!f(string=3.) %!d(string=42) %!d(float64=1.5) %!t(int=1) %!d(string=    a)',
    ],
    [
      '{{ printf "%s" 1 }} {{ printf "%d" nil }} {{ printf "%v" nil }} {{ printf "%d" }} {{ printf "x" 1 nil }}',
      '%!s(int=1) %!d(<nil>) <nil> %!d(MISSING) x%!(EXTRA int=1, <nil>)',
    ],
    [
      '{{ printf "%v|%s|%3d" (list 1 "a") (list "b" "c") (list 1 2) }} {{ printf "%v" (dict "b" 1 "a" 2) }}',
      '[1 a]|[b c]|[  1   2] map[a:2 b:1]',
    ],
    ['{{ printf "%.1f %.1f %.0f %.1f" 0.25 0.35 2.5 1e21 }}', '0.2 0.3 2 1000000000000000000000.0'],
    ['{{ printf "%*d|%.*f" 5 1 1 2.25 }} {{ printf "%%" }}', '    1|2.2 %'],
  ]);
});

test('letters in either case, one for one', () => {
  all([
    ['{{ upper .s }} {{ ToUpper "ŉ ǆ ﬁ" }} {{ lower "ΣΑΣ" }} {{ ToLower "İ" }}', 'STRAßE ŉ Ǆ ﬁ σασ i'],
    ['{{ ToUpper "ᾀᾗᾥᾳῃῳᾴ" }} {{ lower "ᾈᾟᾭᾼῌῼ" }}', 'ᾈᾟᾭᾼῌῼᾴ ᾀᾗᾥᾳῃῳ'],
    ['{{ title "don\'t stop_me x-y" }} {{ untitle "Ab Cd" }} {{ swapcase "aB ß" }}', "Don'T Stop_me X-Y ab cd Ab ß"],
    ['{{ initials .w }} {{ initials "first  2nd third" }}', 'He f2t'],
  ]);
});

test('words', () => {
  const words = [
    ['HTTPServer2x', 'Httpserver2x', 'http-server-2x'],
    ['some_HTTP_words', 'SomeHttpWords', 'some-http-words'],
    ['__a__b__', '__A_B__', '--a--b--'],
    ['a-_b', 'A-B', 'a--b'],
    ['ABc', 'Abc', 'a-bc'],
    ['fooBAR baz', 'FooBARBaz', 'foo-bar-baz'],
    ['HTTP20xOK', 'Http20xOK', 'http-20x-ok'],
    ['Bld4Floor3rd', 'Bld4Floor3rd', 'bld4-floor-3rd'],
    ['x9Y', 'X9Y', 'x9-y'],
    ['1a2', '1a2', '1a2'],
    ['v1.2.3', 'V1.2.3', 'v1.2.3'],
    ['éTé', 'ÉTé', 'é-té'],
    ['a:BC', 'A:BC', 'a:bc'],
  ] as const;
  for (const [word, camel, kebab] of words) {
    const cases = `{{ camelcase "${word}" }} {{ kebabcase "${word}" }} {{ snakecase "${word}" }}`;
    assert.equal(run(cases), `${camel} ${kebab} ${kebab.replaceAll('-', '_')}`);
  }
});

test('parts of texts and of lists', () => {
  all([
    ['{{ substr 0 2 .a }} {{ substr 1 -1 .a }} {{ substr -1 2 .a }} {{ substr 1 99 .a }}', 'ab bc ab bc'],
    ['{{ substr 4 9 .a }}', null],
    ['{{ substr 2 1 .a }}', null],
    ['{{ substr -1 9 .a }}', null],
    ['{{ slice (list 1 2 3) 1 }} {{ slice (list 1 2 3) 0 2 }}', '[2 3] [1 2]'],
    ['{{ slice (list 1) 0 2 }}', null],
    ['{{ slice .a 0 1 }}', null],
    [
      '{{ trunc 2 .a }} {{ trunc -2 .a }} {{ trunc -9 .a }} {{ abbrev 5 "abcdefgh" }} {{ abbrev 3 "abcdefgh" }}',
      'ab bc abc ab... abcdefgh',
    ],
    ['{{ splitList "" .a }} {{ splitList "," .l | len }} {{ (split "," .l)._3 }}', '[a b c] 4 z'],
    ['{{ regexSplit "x|" "axb" -1 }} {{ regexSplit "," .l 2 }} {{ regexSplit "," "a," -1 | len }}', '[a b] [x y,,z] 2'],
    ['{{ TrimSuffix .a "" }}{{ TrimSuffix .a "c" }}{{ trimPrefix "a" .a }}', 'abcabbc'],
    ['{{ TrimSuffix 1 "" }}', null],
  ]);
});

test('what takes too much room is given up', () => {
  for (const source of [
    'repeat 1000000 .a',
    'repeat -1 .a',
    'indent 2000000 .a',
    'until 100001',
    'untilStep 0 -100001 -1',
  ])
    assert.equal(run(`{{ ${source} | print | len }}`), null, source);
  assert.equal(run('{{ repeat 1000 .a | len }} {{ until 100000 | len }}'), '3000 100000');
});

test('patterns that a line may have made are bounded', () => {
  all([
    ['{{ regexMatch (repeat 2000 "ab|") .a }}', null],
    ['{{ regexMatch (printf "(?:%s){1000}x|\\\\B" (repeat 20 "a")) .a }}', null],
    ['{{ regexMatch (printf "(?:%s){100}x|\\\\B" (repeat 20 "a")) .a }}', 'true'],
  ]);
});

test('escapes', () => {
  all([
    ['{{ "\\x41\\101\\u00e9\\U0001F600\\xc3\\xa9\\n" }}', 'AAé😀é\n'],
    [
      '{{ js "a\\n\'\\"\\\\<é>" }} {{ html "<a&\\">" nil }} {{ urlquery "a b!*" }}',
      `a\\u000A\\'\\"\\\\\\u003Cé\\u003E &lt;a&amp;&#34;&gt;&lt;no value&gt; a+b%21%2A`,
    ],
    ['{{ toRawJson (dict "k" "<\\b>") }} {{ toJson "<\\f>" }}', '{"k":"<\\b>"} "\\u003c\\f\\u003e"'],
    [
      '{{ b64dec "aGk=" }} {{ b64dec "aGk" }} {{ b64dec "a*b=" }} {{ b64dec "" }}',
      'hi illegal base64 data at input byte 0 illegal base64 data at input byte 1 ',
    ],
    ['{{ fromJson 1 }}', null],
  ]);
  for (const wrong of ['"\\400"', '"\\ud800"', '"\\U00110000"', '"\\\'"', '"\\q"', "'\\\"'", '"\\x4"'])
    assert.throws(() => new Template(`{{ ${wrong} }}`), /escape/, wrong);
});
