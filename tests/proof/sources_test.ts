/**
 * Copies of what a secret was made of, counted from outside: while it is there and after it was
 * closed, for every way in that says that nothing stays behind.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandLine, patience, ROOT, RUNTIME } from "../support/child.ts";
import { type Found, observe } from "./support/observer.ts";
import { withoutWay } from "./support/tracing.ts";

const skip = withoutWay("mem");
const limits = { skip, timeout: patience(60_000) };
const FLAGS = { bun: [], deno: ["-A", "--v8-flags=--expose-gc"], node: ["--expose-gc"] }[RUNTIME];

/** How often tokens of a content were found, in each form: as bytes, as text of them, in UTF-16. */
type Counts = readonly Found["copies"][];

interface Seen {
  readonly made: Counts;
  readonly closed: Counts;
}

const NOWHERE: Found["copies"] = { raw: 0, reversed: 0, hex: 0, base64: 0, "UTF-16": 0 };
/** As bytes, at one place: the secret's page. */
const ONCE: Found["copies"] = { ...NOWHERE, raw: 1 };

const times = (copies: Found["copies"], { length }: { length: number }) =>
  Array.from({ length }, () => copies);

/**
 * Runs children/sources.ts on a file of that content, or a FIFO that is fed with it slowly, and
 * counts the copies of tokens in its memory.
 */
async function look(
  way: string,
  content: Uint8Array,
  tokens: readonly Uint8Array[],
  fifo = false,
): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), "securememory-test-"));
  const path = join(folder, "content");
  const feed = join(folder, "feed");
  writeFileSync(fifo ? feed : path, content, { mode: 0o600 });
  if (fifo) execFileSync("mkfifo", [path]);
  const [program, ...args] = commandLine(`${ROOT}tests/children/sources.ts`, {
    flags: FLAGS,
    args: [way, path],
  }) as [string, ...string[]];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const writer = fifo
    ? spawn("sh", ["-c", `dd if='${feed}' of='${path}' bs=3000`], { stdio: "ignore" })
    : undefined;
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const counts = async (stage: string): Promise<Counts> => {
      const { value } = await lines.next();
      assert.ok(`${value}`.startsWith(stage), `the child said "${value}"`);
      const names = new Map(tokens.map((token, index) => [`${index}`, token]));
      const answer = observe("mem", child.pid as number, { tokens: names });
      child.stdin.write("\n");
      return tokens.map((_, index) => (answer.tokens.get(`${index}`) as Found).copies);
    };
    return { made: await counts("made"), closed: await counts("closed") };
  } finally {
    child.kill("SIGKILL");
    writer?.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

const LENGTH = 100_000;
/** What the observer looks for is of this length. */
const TOKEN = 32;

/** Random bytes, and tokens of them: at both ends, over the border of pages, and in the middle. */
function sample(): { content: Buffer; tokens: Buffer[] } {
  const content = randomBytes(LENGTH);
  const at = [0, 90, 4080, 8180, 50_000, 65_520, LENGTH - TOKEN];
  return { content, tokens: at.map((start) => content.subarray(start, start + TOKEN)) };
}

describe("the content of a source", () => {
  it("is found where it is in ordinary memory", limits, async () => {
    const { content, tokens } = sample();
    const { made } = await look("control", content, tokens);
    assert.ok(made.every(({ raw }) => raw >= 2), JSON.stringify(made));
  });

  for (const way of ["fromFile", "fromFd"]) {
    it(`is on the secret's pages alone after ${way}, and nowhere after close`, limits, async () => {
      const { content, tokens } = sample();
      const seen = await look(way, content, tokens);
      assert.deepEqual(seen, { made: times(ONCE, tokens), closed: times(NOWHERE, tokens) });
    });
  }

  it("of one page is on that page alone after fromFile", limits, async () => {
    const content = randomBytes(TOKEN);
    assert.deepEqual(await look("fromFile", content, [content]), {
      made: [ONCE],
      closed: [NOWHERE],
    });
  });

  it(
    "is there alone, though the secret grew several times while a pipe was read",
    limits,
    async () => {
      const { content, tokens } = sample();
      const seen = await look("fromFile", content, tokens, true);
      assert.deepEqual(seen, { made: times(ONCE, tokens), closed: times(NOWHERE, tokens) });
    },
  );

  for (const way of ["SecretWriter", "SecretWriter, large chunks"]) {
    it(`is there alone after ${way}, which wiped its chunks`, limits, async () => {
      const { content, tokens } = sample();
      const seen = await look(way, content, tokens);
      assert.deepEqual(seen, { made: times(ONCE, tokens), closed: times(NOWHERE, tokens) });
    });
  }
});

describe("text that was decoded", () => {
  const encodings = { fromHex: "hex", fromBase64: "base64", fromBase64Url: "base64url" } as const;
  for (const [name, encoding] of Object.entries(encodings)) {
    for (const length of [33, 3000]) {
      it(
        `(${length} bytes) is nowhere after ${name} of bytes, and what it stood for on its page alone`,
        limits,
        async () => {
          const content = randomBytes(length);
          const tokens = [content.subarray(0, TOKEN), content.subarray(-TOKEN)];
          const seen = await look(
            `${name}(bytes)`,
            Buffer.from(content.toString(encoding)),
            tokens,
          );
          assert.deepEqual(seen, { made: times(ONCE, tokens), closed: times(NOWHERE, tokens) });
        },
      );
    }
  }

  for (const name of ["fromHex", "fromBase64"] as const) {
    it(`stays behind after ${name} of a string, which is all that does`, limits, async () => {
      const content = randomBytes(TOKEN);
      const text = Buffer.from(content.toString(encodings[name]));
      const { made: [made], closed: [closed] } = await look(`${name}(string)`, text, [content]);
      // The string itself, which nobody can wipe, and what made it.
      const form = encodings[name];
      assert.ok((made as Found["copies"])[form] >= 1, JSON.stringify(made));
      assert.deepEqual({ ...made, [form]: 0 }, ONCE);
      assert.deepEqual({ ...closed, [form]: 0 }, NOWHERE);
    });
  }
});
