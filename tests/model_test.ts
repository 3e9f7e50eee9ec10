/**
 * Every interleaving of two and three threads over the state machine.
 *
 * Not a model of the gate: the gate itself runs. A thread's program is run up to its
 * next step on shared state (a load or swap of the word, a native call), which is
 * where another thread may come in between. JavaScript cannot be stopped there, so a
 * program is run again from its start, with the answers that its earlier steps got;
 * the first step without an answer ends the run. States that were seen are not
 * visited again.
 *
 * There are two worlds: one where a thread opens the pages for all (the gate `mprotect`),
 * and one where each opens them for itself, and lasting windows for all (`pkey`).
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Cell } from "../src/cell.ts";
import { RUNTIME } from "./support/child.ts";
import { ProtectionError, SecretBusyError, SecretClosedError } from "../src/errors.ts";
import * as gate from "../src/gate.ts";
import type { Library } from "../src/native/library.ts";
import * as state from "../src/state.ts";
import type { Word } from "../src/word.ts";
import { patience } from "./support/child.ts";

type Access = "none" | "read" | "write";

/** What threads share: the word, and what the pages are. */
interface World {
  word: number;
  /** What every thread may do; where each opens for itself, after a failure only. */
  page: Access;
  /** What each thread may do by itself. */
  own: readonly Access[];
  /** Threads that have opened the pages for all. */
  wide: readonly boolean[];
  wiped: boolean;
  /** What each thread is, as `Atomics.wait` and `Atomics.notify` have it. */
  sleep: ("awake" | "asleep" | "woken")[];
}

/** One step on shared state and what came of it. */
interface Step {
  readonly name: string;
  readonly result: number | boolean;
}

interface Thread {
  readonly program: Program;
  /** The steps that it has made, without attempts that failed. */
  history: readonly Step[];
  /** Windows that this thread has open, as far as its program has come. */
  windows: number;
  done: boolean;
}

/** What a thread does, in terms of the gate. `inside` marks that it reads the pages. */
type Program = (cell: Cell, inside: (mode: "read" | "write") => void) => void;

/** Thrown by the first step that has no answer yet. */
class Pause {
  readonly name: string;
  readonly run: (world: World, thread: number) => number | boolean | undefined;

  constructor(name: string, run: Pause["run"]) {
    this.name = name;
    this.run = run;
  }
}

class Replay implements Word {
  #next = 0;
  #history: readonly Step[];

  constructor(history: readonly Step[]) {
    this.#history = history;
  }

  step(name: string, run: Pause["run"]): number | boolean {
    const known = this.#history[this.#next++];
    if (known === undefined) throw new Pause(name, run);
    return known.result;
  }

  load(): number {
    return this.step("load", (world) => world.word) as number;
  }

  swap(expected: number, next: number): boolean {
    return this.step("swap", (world) => {
      if (world.word !== expected) return false;
      world.word = next;
      return true;
    }) as boolean;
  }

  timedOut(expected: number): boolean {
    this.step("sleep", (world, thread) => {
      if (world.sleep[thread] === "awake" && world.word === expected) {
        world.sleep[thread] = "asleep";
        return undefined;
      }
      // No time passes in this world: whom nobody wakes sleeps for ever.
      if (world.sleep[thread] === "asleep") return undefined;
      world.sleep[thread] = "awake";
      return false;
    });
    return false;
  }

  wake(): void {
    this.step("wake", (world) => {
      world.sleep = world.sleep.map((state) => state === "asleep" ? "woken" : state);
      return 0;
    });
  }
}

/** What the native library does, as far as the gate can tell. */
interface Natives {
  open(world: World, thread: number, protection: Access): void;
  close(world: World, thread: number): void;
  openWide(world: World, thread: number): void;
  closeWide(world: World, thread: number): void;
  /** What is left after a call that failed. */
  failClose(world: World, thread: number): void;
  failCloseWide(world: World, thread: number): void;
  mayTouch(world: World, thread: number, mode: "read" | "write"): boolean;
}

function replaced<T>(list: readonly T[], index: number, value: T): readonly T[] {
  return list.map((old, at) => at === index ? value : old);
}

