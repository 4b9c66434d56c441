import { SleipnirError } from '../errors.js';
import { LABEL_NAME } from '../pipeline.js';
import { groupNames } from '../regex/re2.js';

/**
 * Takes namespace, pod and container from `<namespace>_<pod>_<uid>/<container>/<n>.log`, under whatever folder.
 * The kubelet joins pod folders with `_`, which no namespace and no pod name can hold (both are DNS names); the uid of
 * a static pod is a hash, so its shape is left open.
 */
export const defaultLabelRegex = '/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[^/_]+/(?P<container>[^/]+)/[^/]+$';

/** One `name=value` and the comma or end after it. The value may be quoted, with \" and \\ inside. */
const labelPair = /\s*([^=,]*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*?))\s*(?:,|$)/y;

function bad(code: string, message: string, advice: string): SleipnirError {
  return new SleipnirError(code, message, advice);
}

/**
 * Checks a label regex in RE2 syntax: it compiles, has at least one named group, and each name is a label name.
 * @returns the text as it was.
 * @throws SleipnirError `BAD_LABEL_REGEX`
 */
export function checkLabelRegex(text: string): string {
  const names = namesIn(text);
  const advice = 'Name each label as a group, as in /(?P<pod>[^/]+)/.';
  if (names.length === 0) throw bad('BAD_LABEL_REGEX', 'has no named group', advice);
  const wrong = names.find((name) => !LABEL_NAME.test(name));
  if (wrong !== undefined) throw bad('BAD_LABEL_REGEX', `has a group "${wrong}", which is no label name`, advice);
  return text;
}

function namesIn(regex: string): string[] {
  try {
    return groupNames(regex);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw bad('BAD_LABEL_REGEX', `does not compile (${reason})`, 'Use RE2 syntax: no look-around, no back references.');
  }
}

/**
 * Reads `name=value,...`; a value that holds a comma is quoted: `team="a,b"`.
 * @throws SleipnirError `BAD_LABELS`
 */
export function parseLabels(text: string): [string, string][] {
  const labels = new Map<string, string>();
  const advice = 'Write name=value,name=value.';
  labelPair.lastIndex = 0;
  while (labelPair.lastIndex < text.length) {
    const at = labelPair.lastIndex;
    const pair = labelPair.exec(text);
    if (pair === null) throw bad('BAD_LABELS', `is not name=value at "${text.slice(at)}"`, advice);
    const name = pair[1] ?? '';
    const value = pair[2]?.replace(/\\(.)/g, '$1') ?? pair[3] ?? '';
    if (!LABEL_NAME.test(name)) throw bad('BAD_LABELS', `has "${name}", which is no label name`, advice);
    if (value === '') throw bad('BAD_LABELS', `gives label "${name}" no value`, advice);
    if (labels.has(name)) throw bad('BAD_LABELS', `names label "${name}" twice`, advice);
    labels.set(name, value);
  }
  return [...labels];
}
