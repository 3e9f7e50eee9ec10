/**
 * What a Worker does to what it holds: one operation each, checked against the model.
 *
 * @module
 */
import { Enclave, rekey, Secret, SecretClosedError, SecretPool } from "../mod.ts";
import { Finding, type Ledger } from "./ledger.ts";
import {
  type Held,
  type HeldEnclave,
  type HeldSecret,
  isGone,
  kindOf,
  type Pool,
  type Ticket,
} from "./model.ts";
import { contentOf, isContentOf, type Random, write } from "./random.ts";

/** What operations work on. */
export interface World {
  readonly ledger: Ledger;
  readonly pools: readonly Pool[];
  /** Tickets for others, to be sent. */
  readonly tickets: Ticket[];
  /** System calls fail. */
  readonly faults: boolean;
  /** Number of this Worker, and how many there are. */
  readonly index: number;
  readonly workers: number;
}

/** Lengths: keys mostly, some records, a few that need whole pages. */
export function lengthOf(random: Random): number {
  const kind = random(100);
  const [least, most] = kind < 60
    ? [1, 64]
    : kind < 92
    ? [65, 1024]
    : kind < 99
    ? [1025, 5000]
    : [5001, 40_000];
  return least + random(most - least + 1);
}

function pick<T>(random: Random, from: readonly T[]): T | undefined {
  const chosen = random(1 << 30);
  return from.length === 0 ? undefined : from[chosen % from.length];
}

function pickSecret({ ledger }: World, random: Random): HeldSecret | undefined {
  const held = pick(random, ledger.held);
  return held?.what === "secret" ? held : undefined;
}

function pickEnclave({ ledger }: World, random: Random): HeldEnclave | undefined {
  // There are fewer of them.
  return pick(random, ledger.held.filter((held) => held.what === "enclave"));
}

function check(held: Held, bytes: Uint8Array, kind: string): void {
  const { seed, length } = held;
  if (bytes.length !== length) {
    throw new Finding(`a ${kind} of ${length} bytes has ${bytes.length}`);
  }
  if (isContentOf(seed, bytes)) return;
  // Its pool was closed in another Worker: who has a window open reads zeros from then on.
  if (isGone(held) && bytes.every((byte) => byte === 0)) throw new SecretClosedError();
  throw new Finding(`the content of a ${kind} is wrong`);
}

/** Makes a secret, in a pool or with pages of its own, in any of the ways there are. */
export function create({ ledger, pools }: World, random: Random, seed: number): void {
  const length = lengthOf(random);
  const home = pick(random, [...pools, undefined]);
  const maker = home?.pool ?? Secret;
  const way = random(3);
  let secret: Secret | undefined;
  const name = `create, ${home?.name ?? "own pages"}`;
  ledger.attempt(name, () => {
    if (way === 0) secret = maker.fill(length, (bytes) => write(seed, bytes));
    else if (way === 1) {
      const source = contentOf(seed, length);
      try {
        secret = maker.from(source);
      } catch (error) {
        if (!isContentOf(seed, source)) throw new Finding("a refused source was changed");
        throw error;
      }
      if (!source.every((byte) => byte === 0)) throw new Finding("a source was not wiped");
    } else {
      const made = maker.random(length);
      try {
        made.update((bytes) => write(seed, bytes));
        secret = made;
      } finally {
        if (secret === undefined) closeQuietly(ledger, made);
      }
    }
  });
  if (secret !== undefined) {
    ledger.hold({ what: "secret", secret, seed, length, shared: home?.shared ?? false, home });
  }
}

/** What a failed step leaves is closed; what that throws counts as well. */
function closeQuietly(ledger: Ledger, thing: { close(): void }): void {
  ledger.attempt("close what a failed step left", () => thing.close());
}

/** Opens a window in one of the ways there are, and looks at what is in it. */
export async function open(world: World, random: Random): Promise<void> {
  const { ledger } = world;
  const held = pickSecret(world, random);
  if (held === undefined) return;
  const { secret } = held;
  const kind = kindOf(held);
  const way = random(8);
  const look = (bytes: Uint8Array): void => check(held, bytes, kind);
  const done = way === 0
    ? await ledger.attemptAsync(
      `window, asynchronous, ${kind}`,
      () =>
        secret.withBytesAsync(async (bytes) => {
          await new Promise((resolve) => setTimeout(resolve));
          look(bytes);
        }),
    )
    : ledger.attempt(`window, ${kind}`, () => {
      if (way === 1) {
        using opened = secret.open();
        return look(opened.bytes);
      }
      if (way === 2) return void secret.withBytes((bytes) => secret.withBytes(() => look(bytes)));
      if (way === 3) {
        const target = new Uint8Array(held.length);
        const count = secret.readInto(target);
        if (count !== held.length) throw new Finding(`${count} of ${held.length} bytes were read`);
        return look(target);
      }
      secret.withBytes(look);
    });
  if (!done) ledger.settle(held);
}