/** One page table for all threads. */
const forAll: Natives = {
  open(world, _thread, protection) {
    assert.equal(world.page, "none", "pages were opened twice");
    world.page = protection;
  },
  close(world) {
    assert.notEqual(world.page, "none", "closed pages were closed");
    world.page = "none";
  },
  openWide: (world, thread) => forAll.open(world, thread, "read"),
  closeWide: (world, thread) => forAll.close(world, thread),
  failClose() {},
  failCloseWide() {},
  mayTouch: ({ page }, _thread, mode) => mode === "write" ? page === "write" : page !== "none",
};

/** Rights of each thread, beside which pages can be open for all. */
const forEach: Natives = {
  open(world, thread, protection) {
    assert.equal(world.own[thread], "none", "a thread has opened the pages twice");
    const alone = !world.wide.includes(true) && world.own.every((access) => access === "none");
    assert.ok(protection === "read" || alone, "pages in use were opened for writing");
    assert.ok(!world.own.includes("write"), "pages were opened beside a writer");
    world.own = replaced(world.own, thread, protection);
  },
  close(world, thread) {
    assert.notEqual(world.own[thread], "none", "a thread has closed what it had not opened");
    world.own = replaced(world.own, thread, "none");
  },
  openWide(world, thread) {
    assert.equal(world.wide[thread], false, "a thread has opened the pages for all twice");
    assert.ok(!world.own.includes("write"), "pages were opened beside a writer");
    world.wide = replaced(world.wide, thread, true);
  },
  closeWide(world, thread) {
    assert.equal(world.wide[thread], true, "a thread has closed for all what it had not opened");
    world.wide = replaced(world.wide, thread, false);
  },
  // The rights of the thread are a register; what fails is the page table.
  failClose(world, thread) {
    world.own = replaced(world.own, thread, "none");
    world.page = "read";
  },
  failCloseWide(world, thread) {
    world.wide = replaced(world.wide, thread, false);
    world.page = "read";
  },
  mayTouch({ own, wide }, thread, mode) {
    return mode === "write"
      ? own[thread] === "write"
      : own[thread] !== "none" || wide.includes(true);
  },
};

function fakeLibrary(replay: Replay, natives: Natives): Library {
  const PROTECTIONS = ["none", "read", "write"] as const;
  const call = (name: string, change: (world: World, thread: number) => void) =>
    replay.step(name, (world, thread) => {
      assert.ok(!world.wiped, `${name} on wiped pages`);
      change(world, thread);
      return 0;
    });
  const calls = {
    securememory_open: (_handle: number, protection: number) =>
      call("open", (world, thread) => natives.open(world, thread, PROTECTIONS[protection]!)),
    securememory_close: () => call("close", natives.close),
    securememory_open_wide: () => call("open wide", natives.openWide),
    securememory_close_wide: () => call("close wide", natives.closeWide),
    securememory_destroy: () =>
      call("destroy", (world) => {
        const closed = world.own.every((access) => access === "none") &&
          !world.wide.includes(true);
        assert.ok(closed, "pages were wiped while a thread had them open");
        world.page = "none";
        world.wiped = true;
      }),
    securememory_retire: () => 0,
    securememory_tick: () => 0,
    securememory_release: () => 0,
    // -6 is ProtectionFailed.
    failing_close: () => call("failing close", natives.failClose) || -6,
    failing_close_wide: () => call("failing close wide", natives.failCloseWide) || -6,
  };
  const runtime = { os: "linux", unref: (timer: { unref(): void }) => timer.unref() };
  return { calls, runtime, purges: new Uint32Array(1) } as unknown as Library;
}

/** Runs a thread's program as far as its history goes; its next step, or undefined at its end. */
function resume(thread: Thread, natives: Natives, shared: boolean): Pause | undefined {
  const replay = new Replay(thread.history);
  const cell = new Cell(fakeLibrary(replay, natives), {
    handle: 1,
    length: 32,
    revokeViews: false,
    perThread: natives === forEach,
    label: undefined,
  });
  if (shared) {
    cell.word = replay;
    cell.shared = new SharedArrayBuffer(4);
  }
  thread.windows = 0;
  try {
    thread.program(cell, (mode) => {
      // The moment in which the callback would touch the pages is a step of its own.
      replay.step(`touch ${mode}`, (world, index) => {
        assert.ok(!world.wiped, "a window is open on wiped pages");
        assert.ok(natives.mayTouch(world, index, mode), "a window is open on closed pages");
        return 0;
      });
    });
    return undefined;
  } catch (error) {
    if (error instanceof Pause) return error;
    throw error;
  }
}

