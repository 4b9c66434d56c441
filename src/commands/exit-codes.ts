/** What the process ends with. */
export const exitCodes = { ok: 0, failed: 1, badSettings: 2 };
