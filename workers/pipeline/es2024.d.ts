/** What Node 20 has and the ES2023 library of TypeScript does not know. */
interface String {
  /** Whether there is no lone surrogate in it. */
  isWellFormed(): boolean;
  /** The string with U+FFFD in the place of lone surrogates. */
  toWellFormed(): string;
}