/**
 * The history after a step. An attempt that failed (a load, then a swap or a sleep) is
 * forgotten: the gate tries again from the load, and uses nothing of it.
 */
function extend(history: readonly Step[], step: Step): readonly Step[] {
  const failed = step.name === "failed swap" || step.name === "sleep";
  return failed ? history.slice(0, -1) : [...history, step];
}

interface Report {
  states: number;
  ends: Set<string>;
}

/** The same for programs by name; a fault says which they were. */
function exploreNamed(names: readonly Name[], natives: Natives): Report {
  try {
    return explore(names.map((name) => ALL[name]), natives);
  } catch (error) {
    throw new Error(`In ${names.join(", ")}`, { cause: error });
  }
}

function explore(
  programs: readonly Program[],
  natives: Natives,
  ended = checkEnd,
  shared = true,
): Report {
  const report: Report = { states: 0, ends: new Set() };
  const seen = new Set<string>();
  const first = {
    world: {
      word: 0,
      page: "none",
      own: programs.map(() => "none"),
      wide: programs.map(() => false),
      wiped: false,
      sleep: programs.map(() => "awake"),
    } as World,
    histories: programs.map(() => [] as readonly Step[]),
  };
  const pending = [first];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const key = JSON.stringify([node.world, node.histories]);
    if (seen.has(key)) continue;
    seen.add(key);
    report.states += 1;
    let alive = 0;
    let moved = 0;
    for (const [index, program] of programs.entries()) {
      const thread: Thread = {
        program,
        history: node.histories[index] as readonly Step[],
        windows: 0,
        done: false,
      };
      const next = resume(thread, natives, shared);
      if (next === undefined) continue;
      alive += 1;
      const world: World = { ...node.world, sleep: [...node.world.sleep] };
      const result = next.run(world, index);
      if (result === undefined) {
        const fellAsleep = world.sleep[index] !== node.world.sleep[index];
        if (fellAsleep) pending.push({ world, histories: node.histories });
        moved += fellAsleep ? 1 : 0;
        continue;
      }
      moved += 1;
      const name = next.name === "swap" && result === false ? "failed swap" : next.name;
      const histories = [...node.histories];
      histories[index] = extend(thread.history, { name, result });
      pending.push({ world, histories });
    }
    if (alive === 0) {
      ended(node.world);
      report.ends.add(node.world.wiped ? "wiped" : "kept");
    } else assert.notEqual(moved, 0, "every thread waits for another, for ever");
  }
  return report;
}

/** What has to hold when every thread is done. */
function checkEnd({ word, page, own, wide, wiped }: World): void {
  const closed = page === "none" && own.every((access) => access === "none") &&
    !wide.includes(true);
  assert.ok(closed, "all threads are out, and the pages are open");
  assert.equal(word & state.COUNT, 0, "a count was lost");
  assert.equal(word & (state.CHANGING | state.WRITER), 0, "a change never ended");
  assert.equal(wiped, (word & state.CLOSED) !== 0, "closed and wiped are not the same");
  if ((word & state.CLOSING) !== 0) assert.ok(wiped, "closing was asked for and never done");
}

type Enter = (cell: Cell) => void;

/** Enters by `enter`; nothing more if the secret is closed or busy. */
function guarded(enter: Enter, then: Program): Program {
  return (cell, inside) => {
    try {
      enter(cell);
    } catch (error) {
      if (error instanceof SecretClosedError || error instanceof SecretBusyError) return;
      throw error;
    }
    then(cell, inside);
  };
}

/** A window, with more to do inside it. */
function window(mode: "read" | "write", then: Program = () => {}): Program {
  return guarded(mode === "read" ? gate.enter : gate.enterAlone, (cell, inside) => {
    inside(mode);
    then(cell, inside);
    gate.leave(cell);
  });
}

/** A window that may outlive the call it is opened in. */
function lastingWindow(then: Program = () => {}): Program {
  return guarded(gate.enterLasting, (cell, inside) => {
    inside("read");
    then(cell, inside);
    gate.leaveLasting(cell);
  });
}

type Call = "open" | "close" | "open_wide" | "close_wide";