/** Windows on several secrets of a pool at once. */
export function openMany({ ledger, pools }: World, random: Random): void {
  const home = pick(random, pools);
  const here = ledger.held.filter((held) => held.what === "secret" && held.home === home);
  const chosen = Array.from({ length: 1 + random(3) }, () => pick(random, here));
  const some = [...new Set(chosen)].filter((held) => held !== undefined) as HeldSecret[];
  if (home === undefined || some.length === 0) return;
  const done = ledger.attempt(`pool.withBytes, ${home.name}`, () => {
    home.pool.withBytes(some.map(({ secret }) => secret), (...views: Uint8Array[]) => {
      for (const [index, view] of views.entries()) check(some[index] as Held, view, home.name);
    });
  });
  if (done) return;
  for (const held of some) ledger.settle(held);
}

/** Writes another content; into a shared secret, the same once more. */
export function update(world: World, random: Random, seed: number): void {
  const { ledger } = world;
  const held = pickSecret(world, random);
  if (held === undefined) return;
  const { secret, shared } = held;
  const done = ledger.attempt(`update, ${kindOf(held)}`, () => {
    secret.update((bytes) => {
      check(held, bytes, kindOf(held));
      if (!shared) held.seed = seed;
      // Whoever could look meanwhile would see it.
      bytes.fill(0xff);
      write(held.seed, bytes);
    });
  });
  if (!done) ledger.settle(held);
}

/** Copies a secret, or compares two. */
export function copyOrCompare(world: World, random: Random): void {
  const { ledger } = world;
  const held = pickSecret(world, random);
  const other = pickSecret(world, random);
  if (held === undefined) return;
  if (random(2) === 0 || other === undefined) {
    const done = ledger.attempt(`copy, ${kindOf(held)}`, () => {
      const secret = held.secret.copy();
      const { seed, length } = held;
      ledger.hold({ what: "secret", secret, seed, length, shared: false, home: undefined });
    });
    if (!done) ledger.settle(held);
    return;
  }
  const done = ledger.attempt(`equals, ${kindOf(held)}`, () => {
    const wanted = held.seed === other.seed && held.length === other.length;
    // A byte or two may be equal by chance.
    const same = held.secret.equals(other.secret);
    if (same !== wanted && (wanted || held.length > 8)) throw new Finding("equals() is wrong");
  });
  if (!done) { for (const one of [held, other]) ledger.settle(one); }
}

/** Moves a secret, or bytes, into an enclave. */
export function seal(world: World, random: Random, seed: number): void {
  const { ledger } = world;
  const held = random(2) === 0 ? pickSecret(world, random) : undefined;
  if (held === undefined || held.shared) {
    const length = lengthOf(random);
    const source = contentOf(seed, length);
    ledger.attempt("seal bytes", () => {
      let enclave: Enclave;
      try {
        enclave = Enclave.seal(source);
      } catch (error) {
        if (!isContentOf(seed, source)) throw new Finding("a refused source was changed");
        throw error;
      }
      ledger.hold({ what: "enclave", enclave, seed, length, shared: false });
      if (!source.every((byte) => byte === 0)) throw new Finding("a source was not wiped");
    });
    return;
  }
  const done = ledger.attempt(`seal, ${kindOf(held)}`, () => {
    const enclave = Enclave.seal(held.secret);
    const { length } = held;
    ledger.hold({ what: "enclave", enclave, seed: held.seed, length, shared: false });
    if (!held.secret.isClosed) throw new Finding("a sealed secret is not closed");
  });
  if (done) ledger.drop(held);
  else ledger.settle(held);
}

/** Looks into an enclave, or makes a secret of it. */
export async function unseal(world: World, random: Random): Promise<void> {
  const { ledger } = world;
  const held = pickEnclave(world, random);
  if (held === undefined) return;
  const { enclave, seed, length } = held;
  const way = random(6);
  const look = (bytes: Uint8Array): void => check(held, bytes, "enclave");
  const done = way === 0
    ? ledger.attempt("enclave.open", () => {
      const secret = enclave.open();
      ledger.hold({ what: "secret", secret, seed, length, shared: false, home: undefined });
    })
    : way === 1
    ? await ledger.attemptAsync(
      "enclave.withBytesAsync",
      () =>
        enclave.withBytesAsync(async (bytes) => {
          await new Promise((resolve) => setTimeout(resolve));
          look(bytes);
        }),
    )
    : ledger.attempt("enclave.withBytes", () => {
      enclave.withBytes(look);
      // The second time it may be hot.
      if (way === 2) enclave.withBytes(look);
    });
  if (!done) ledger.settle(held);
}

