/**
 * Deno compiles calls of native functions into machine code, where it can: its fast
 * calls. It says which of them was the last one if it is asked to trace them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUNTIME } from "./support/child.ts";
import { moduleUrl, reported } from "./support/report.ts";
import { unless } from "./support/skip.ts";

const skip = unless("deno", RUNTIME === "deno", `${RUNTIME} has no such trace`);

/** How often each native function was the last one called the fast way; "none" if none was. */
type Targets = { readonly [name: string]: number };

/**
 * Runs code in a child. `targets(wanted, action)` calls an action until nearly all of a
 * hundred calls were fast calls of the wanted function, or for two seconds, and says what
 * the last hundred were.
 */
function tracing<T>(code: string): Promise<T> {
  return reported<T>(
    `
    const target = () => Deno[Deno.internal].getTurbocallTarget() ?? "none";
    const targets = (wanted, action, look = target) => {
      const last = [];
      const end = performance.now() + 2_000;
      // One loop for all, so that what is looked at is what was compiled.
      for (;;) {
        target(); // A look takes the trace away.
        action();
        last.push(look());
        if (last.length <= 100) continue;
        last.shift();
        const compiled = last.filter((name) => name === wanted).length >= 90;
        if (!compiled && performance.now() < end) continue;
        return Object.fromEntries([...new Set(last)].map((name) =>
          [name, last.filter((other) => other === name).length]));
      }
    };
    ${code}
    `,
    { flags: ["-A"], env: { DENO_UNSTABLE_FFI_TRACE_TURBO: "1" }, timeoutMs: 60_000 },
  );
}

/** Nearly always: the engine may throw compiled code away and make it again. */
function assertFast(targets: Targets, name: string): void {
  assert.ok((targets[name] ?? 0) >= 90, `${name}: ${JSON.stringify(targets)}`);
}

test("on Deno, the trace tells a slow call from a fast one", { skip }, async () => {
  const { fast, slow, fastCopy } = await tracing<
    { fast: Targets; slow: Targets; fastCopy: Targets }
  >(`
    import { library } from ${moduleUrl("src/native/library.ts")};
    const { path } = library();
    const { symbols } = Deno.dlopen(path, {
      // The same function three times: as it is, with a 64-bit number, and with a bigint.
      securememory_length: { parameters: ["u32"], result: "u32" },
      wide: { name: "securememory_length", parameters: ["u64"], result: "u32" },
    });
    const { securememory_length: narrow, wide } = symbols;
    report({
      fast: targets("securememory_length", () => narrow(1)),
      slow: targets("wide", () => wide(1)),
      fastCopy: targets("wide", () => wide(1n)),
    });
  `);
  assertFast(fast, "securememory_length");
  assertFast(fastCopy, "wide");
  assert.deepEqual(slow, { none: 100 }, "A number for a 64-bit parameter is called the slow way");
});

test("on Deno, withBytes opens and closes its window by fast calls", { skip }, async () => {
  const { opening, closing } = await tracing<{ opening: Targets; closing: Targets }>(`
    const secret = Secret.random(32);
    let inside = "";
    let looking = false;
    const body = () => {
      if (looking) inside = target();
    };
    const round = () => secret.withBytes(body);
    const closing = targets("securememory_close", round);
    looking = true;
    const opening = targets("securememory_open", round, () => inside);
    report({ opening, closing });
  `);
  assertFast(opening, "securememory_open");
  assertFast(closing, "securememory_close");
});

test("on Deno, update and open() change the protection by fast calls", { skip }, async () => {
  const { updating, opening, closing } = await tracing<
    { updating: Targets; opening: Targets; closing: Targets }
  >(`
    const secret = Secret.random(32);
    const body = () => {};
    const updating = targets("securememory_close", () => secret.update(body));
    let before = "";
    const round = () => {
      const window = secret.open();
      before = target();
      window[Symbol.dispose]();
    };
    const closing = targets("securememory_close", round);
    const opening = targets("securememory_open", round, () => before);
    report({ updating, opening, closing });
  `);
  assertFast(updating, "securememory_close");
  assertFast(opening, "securememory_open");
  assertFast(closing, "securememory_close");
});

