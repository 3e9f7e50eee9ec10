/**
 * Secrets of what is written to a stream: the chunks are wiped, and whatever goes wrong leaves
 * nothing behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import {
  capabilities,
  purge,
  Secret,
  SecretClosedError,
  SecretWriter,
  SourceError,
  stats,
} from "../mod.ts";
import { runCode, RUNTIME } from "./support/child.ts";
import { unless } from "./support/skip.ts";

let folder: string;
before(() => folder = mkdtempSync(join(tmpdir(), "securememory-test-")));
after(() => rmSync(folder, { recursive: true }));

const utf8 = (text: string) => new TextEncoder().encode(text);

function textOf(secret: Secret): string {
  using closing = secret;
  return closing.withBytes((bytes) => new TextDecoder().decode(bytes.slice()));
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13 + 1) & 0xff);
}

/** Runs a use of a writer that has to leave no secret behind. */
async function leavesNothing(use: () => Promise<void>): Promise<void> {
  const { inUse, openWindows } = stats();
  await use();
  assert.deepEqual(
    { inUse: stats().inUse, openWindows: stats().openWindows },
    { inUse, openWindows },
  );
}

/** A stream of chunks, one when it is asked for. */
function streamOf(...chunks: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller): void {
      if (chunks.length === 0) controller.close();
      else controller.enqueue(chunks.shift() as Uint8Array);
    },
  }, { highWaterMark: 0 });
}

