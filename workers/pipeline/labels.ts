import { labelBlock } from '../label/labels.js';

/** How many label sets are remembered before all are forgotten; a stream that comes again is then made anew. */
const MAX_SETS = 20_000;

function keyOf(labels: ReadonlyMap<string, string>): string {
  const names = [...labels.keys()].sort();
  let key = '';
  for (const name of names) key += `${name}\u0000${labels.get(name)!}\u0001`;
  return key;
}

/**
 * Labels of an entry: never changed, and (while remembered) one object for equal labels. What a label set becomes with
 * one more label is remembered in it, so a line of a known stream gets its labels without making anything.
 */
export class LabelSet {
  readonly labels: ReadonlyMap<string, string>;
  /** The same text for equal labels. */
  readonly key: string;
  readonly #sets: LabelSets;
  readonly #with = new Map<string, Map<string, LabelSet>>();
  readonly #without = new Map<string, LabelSet>();
  /** What the last `with` came to, which mostly is what the next one asks. */
  #lastName = '';
  #lastValue = '';
  #last: LabelSet | null = null;
  #generation: number;
  #block: Uint8Array | null = null;

  constructor(sets: LabelSets, labels: ReadonlyMap<string, string>, key: string) {
    this.#sets = sets;
    this.labels = labels;
    this.key = key;
    this.#generation = sets.generation;
  }

  get(name: string): string | undefined {
    return this.labels.get(name);
  }

  with(name: string, value: string): LabelSet {
    if (this.#generation !== this.#sets.generation) this.#forget();
    if (this.#last !== null && name === this.#lastName && value === this.#lastValue) return this.#last;
    let byValue = this.#with.get(name);
    if (byValue === undefined) {
      byValue = new Map();
      this.#with.set(name, byValue);
    }
    let set = byValue.get(value);
    if (set === undefined) {
      set = this.labels.get(name) === value ? this : this.#sets.of(new Map(this.labels).set(name, value));
      if (this.#generation === this.#sets.generation) byValue.set(value, set);
    }
    this.#lastName = name;
    this.#lastValue = value;
    this.#last = set;
    return set;
  }

  without(name: string): LabelSet {
    if (!this.labels.has(name)) return this;
    if (this.#generation !== this.#sets.generation) this.#forget();
    let set = this.#without.get(name);
    if (set === undefined) {
      const labels = new Map(this.labels);
      labels.delete(name);
      set = this.#sets.of(labels);
      this.#without.set(name, set);
    }
    return set;
  }

  /** `{a="v", b="w"}` in UTF-8, without empty labels and those that begin with `__`. */
  get block(): Uint8Array {
    this.#block ??= labelBlock(new Map([...this.labels].filter(([name]) => !name.startsWith('__'))));
    return this.#block;
  }

  #forget(): void {
    this.#with.clear();
    this.#without.clear();
    this.#last = null;
    this.#generation = this.#sets.generation;
  }
}

/** Makes label sets, and keeps one for equal labels. */
export class LabelSets {
  /** Rises when all are forgotten. */
  generation = 0;
  readonly #byKey = new Map<string, LabelSet>();

  of(labels: ReadonlyMap<string, string>): LabelSet {
    const key = keyOf(labels);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= MAX_SETS) {
      this.#byKey.clear();
      this.generation++;
    }
    const set = new LabelSet(this, labels, key);
    this.#byKey.set(key, set);
    return set;
  }
}