test("on Deno, secrets are made and given back by fast calls", { skip }, async () => {
  const { random, from, release } = await tracing<
    { random: Targets; from: Targets; release: Targets }
  >(`
    import { library } from ${moduleUrl("src/native/library.ts")};
    const { calls } = library();
    // The new secret's gate is asked for at once: so the look has to be taken there.
    const { securememory_gate: gate } = calls;
    let making = "";
    calls.securememory_gate = (handle) => {
      making = target();
      return gate(handle);
    };
    const once = (make) => () => make().close();
    const random = targets("securememory_create_random", once(() => Secret.random(32)), () => making);
    const source = new Uint8Array(32);
    const from = targets("securememory_create_from", once(() => {
      source.fill(1);
      return Secret.from(source);
    }), () => making);
    const release = targets("securememory_release", () => Secret.random(32).close());
    report({ random, from, release });
  `);
  assertFast(random, "securememory_create_random");
  assertFast(from, "securememory_create_from");
  assertFast(release, "securememory_release");
});

test("on Deno, secrets are destroyed by fast calls", { skip }, async () => {
  const destroying = await tracing<Targets>(`
    import { library } from ${moduleUrl("src/native/library.ts")};
    const { calls } = library();
    // Being released follows at once: so the look has to be taken there.
    const { securememory_release: release } = calls;
    let before = "";
    calls.securememory_release = (handle) => {
      before = target();
      return release(handle);
    };
    report(targets("securememory_destroy", () => Secret.random(32).close(), () => before));
  `);
  assertFast(destroying, "securememory_destroy");
});

test("on Deno, secrets are compared by fast calls", { skip }, async () => {
  const { secrets, bytes } = await tracing<{ secrets: Targets; bytes: Targets }>(`
    const first = Secret.random(32);
    const second = first.copy();
    const window = [first.open(), second.open()];
    // With both windows open there is one native call left: the comparison.
    const secrets = targets("securememory_equal", () => first.equals(second));
    const other = new Uint8Array(32);
    const bytes = targets("securememory_equal_bytes", () => first.equals(other));
    report({ secrets, bytes });
  `);
  assertFast(secrets, "securememory_equal");
  assertFast(bytes, "securememory_equal_bytes");
});

// Of those that take a hundred times as long as a call the engine compiles none so soon.
test("on Deno, keyed operations are fast calls", { skip }, async () => {
  const all = await tracing<Record<string, Targets>>(`
    const key = Secret.random(32);
    const data = new Uint8Array(64);
    const mac = key.hmac("SHA-256", data);
    const box = key.encrypt(data);
    const of = (name, action) => targets("securememory_crypto_" + name, action);
    report({
      hmac: of("hmac", () => key.hmac("SHA-256", data)),
      verify_hmac: of("verify_hmac", () => key.verifyHmac("SHA-256", data, mac)),
      encrypt: of("encrypt", () => key.encrypt(data)),
      decrypt: of("decrypt", () => key.decrypt(box)),
    });
  `);
  assert.equal(Object.keys(all).length, 4);
  for (const [name, targets] of Object.entries(all)) {
    assertFast(targets, `securememory_crypto_${name}`);
  }
});

test("on Deno, enclaves are sealed, opened for a window and closed by fast calls", {
  skip,
}, async () => {
  const { lending, takingBack, closing, sealing } = await tracing<
    { lending: Targets; takingBack: Targets; closing: Targets; sealing: Targets }
  >(`
    const { configure, Enclave } = securememory;
    configure({ enclaveSlots: 0 });
    const enclave = Enclave.seal(new Uint8Array(32));
    let inside = "";
    let looking = false;
    const body = () => {
      if (looking) inside = target();
    };
    const round = () => enclave.withBytes(body);
    const takingBack = targets("securememory_enclave_take_back", round);
    looking = true;
    const lending = targets("securememory_enclave_lend", round, () => inside);
    const source = new Uint8Array(32);
    let made = "";
    const seal = () => {
      const sealed = Enclave.seal(source);
      made = target();
      sealed.close();
    };
    const closing = targets("securememory_enclave_close", seal);
    const sealing = targets("securememory_enclave_from", seal, () => made);
    report({ lending, takingBack, closing, sealing });
  `);
  assertFast(lending, "securememory_enclave_lend");
  assertFast(takingBack, "securememory_enclave_take_back");
  assertFast(closing, "securememory_enclave_close");
  assertFast(sealing, "securememory_enclave_from");
});