describe("SecretWriter", () => {
  it("makes a secret of what was written, in one chunk or many", async () => {
    for (const size of [1, 13, 4095, 4096, 4097, 50_000]) {
      await leavesNothing(async () => {
        const content = pattern(50_000);
        const writer = new SecretWriter();
        const stream = writer.writable.getWriter();
        for (let at = 0; at < content.length; at += size) {
          await stream.write(content.slice(at, at + size));
        }
        await stream.close();
        using secret = await writer.secret;
        assert.equal(secret.length, content.length);
        assert.ok(secret.equals(content), `in chunks of ${size}`);
      });
    }
  });

  it("wipes each chunk once it is copied, and no more of its buffer", async () => {
    const writer = new SecretWriter();
    const stream = writer.writable.getWriter();
    // Of each kind of memory that engines have for bytes.
    const chunks = [utf8("small"), new Uint8Array(5000).fill(7), new Uint8Array([1, 2, 3])];
    const around = utf8("..part..");
    for (const chunk of [...chunks, around.subarray(2, 6)]) {
      await stream.write(chunk);
      assert.ok(chunk.every((byte) => byte === 0), "a chunk was not wiped");
    }
    assert.deepEqual([...around], [...utf8(".."), 0, 0, 0, 0, ...utf8("..")]);
    await stream.close();
    using secret = await writer.secret;
    assert.equal(secret.length, 5 + 5000 + 3 + 4);
    secret.withBytes((bytes) => {
      assert.equal(new TextDecoder().decode(bytes.slice(0, 5)), "small");
      assert.equal(new TextDecoder().decode(bytes.slice(-4)), "part");
    });
  });

  it("wipes a chunk that is refused for its size, too", async () => {
    await leavesNothing(async () => {
      const writer = new SecretWriter({ maxBytes: 4 });
      const stream = writer.writable.getWriter();
      await stream.write(utf8("abc"));
      const chunk = utf8("de");
      await assert.rejects(stream.write(chunk), (error: Error) => {
        assert.ok(error instanceof SourceError);
        assert.equal(
          error.message,
          "Cannot create a secret from the stream: it has more than 4 bytes, the option maxBytes",
        );
        return true;
      });
      assert.deepEqual([...chunk], [0, 0]);
      await assert.rejects(writer.secret, SourceError);
      await assert.rejects(stream.write(utf8("f")), SourceError);
      await assert.rejects(stream.closed, SourceError);
    });
  });

  it("takes exactly maxBytes", async () => {
    for (const maxBytes of [1, 4095, 4096, 4097, 10_000]) {
      const writer = new SecretWriter({ maxBytes });
      await streamOf(pattern(maxBytes - 1), pattern(1)).pipeTo(writer.writable);
      using secret = await writer.secret;
      assert.equal(secret.length, maxBytes);
    }
  });

  it("takes chunks without bytes, and those whose buffer went elsewhere", async () => {
    const writer = new SecretWriter();
    const gone = utf8("gone");
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    await streamOf(new Uint8Array(0), utf8("a"), gone, new Uint8Array(0), utf8("b"))
      .pipeTo(writer.writable);
    assert.equal(textOf(await writer.secret), "ab");
  });

  it("refuses chunks that are no bytes, are shared, or are a secret's own", async () => {
    using other = Secret.random(8);
    using opened = other.open();
    for (
      const chunk of [
        "text",
        null,
        5,
        [1],
        new ArrayBuffer(2),
        new Uint16Array(2),
        new Uint8Array(new SharedArrayBuffer(2)),
        opened.bytes,
      ]
    ) {
      await leavesNothing(async () => {
        const writer = new SecretWriter();
        const stream = writer.writable.getWriter();
        await stream.write(utf8("abc"));
        const wrong = { name: "TypeError", message: /^Cannot write the chunk: it [^\n]*[^.]$/ };
        await assert.rejects(stream.write(chunk as Uint8Array), wrong);
        await assert.rejects(writer.secret, wrong);
        await assert.rejects(stream.closed, wrong);
      });
    }
  });

  it("refuses a stream without bytes", async () => {
    for (const chunks of [[], [new Uint8Array(0)]]) {
      await leavesNothing(async () => {
        const writer = new SecretWriter();
        const empty = { message: "Cannot create a secret from the stream: it is empty" };
        await assert.rejects(streamOf(...chunks).pipeTo(writer.writable), empty);
        await assert.rejects(writer.secret, empty);
      });
    }
  });

  it("that is aborted leaves nothing, and its secret says why", async () => {
    await leavesNothing(async () => {
      const writer = new SecretWriter();
      const stream = writer.writable.getWriter();
      await stream.write(pattern(10_000));
      const reason = new Error("mine");
      await stream.abort(reason);
      await assert.rejects(writer.secret, (error: Error) => {
        assert.ok(error instanceof SourceError);
        assert.equal(error.message, "Cannot create a secret from the stream: it was aborted");
        assert.equal(error.cause, reason);
        return true;
      });
      stream.closed.catch(() => {});
    });
  });

  it("whose source fails half way leaves nothing, and both ends hear of it", async () => {
    await leavesNothing(async () => {
      const reason = new Error("connection lost");
      let turn = 0;
      const source = new ReadableStream<Uint8Array>({
        pull(controller): void {
          if (turn++ < 3) controller.enqueue(pattern(5000));
          else controller.error(reason);
        },
      });
      const writer = new SecretWriter();
      await assert.rejects(source.pipeTo(writer.writable), reason);
      await assert.rejects(writer.secret, { name: "SourceError", cause: reason });
    });
  });

  it("stops with the signal of the pipe", async () => {
    await leavesNothing(async () => {
      const control = new AbortController();
      const source = new ReadableStream<Uint8Array>({
        // A stream that never waits would never let a timer run.
        async pull(controller): Promise<void> {
          await new Promise((resolve) => setTimeout(resolve, 1));
          controller.enqueue(pattern(100));
        },
      });
      const writer = new SecretWriter({ maxBytes: 2 ** 30 });
      const piping = source.pipeTo(writer.writable, { signal: control.signal });
      setTimeout(() => control.abort(), 5);
      await assert.rejects(piping, { name: "AbortError" });
      await assert.rejects(writer.secret, SourceError);
    });
  });

  it("that is disposed before the end is aborted", async () => {
    await leavesNothing(async () => {
      const writer = new SecretWriter();
      const stream = writer.writable.getWriter();
      await stream.write(utf8("abc"));
      writer[Symbol.dispose]();
      const disposed = { name: "SourceError", message: /its writer was disposed before/ };
      await assert.rejects(writer.secret, disposed);
      await assert.rejects(stream.write(utf8("d")), disposed);
      await assert.rejects(stream.closed, disposed);
      writer[Symbol.dispose]();
    });
    await leavesNothing(async () => {
      // Nothing was written yet, and nobody has the stream.
      using writer = new SecretWriter();
      assert.equal(writer.writable.locked, false);
      await Promise.resolve();
    });
  });

  it("that is disposed after the end leaves the secret to whoever took it", async () => {
    let secret: Secret;
    {
      using writer = new SecretWriter();
      await streamOf(utf8("abc")).pipeTo(writer.writable);
      secret = await writer.secret;
    }
    assert.equal(secret.isClosed, false);
    assert.equal(textOf(secret), "abc");
  });

  it("whose bytes were purged meanwhile fails, and leaves nothing", async () => {
    await leavesNothing(async () => {
      const writer = new SecretWriter();
      const stream = writer.writable.getWriter();
      await stream.write(utf8("abc"));
      purge();
      const chunk = utf8("def");
      await assert.rejects(stream.write(chunk), SecretClosedError);
      assert.deepEqual([...chunk], [0, 0, 0]);
      await assert.rejects(writer.secret, SecretClosedError);
      await assert.rejects(stream.closed, SecretClosedError);
    });
  });

  it("refuses options that are none, at once", () => {
    const use = (options: unknown) => () => new SecretWriter(options as undefined);
    for (const options of [null, 5, "x", { maxBytes: "5" }, { max: 5 }, { store: "none" }]) {
      assert.throws(use(options), TypeError, JSON.stringify(options));
    }
    for (const maxBytes of [0, -1, 1.5, 2 ** 32 - 1]) assert.throws(use({ maxBytes }), RangeError);
    new SecretWriter({ maxBytes: undefined })[Symbol.dispose]();
  });

  it("keeps the secret as the options say", async () => {
    const store = capabilities().stores.secretmem.available ? "secretmem" : "locked";
    const writer = new SecretWriter({ store, gate: "mprotect", label: "stream" });
    await streamOf(pattern(5000)).pipeTo(writer.writable);
    using secret = await writer.secret;
    const { store: got, gate, guarded } = secret.status();
    assert.deepEqual([got, gate, guarded], [store, "mprotect", true]);
  });

  it("fails without an unhandled rejection if somebody handled the stream's own", async () => {
    const { stdout, stderr, status } = await runCode(`
      const { SecretWriter } = securememory;
      const failing = () => new ReadableStream({ pull: (one) => one.error(new Error("lost")) });
      await failing().pipeTo(new SecretWriter().writable).catch(() => {});
      await new Response("too long").body
        .pipeTo(new SecretWriter({ maxBytes: 1 }).writable).catch(() => {});
      new SecretWriter()[Symbol.dispose]();
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log("alive");
    `);
    assert.deepEqual({ stdout, status }, { stdout: "alive\n", status: 0 }, stderr);
  });

  it("and a failure that nobody handled is not silent", async () => {
    const { stdout, status } = await runCode(`
      const { SecretWriter } = securememory;
      new Response("too long").body.pipeTo(new SecretWriter({ maxBytes: 1 }).writable);
      await new Promise((resolve) => setTimeout(resolve, 50));
      console.log("alive");
    `);
    assert.notEqual(status, 0, stdout);
  });
});

