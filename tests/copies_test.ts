import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { library } from "../src/native/library.ts";
import { ROOT } from "./support/child.ts";
import { withFolder } from "./support/native.ts";
import { reported } from "./support/report.ts";

/**
 * Runs code in a child that has two copies of the module, each with a copy of the native
 * library of its own: `one` and `two`.
 */
function withCopies<T>(code: string): Promise<T> {
  return withFolder((folder) => {
    copyFileSync(library().path, join(folder, "copy.so"));
    // In a folder with a package.json, as the original is.
    const project = join(folder, "project");
    mkdirSync(project);
    for (const part of ["src", "mod.ts", "package.json"]) {
      cpSync(join(ROOT, part), join(project, part), { recursive: true });
    }
    return reported<T>(`
      const one = securememory;
      one.stats(); // Loads the first library.
      process.env.SECUREMEMORY_LIBRARY = ${JSON.stringify(join(folder, "copy.so"))};
      const two = await import(${JSON.stringify(pathToFileURL(join(project, "mod.ts")).href)});
      const make = (copy, first) => copy.Secret.from(new Uint8Array([first, 2, 3]));
      const read = (secret) => secret.withBytes((bytes) => [...bytes]);
      const codeOf = (action) => {
        try {
          action();
        } catch (error) {
          return error.code;
        }
      };
      ${code}
    `);
  });
}

test("two copies of the library in one process both work, each on its own", async () => {
  const seen = await withCopies<Record<string, unknown>>(`
    const first = make(one, 1);
    const second = make(two, 9);
    const nested = first.withBytes((outer) => second.withBytes((inner) => [outer[0], inner[0]]));
    report({
      libraries: [one.capabilities().library, two.capabilities().library].map((path) => path.slice(-7)),
      values: [read(first), read(second)],
      nested,
      inUse: [one.stats().inUse, two.stats().inUse],
      statuses: [first.status().protection, second.status().protection],
    });
  `);
  assert.deepEqual(seen, {
    libraries: ["mory.so", "copy.so"],
    values: [[1, 2, 3], [9, 2, 3]],
    nested: [1, 9],
    inUse: [1, 1],
    statuses: ["none", "none"],
  });
});

test("a ticket of one copy is refused by the other, though the handles are equal", async () => {
  const seen = await withCopies<Record<string, unknown>>(`
    const tickets = [make(one, 1).share(), make(two, 9).share()];
    report({
      equalHandles: tickets[0].handle === tickets[1].handle,
      own: [read(one.Secret.attach(tickets[0])), read(two.Secret.attach(tickets[1]))],
      foreign: [
        codeOf(() => one.Secret.attach(tickets[1])),
        codeOf(() => two.Secret.attach(tickets[0])),
      ],
      inUse: [one.stats().inUse, two.stats().inUse],
    });
  `);
  assert.deepEqual(seen, {
    equalHandles: true,
    own: [[1, 2, 3], [9, 2, 3]],
    foreign: ["UNSUPPORTED", "UNSUPPORTED"],
    inUse: [1, 1],
  });
});

test("closing and purging in one copy leaves the other's secrets alone", async () => {
  const seen = await withCopies<Record<string, unknown>>(`
    const secrets = [make(one, 1), make(one, 2), make(two, 9)];
    secrets[0].close();
    const afterClose = [secrets.map((secret) => secret.isClosed), read(secrets[2])];
    one.purge();
    const afterPurge = [secrets.map((secret) => secret.isClosed), read(secrets[2])];
    const later = read(make(one, 5));
    two.purge();
    const afterBoth = secrets.map((secret) => secret.isClosed);
    report({ afterClose, afterPurge, later, afterBoth });
  `);
  assert.deepEqual(seen, {
    afterClose: [[true, false, false], [9, 2, 3]],
    afterPurge: [[true, true, false], [9, 2, 3]],
    later: [5, 2, 3],
    afterBoth: [true, true, true],
  });
});

test("a secret of one copy is no secret to the other", async () => {
  const seen = await withCopies<Record<string, unknown>>(`
    const first = make(one, 1);
    const second = make(two, 1);
    let name;
    try {
      first.equals(second);
    } catch (error) {
      name = error.name;
    }
    report({ name, foreign: second instanceof one.Secret });
  `);
  assert.deepEqual(seen, { name: "TypeError", foreign: false });
});
