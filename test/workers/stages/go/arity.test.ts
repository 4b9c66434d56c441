import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkArity } from '../../../../workers/stages/go/arity.js';
import { BUILTINS } from '../../../../workers/stages/go/builtins.js';
import { SPRIG } from '../../../../workers/stages/go/sprig.js';
import { MORE } from '../../../../workers/stages/go/sprig-more.js';

/** Stands for any number of arguments. */
const MANY = 20;

/** Functions by the least and the most arguments that they take: what Go says of those of text/template and sprig 3.3. */
const PARAMETERS: readonly (readonly [least: number, most: number, names: string])[] = [
  [
    0,
    MANY,
    'add addf all any cat coalesce concat dict dig html js keys list print println quote seq squote tuple urlquery',
  ],
  [
    1,
    1,
    `ToLower ToUpper TrimSpace add1 add1f adler32sum atoi b32enc b64dec b64enc base camelcase ceil clean compact dir
     empty ext fail first float64 floor fromJson initial initials int int64 isAbs kebabcase last len lower mustCompact
     mustFirst mustInitial mustLast mustRest mustReverse mustToJson mustToPrettyJson mustToRawJson mustUniq nospace not
     osBase osClean osDir osExt osIsAbs regexQuoteMeta rest reverse sha1sum sha256sum sha512sum snakecase sortAlpha
     swapcase title toDecimal toJson toPrettyJson toRawJson toString toStrings trim uniq until untitle upper values`,
  ],
  [
    1,
    MANY,
    `and biggest default divf eq index max maxf merge min minf mul mulf mustMerge mustWithout omit or pick pluck printf
     slice subf without`,
  ],
  [
    2,
    2,
    `Hash Sha2Hash Trim TrimLeft TrimPrefix TrimRight TrimSuffix abbrev append chunk contains div ge get gt has hasKey
     hasPrefix hasSuffix indent join le lt mod mustAppend mustChunk mustHas mustPrepend mustPush mustRegexFind
     mustRegexMatch ne nindent prepend push regexFind regexMatch repeat split splitList sub trimAll trimPrefix
     trimSuffix trimall trunc unset`,
  ],
  [2, MANY, 'round'],
  [
    3,
    3,
    `mustRegexFindAll mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit plural regexFindAll regexReplaceAll
     regexReplaceAllLiteral regexSplit replace set splitn substr ternary untilStep`,
  ],
  [4, 4, 'Replace'],
];

test('each function of a template takes as many arguments as in Go', () => {
  const named: string[] = [];
  for (const [least, most, names] of PARAMETERS) {
    for (const name of names.match(/\w+/g) ?? []) {
      named.push(name);
      const message = `${name} takes ${least === most ? '' : 'at least '}${least} arguments`;
      for (const count of [least, most]) checkArity(name, count);
      if (least > 0) for (const count of [0, least - 1]) assert.throws(() => checkArity(name, count), { message });
      if (most < MANY) for (const count of [most + 1, MANY]) assert.throws(() => checkArity(name, count), { message });
    }
  }
  assert.deepEqual(named.sort(), Object.keys({ ...SPRIG, ...MORE, ...BUILTINS }).sort());
});
