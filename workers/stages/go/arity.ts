/** How many arguments the functions take, as text/template counts them before a call; others take any number. */
const EXACTLY: readonly string[] = [
  '',
  `ToLower ToUpper TrimSpace add1 add1f adler32sum atoi b32enc b64dec b64enc base camelcase ceil clean compact dir empty
   ext fail first float64 floor fromJson initial initials int int64 isAbs kebabcase last len lower mustCompact mustFirst
   mustInitial mustLast mustRest mustReverse mustToJson mustToPrettyJson mustToRawJson mustUniq nospace not osBase osClean
   osDir osExt osIsAbs regexQuoteMeta rest reverse sha1sum sha256sum sha512sum snakecase sortAlpha swapcase title toDecimal
   toJson toPrettyJson toRawJson toString toStrings trim uniq until untitle upper values`,
  `Hash Sha2Hash Trim TrimLeft TrimPrefix TrimRight TrimSuffix abbrev append chunk contains div ge get gt has hasKey
   hasPrefix hasSuffix indent join le lt mod mustAppend mustChunk mustHas mustPrepend mustPush mustRegexFind
   mustRegexMatch ne nindent prepend push regexFind regexMatch repeat split splitList sub trimAll trimPrefix trimSuffix
   trimall trunc unset`,
  `mustRegexFindAll mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit plural regexFindAll regexReplaceAll
   regexReplaceAllLiteral regexSplit replace set splitn substr ternary untilStep`,
  'Replace',
];
const AT_LEAST: readonly string[] = [
  '',
  `and biggest default divf eq index max maxf merge min minf mul mulf mustMerge mustWithout omit or pick pluck printf
   slice subf without`,
  'round',
];

function counts(lists: readonly string[]): Map<string, number> {
  return new Map(lists.flatMap((names, count) => (names.match(/\w+/g) ?? []).map((name) => [name, count] as const)));
}

const exactly = counts(EXACTLY);
const atLeast = counts(AT_LEAST);

/** Throws an Error if the function does not take as many arguments. */
export function checkArity(name: string, count: number): void {
  const least = atLeast.get(name) ?? 0;
  if (count < least) throw new Error(`${name} takes at least ${least} arguments`);
  const wanted = exactly.get(name) ?? count;
  if (count !== wanted) throw new Error(`${name} takes ${wanted} arguments`);
}
