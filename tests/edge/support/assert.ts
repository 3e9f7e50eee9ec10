/**
 * In place of `node:assert/strict` where there is none: what the suite uses of it.
 * `cases/assertions.ts` tests that these can fail.
 *
 * @module
 */

type Matcher =
  | RegExp
  | ((error: never) => boolean)
  | (abstract new (...args: never[]) => Error)
  | Readonly<Record<string, unknown>>;

class AssertionError extends Error {
  override name = "AssertionError";
}

function assert(value: unknown, message?: string): asserts value {
  if (!value) throw new AssertionError(message ?? "Expected something true");
}

function show(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  try {
    return typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Set && b instanceof Set) return same([...a], [...b]);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) =>
    Object.hasOwn(b, key) &&
    same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
  );
}

function isError(value: unknown): value is abstract new () => Error {
  return typeof value === "function" &&
    (value === Error || value.prototype instanceof Error);
}

function check(error: unknown, matcher: Matcher | string | undefined): void {
  if (matcher === undefined || typeof matcher === "string") return;
  if (matcher instanceof RegExp) {
    assert(matcher.test(String(error)), `Expected ${matcher}, got ${String(error)}`);
  } else if (isError(matcher)) {
    assert(error instanceof matcher, `Expected ${matcher.name}, got ${String(error)}`);
  } else if (typeof matcher === "function") {
    assert((matcher as (error: unknown) => boolean)(error) === true, `Not expected: ${error}`);
  } else {
    for (const [key, wanted] of Object.entries(matcher)) {
      const value = (error as Record<string, unknown>)[key];
      const fits = wanted instanceof RegExp ? wanted.test(String(value)) : same(value, wanted);
      assert(fits, `Expected ${key} ${show(wanted)}, got ${show(value)} of ${String(error)}`);
    }
  }
}

export default Object.assign(assert, {
  ok: assert,
  fail(message?: string): never {
    throw new AssertionError(message ?? "Failed");
  },
  equal(actual: unknown, expected: unknown, message = ""): void {
    assert(Object.is(actual, expected), `${message} ${show(actual)} is not ${show(expected)}`);
  },
  notEqual(actual: unknown, expected: unknown, message = ""): void {
    assert(!Object.is(actual, expected), `${message} ${show(actual)} is not to be`);
  },
  deepEqual(actual: unknown, expected: unknown, message = ""): void {
    assert(same(actual, expected), `${message} ${show(actual)} is not like ${show(expected)}`);
  },
  notDeepEqual(actual: unknown, expected: unknown, message = ""): void {
    assert(!same(actual, expected), `${message} ${show(actual)} is not to be`);
  },
  match(text: string, pattern: RegExp, message = ""): void {
    assert(pattern.test(text), `${message} ${show(text)} does not match ${pattern}`);
  },
  doesNotMatch(text: string, pattern: RegExp, message = ""): void {
    assert(!pattern.test(text), `${message} ${show(text)} matches ${pattern}`);
  },
  throws(run: () => unknown, matcher?: Matcher | string, message = ""): void {
    let thrown: { error: unknown } | undefined;
    try {
      run();
    } catch (error) {
      thrown = { error };
    }
    assert(thrown !== undefined, `${message} Nothing was thrown`);
    check(thrown.error, matcher);
  },
  doesNotThrow(run: () => unknown): void {
    run();
  },
  async rejects(
    from: PromiseLike<unknown> | (() => PromiseLike<unknown>),
    matcher?: Matcher | string,
    message = "",
  ): Promise<void> {
    let thrown: { error: unknown } | undefined;
    try {
      await (typeof from === "function" ? from() : from);
    } catch (error) {
      thrown = { error };
    }
    assert(thrown !== undefined, `${message} Nothing was rejected`);
    check(thrown.error, matcher);
  },
});