/** The same program where the system refuses this thread some calls. */
function refused(names: readonly Call[], program: Program): Program {
  return (cell, inside) => {
    const calls = { ...cell.library.calls } as unknown as Record<string, () => number>;
    for (const name of names) {
      calls[`securememory_${name}`] = calls[`failing_${name}`] ?? (() => -6);
    }
    Object.assign(cell, { library: { ...cell.library, calls } });
    try {
      program(cell, inside);
    } catch (error) {
      if (!(error instanceof ProtectionError)) throw error;
    }
  };
}

/** Goes on after a window that could not be opened or closed. */
function despite(program: Program): Program {
  return (cell, inside) => {
    try {
      program(cell, inside);
    } catch (error) {
      if (!(error instanceof ProtectionError)) throw error;
    }
  };
}

/** A window that stays open: an asynchronous one whose promise never settles. */
const stay: Program = (cell, inside) => {
  gate.enterLasting(cell);
  inside("read");
};

const read = window("read");
const write = window("write");
const nested = window("read", read);
const twice: Program = (cell, inside) => {
  read(cell, inside);
  read(cell, inside);
};
const close: Program = (cell) => gate.close(cell);
const readThenClose: Program = (cell, inside) => {
  read(cell, inside);
  gate.close(cell);
};
const closeInside = window("read", close);
const closeInsideWrite = window("write", close);
const openFails = refused(["open", "open_wide"], read);
const closeFails = refused(["close", "close_wide"], read);

/** Windows that touch the pages, if a callback of the window still runs. */
const touch: Program = (_cell, inside) => inside("read");
const both = (...programs: readonly Program[]): Program => (cell, inside) => {
  for (const program of programs) program(cell, inside);
};

const lasting = lastingWindow();
const ownInLasting = lastingWindow(both(read, touch));
/** An asynchronous window that is opened in a synchronous one and outlives it. */
const lastingOutlives = guarded(gate.enter, (cell, inside) => {
  const opened = { lasting: false };
  guarded(gate.enterLasting, () => opened.lasting = true)(cell, inside);
  inside("read");
  gate.leave(cell);
  if (!opened.lasting) return;
  inside("read");
  gate.leaveLasting(cell);
});
const lastingInOwn = window("read", both(lasting, touch));
const lastingTwice = lastingWindow(both(lasting, touch));
const lastingInWrite = window("write", lasting);
const closeInsideLasting = lastingWindow(both(close, touch));
const closeInsideBoth = lastingWindow(window("read", both(close, touch)));
const lastingFails = refused(["open_wide"], lasting);
const lastingFailsInOwn = refused(["open_wide"], window("read", both(despite(lasting), touch)));
const ownFailsInLasting = refused(["open"], lastingWindow(both(despite(read), touch)));
const lastingCloseFails = refused(["close", "close_wide"], lasting);
const lastingCloseFailsInOwn = refused(["close_wide"], window("read", despite(lasting)));
const ownCloseFailsInLasting = refused(["close"], lastingWindow(despite(read)));

const PROGRAMS = {
  read,
  write,
  nested,
  twice,
  close,
  readThenClose,
  closeInside,
  closeInsideWrite,
  openFails,
  closeFails,
};
const LASTING = {
  lasting,
  ownInLasting,
  lastingOutlives,
  lastingInOwn,
  lastingTwice,
  lastingInWrite,
  closeInsideLasting,
  closeInsideBoth,
  lastingFails,
  lastingFailsInOwn,
  ownFailsInLasting,
  lastingCloseFails,
  lastingCloseFailsInOwn,
  ownCloseFailsInLasting,
};
const ALL = { ...PROGRAMS, ...LASTING };
type Name = keyof typeof ALL;
const NAMES = Object.keys(ALL) as Name[];

const TRIPLES: readonly (readonly [Name, Name, Name])[] = [
  ["read", "read", "read"],
  ["read", "read", "close"],
  ["read", "write", "close"],
  ["twice", "read", "close"],
  ["nested", "closeInside", "read"],
  ["write", "closeInsideWrite", "read"],
  ["readThenClose", "readThenClose", "read"],
  ["close", "close", "write"],
  ["openFails", "read", "close"],
  ["openFails", "openFails", "read"],
  ["closeFails", "read", "read"],
  ["closeFails", "closeInside", "write"],
];
const LASTING_TRIPLES: readonly (readonly [Name, Name, Name])[] = [
  ["lasting", "read", "close"],
  ["lasting", "write", "read"],
  ["lastingOutlives", "read", "close"],
  ["ownInLasting", "closeInside", "read"],
  ["lastingCloseFailsInOwn", "read", "close"],
];

