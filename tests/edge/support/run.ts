/**
 * Runs what was collected, and says how each test ended.
 *
 * @module
 */
import { cases } from "./collector.ts";
import { EXCEPTIONS } from "./exceptions.ts";

export { cases } from "./collector.ts";

/** How a test ended. */
export interface Result {
  readonly name: string;
  /** What went wrong; `undefined` if nothing did. */
  readonly error: string | undefined;
  /** Why it was not run; `undefined` if it was. */
  readonly skipped: string | undefined;
}

/** Runs every test that applies, one after the other. */
export async function run(): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, skip, run } of cases) {
    const skipped = EXCEPTIONS[name] ?? (skip === false ? undefined : String(skip));
    let error: string | undefined;
    if (skipped === undefined) {
      try {
        await run();
      } catch (thrown) {
        error = thrown instanceof Error ? `${thrown}\n${thrown.stack}` : String(thrown);
      }
    }
    results.push({ name, error, skipped });
  }
  const names = new Set(cases.map(({ name }) => name));
  for (const name of Object.keys(EXCEPTIONS)) {
    if (names.has(name)) continue;
    results.push({
      name,
      error: "An exception names a test that there is not",
      skipped: undefined,
    });
  }
  return results;
}