/** Lets another Worker have it, too. */
export function share(world: World, random: Random): void {
  const { ledger, tickets, index, workers, faults } = world;
  const held = pick(random, ledger.held);
  const to = random(Math.max(workers - 1, 1));
  if (held === undefined) return;
  // A page that a closing pool cannot wipe is dropped, whoever has a window open on it: that stops
  // the process, as it must.
  if (faults && held.what === "secret" && held.home?.shared === false) return;
  const { what, seed, length } = held;
  const done = ledger.attempt(`share, ${kindOf(held)}`, () => {
    const shared = held.what === "enclave" ? held.enclave.share() : held.secret.share();
    held.shared = true;
    tickets.push({ what, seed, length, shared, to: to >= index && workers > 1 ? to + 1 : to });
  });
  if (!done) ledger.settle(held);
}

/** Takes what another Worker has shared. */
export function attach({ ledger }: World, { what, seed, length, shared }: Ticket): void {
  ledger.attempt(`attach, ${what}`, () => {
    if (what === "enclave") {
      const enclave = Enclave.attach(shared as Parameters<typeof Enclave.attach>[0]);
      ledger.hold({ what, enclave, seed, length, shared: true });
    } else {
      const secret = Secret.attach(shared as Parameters<typeof Secret.attach>[0]);
      ledger.hold({ what, secret, seed, length, shared: true, home: undefined });
    }
  });
}

/** Looks at something for the last time. */
export function look({ ledger }: World, held: Held): void {
  const thing = held.what === "enclave" ? held.enclave : held.secret;
  const kind = kindOf(held);
  const done = ledger.attempt(`look at the end, ${kind}`, () => {
    thing.withBytes((bytes) => check(held, bytes, kind));
  });
  if (!done) ledger.settle(held);
}

/** Closes something, and makes sure that it is. */
export function close({ ledger }: World, random: Random): void {
  const held = pick(random, ledger.held);
  if (held !== undefined) closeHeld(ledger, held);
}

/** Closes it, and makes sure of that. */
export function closeHeld(ledger: Ledger, held: Held): void {
  ledger.drop(held);
  const thing = held.what === "enclave" ? held.enclave : held.secret;
  ledger.attempt(`close, ${kindOf(held)}`, () => thing.close());
  if (!isGone(held)) ledger.wrong(`A ${kindOf(held)} is open after close()`);
  try {
    thing.withBytes(() => ledger.wrong(`A closed ${kindOf(held)} was opened`));
  } catch (error) {
    if (!(error instanceof SecretClosedError)) {
      ledger.wrong(`A closed ${kindOf(held)} refuses by ${error}`);
    }
  }
}

/** Loses something without closing it: collecting it has to close it. */
export function forget({ ledger }: World, random: Random): void {
  const held = pick(random, ledger.held);
  // Nobody closes what was shared but those who have it.
  if (held === undefined || held.shared) return;
  ledger.attempt(`forget, ${kindOf(held)}`, () => ledger.drop(held));
}

/** Closes a pool with all that is in it, and makes another one. */
export function replacePool({ ledger, pools }: World, random: Random): void {
  const home = pick(random, pools.filter(({ shared }) => !shared));
  if (home === undefined) return;
  const before = home.pool;
  ledger.attempt(`close, whole ${home.name}`, () => before.close());
  if (!before.isClosed) ledger.wrong(`A ${home.name} is open after close()`);
  for (const held of [...ledger.held]) {
    if (held.what !== "secret" || held.home !== home) continue;
    ledger.drop(held);
    if (!held.secret.isClosed) ledger.wrong(`A secret is open after its ${home.name} was closed`);
  }
  ledger.attempt(`create, ${home.name}`, () => home.pool = makePool(home.name));
}

/**
 * Bytes that a sealing pool may keep hot: so few that it has to seal, and that now and then
 * everything on its pages is in use, or shared, and it has to refuse.
 */
const HOT_BYTES = 64 << 10;

/** A pool of one of the kinds. */
export function makePool(name: Pool["name"]): SecretPool {
  return name === "pool"
    ? new SecretPool({ label: "soak" })
    : new SecretPool({ label: "soak, sealing", onPressure: "seal", hotBytes: HOT_BYTES });
}

/** Another key for everything that is sealed. */
export function changeKey({ ledger }: World): void {
  ledger.attempt("rekey", () => void rekey());
}