const WORLDS = { "for all threads": forAll, "for each thread": forEach };

for (const [world, natives] of Object.entries(WORLDS)) {
  describe(`the state machine, where windows are ${world}`, { timeout: patience(300_000) }, () => {
    it("holds over every interleaving of two threads, for every pair of programs", () => {
      let states = 0;
      for (const [index, a] of NAMES.entries()) {
        for (const b of NAMES.slice(index)) {
          const report = exploreNamed([a, b], natives);
          const closes = [a, b].some((name) => name.toLowerCase().includes("close"));
          // Something that never closes ends with its bytes; `close` may be refused a window first.
          if (!closes) assert.deepEqual([...report.ends], ["kept"], `${a} and ${b}`);
          if (a === "close" || b === "close") assert.deepEqual([...report.ends], ["wiped"]);
          states += report.states;
        }
      }
      console.log(`two threads: ${states} states`);
      assert.ok(states > 1000);
    });

    // No engine makes a difference here: three threads take one of them minutes, so one runs them.
    for (const names of RUNTIME === "bun" ? [...TRIPLES, ...LASTING_TRIPLES] : []) {
      it(`holds over every interleaving of ${names.join(", ")}`, () => {
        const report = exploreNamed(names, natives);
        console.log(`${names.join(", ")}: ${report.states} states`);
        assert.ok(report.states > 100);
      });
    }

    it("holds for a secret of one thread, whose word is a plain number", () => {
      for (const name of NAMES) {
        const report = explore([ALL[name]], natives, (end) => {
          // Its word is no part of the world: what has to hold of it, wiping shows.
          checkEnd({ ...end, word: end.wiped ? state.CLOSING | state.CLOSED : 0 });
        }, false);
        const closes = name.toLowerCase().includes("close");
        // Windows for all threads have one way to close, which is not refused here.
        const fails = natives === forAll && name === "lastingCloseFailsInOwn";
        assert.deepEqual([...report.ends], [closes && !fails ? "wiped" : "kept"], name);
      }
    });

    it("wakes whoever waits, also while another thread's window stays open", () => {
      const report = explore([stay, read, read], natives, ({ word, page, wide }) => {
        assert.equal(word & state.COUNT, 1);
        assert.equal(page === "read" || wide[0], true);
      });
      assert.ok(report.states > 100);
    });
  });
}
describe("the model finds", () => {
  const add = (cell: Cell, amount: number): number => {
    for (;;) {
      const word = cell.word.load();
      if (cell.word.swap(word, word + amount)) return word + amount;
    }
  };

  it("the fault of a bare counter, so that a pass means something", () => {
    // The shape that the Rust peer has: count first, change the pages afterwards.
    const bare: Program = (cell, inside) => {
      if (add(cell, 1) === 1) cell.library.calls.securememory_open(1, 1);
      inside("read");
      if (add(cell, -1) === 0) cell.library.calls.securememory_close(1);
    };
    assert.throws(() => explore([bare, bare], forAll), /pages/);
    assert.throws(() => explore([bare, bare], forEach), /pages/);
  });

  it("a thread that relies on what another has opened for itself", () => {
    const joins: Program = (cell, inside) => {
      Object.assign(cell, { perThread: false });
      read(cell, inside);
    };
    assert.throws(() => explore([joins, joins], forEach), /closed pages/);
  });

  it("a thread that gives its count away before it has closed what it opened", () => {
    const early = guarded(gate.enter, (cell, inside) => {
      inside("read");
      // The native call comes when others may wipe already.
      const { securememory_close: shut } = cell.library.calls;
      const calls = { ...cell.library.calls, securememory_close: () => 0 };
      Object.assign(cell, { library: { ...cell.library, calls } });
      gate.leave(cell);
      shut(1);
    });
    assert.throws(() => explore([early, close], forEach), /wiped/);
  });

  it("a lasting window that only its own thread can use", () => {
    const narrow: Program = (cell, inside) => {
      const { securememory_open: open, securememory_close: shut } = cell.library.calls;
      const calls = {
        ...cell.library.calls,
        securememory_open_wide: () => open(1, 1),
        securememory_close_wide: () => shut(1),
      };
      Object.assign(cell, { library: { ...cell.library, calls } });
      lastingInOwn(cell, inside);
    };
    assert.throws(() => explore([narrow], forEach), /twice/);
  });
});
