/**
 * The kinds of secrets that one suite is for: with pages of their own, of a pool, and of a pool that
 * seals. With `SECUREMEMORY_TEST_KIND=pool` or `seal`, and this module loaded first, whoever calls
 * `Secret.random` gets a secret of a pool with the same options:
 *
 *     SECUREMEMORY_TEST_KIND=seal bun test --preload ./tests/support/kinds.ts ./tests/close_test.ts
 *     SECUREMEMORY_TEST_KIND=seal deno test -A --preload tests/support/kinds.ts tests/close_test.ts
 *     SECUREMEMORY_TEST_KIND=seal node --test --import ./tests/support/kinds.ts tests/close_test.ts
 *
 * @module
 */
import { Secret, type SecretOptions, SecretPool } from "../../mod.ts";
import { resolve } from "../../src/options.ts";
import { KIND } from "./kind.ts";

const pools = new Map<string, SecretPool>();

/** The pool for secrets with these options; none if a pool cannot have them. */
function poolFor(options: SecretOptions | undefined): SecretPool | undefined {
  const { flags, revokeViews, label, alignment } = resolve(options);
  if (alignment !== 16) return undefined;
  const key = JSON.stringify([flags, revokeViews, label]);
  const known = pools.get(key);
  if (known !== undefined) return known;
  const { alignment: _, ...others } = options ?? {};
  const pool = new SecretPool({
    ...others,
    onPressure: KIND === "seal" ? "seal" : "error",
  });
  pools.set(key, pool);
  return pool;
}

if (KIND !== "own") {
  const { from, fromString, random, fill } = Secret;
  Object.assign(Secret, {
    from: (source: Uint8Array, options?: SecretOptions) =>
      poolFor(options)?.from(source) ?? from(source, options),
    fromString: (text: string, options?: SecretOptions) =>
      poolFor(options)?.fromString(text) ?? fromString(text, options),
    random: (length: number, options?: SecretOptions) =>
      poolFor(options)?.random(length) ?? random(length, options),
    fill: (length: number, write: (bytes: Uint8Array) => void, options?: SecretOptions) =>
      poolFor(options)?.fill(length, write) ?? fill(length, write, options),
  });
}