describe("SecretWriter at the end of a pipe", () => {
  const content = pattern(300_000);
  const path = () => {
    const file = join(folder, "content");
    writeFileSync(file, content);
    return file;
  };

  async function check(source: ReadableStream<Uint8Array>): Promise<void> {
    const writer = new SecretWriter();
    await source.pipeTo(writer.writable);
    using secret = await writer.secret;
    assert.ok(secret.equals(content));
  }

  it("takes the body of fetch", async () => {
    const server = createServer((_, response) => response.end(content));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      const { body } = await fetch(`http://127.0.0.1:${port}/`);
      await check(body as ReadableStream<Uint8Array>);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("takes a Blob, and a stream of bytes that transfers its buffers", async () => {
    await check(new Blob([content]).stream());
    let at = 0;
    await check(
      new ReadableStream({
        type: "bytes",
        pull(controller): void {
          controller.enqueue(content.slice(at, at += 60_000));
          if (at >= content.length) controller.close();
        },
      }),
    );
  });

  it("takes a stream of node:fs by Readable.toWeb", async () => {
    await check(Readable.toWeb(createReadStream(path())) as unknown as ReadableStream<Uint8Array>);
  });

  it("takes Bun.file().stream()", {
    skip: unless("bun", RUNTIME === "bun", "this is about Bun"),
  }, async () => {
    const { Bun } = globalThis as unknown as {
      Bun: { file(path: string): { stream(): ReadableStream<Uint8Array> } };
    };
    await check(Bun.file(path()).stream());
  });

  it("takes the readable side of Deno.open()", {
    skip: unless("deno", RUNTIME === "deno", "this is about Deno"),
  }, async () => {
    const { Deno } = globalThis as unknown as {
      Deno: { open(path: string): Promise<{ readable: ReadableStream<Uint8Array> }> };
    };
    await check((await Deno.open(path())).readable);
  });

  it("takes a Readable of buffers that share one piece of memory", async () => {
    const buffers = [Buffer.from("pass"), Buffer.from("word")];
    const writer = new SecretWriter();
    await (Readable.toWeb(Readable.from(buffers)) as unknown as ReadableStream<Uint8Array>)
      .pipeTo(writer.writable);
    assert.equal(textOf(await writer.secret), "password");
    assert.ok(buffers.every((buffer) => buffer.every((byte) => byte === 0)));
  });
});
