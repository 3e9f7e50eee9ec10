/**
 * Documents do not rot: their links lead somewhere, their TypeScript compiles and runs, and
 * what they name is there. README.md's own promises are in readme_test.ts.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { patience, ROOT, runCode } from "./support/child.ts";
import {
  anchorsOf,
  assertSaid,
  blocksOf,
  brokenLinks,
  documents,
  inClone,
  missingCommands,
  missingFiles,
  missingTests,
  proseOf,
  read,
} from "./support/documents.ts";
import { toolchain } from "./support/native.ts";
import { unless } from "./support/skip.ts";

const paths = documents();

/** Blocks of TypeScript that use the package, of all documents. */
const examples = paths.flatMap((path) =>
  blocksOf(read(path))
    .filter(({ language, code }) => /^ts\b/.test(language) && code.includes("@securememory/core"))
    .map((block, index) => ({ ...block, name: `${path}, example ${index + 1}`, path }))
);

it("there are documents, and examples in them", () => {
  for (const path of ["README.md", "SECURITY.md", "docs/design.md", "docs/platforms/linux.md"]) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(paths.every((path) => !path.includes("node_modules")));
  assert.ok(examples.length >= 8);
});

describe("links", () => {
  it("that lead nowhere are found", () => {
    const text = [
      "# One `two`, three!",
      "[a](#one-two-three) [b](docs/faq.md) [c](docs/design.md#the-parts) [d](https://x.invalid/)",
      "[e](#one) [f](docs/no.md) [g](docs/faq.md#no-such-heading) [h](../outside.md) [i](LICENSE#x)",
      "`[j](code.md)`",
      "```md",
      "[k](code.md)",
      "```",
    ].join("\n");
    assert.deepEqual(brokenLinks("README.md", text), [
      "#one",
      "docs/no.md",
      "docs/faq.md#no-such-heading",
      "../outside.md",
      "LICENSE#x",
    ]);
    assert.deepEqual(brokenLinks("docs/faq.md", "[a](design.md) [b](docs/design.md)"), [
      "docs/design.md",
    ]);
  });

  it("to headings are those that GitHub makes", () => {
    const text = "# A b\n## A b\n## `c()` and [d](e)?\n```\n# code\n```\n### Größe, x_y - z\n";
    assert.deepEqual([...anchorsOf(text)], ["a-b", "a-b-1", "c-and-d", "größe-x_y---z"]);
  });

  for (const path of paths) {
    it(`of ${path} lead somewhere`, () => assert.deepEqual(brokenLinks(path, read(path)), []));
  }

  it("lead to every document from README.md", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const [, link] of proseOf(read(path)).matchAll(/\]\(([^()\s#]+\.md)(?:#[^()\s]*)?\)/g)) {
        if (!/^https?:/.test(link as string)) reached.add(join(path, "..", link as string));
      }
    }
    assert.deepEqual(paths.filter((path) => !reached.has(path)), []);
  });
});

describe("what is named", () => {
  it("and is not there is found", () => {
    assert.deepEqual(missingTests("`window_test` `proof/core_test` `secret_test` `no_such_test`"), [
      "no_such_test",
    ]);
    assert.deepEqual(missingFiles("`src/gate.ts` `src/no.ts` `zig/os/<system>.zig` `x/y.ts`"), [
      "src/no.ts",
    ]);
    const commands = [
      "`npm test`, `npm run bench -- --quick`, `npm run no-such`",
      "`zig build`, `zig build targets -Dstrip=false`, `zig build cake`",
      "`node scripts/no.mjs`, `node scripts/test.mjs tidy pkey --short`, `node scripts/test.mjs cake`",
      "```sh\nREQUIRE=x npm run nothing\nbun test ./tests/no_test.ts\nbun test ./tests/window_test.ts\n```",
    ];
    assert.deepEqual(commands.flatMap(missingCommands), [
      "npm run no-such",
      "zig build cake",
      "node scripts/no.mjs",
      "node scripts/test.mjs cake",
      "npm run nothing",
      "bun test ./tests/no_test.ts",
    ]);
  });

  for (const path of paths) {
    it(`in ${path} is there: tests, files, commands`, () => {
      const text = read(path);
      assert.deepEqual(missingTests(text), []);
      assert.deepEqual(missingFiles(text), []);
      assert.deepEqual(missingCommands(text), []);
    });
  }
});

/** What a compiler says of files in a folder of the project; empty if it says nothing. */
function compile(codes: readonly string[]): { readonly deno: string; readonly tsc: string } {
  // There the import map of deno.json and the paths of tsconfig.json hold.
  mkdirSync(`${ROOT}zig-out`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}zig-out/documents-`);
  try {
    const files = codes.map((code, index) => {
      const file = join(folder, `example_${index + 1}.ts`);
      writeFileSync(file, code);
      return file;
    });
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
    const run = (program: string | undefined, ...args: string[]): string => {
      const { status, stdout, stderr, error } = spawnSync(program as string, args, {
        cwd: ROOT,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
      });
      return status === 0 ? "" : `${error ?? ""}${stdout}${stderr}`;
    };
    return {
      deno: run(toolchain.findDeno(), "check", "--quiet", ...files),
      tsc: run(toolchain.findNode(), `${ROOT}node_modules/typescript/bin/tsc`, "-p", config),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("examples", () => {
  const limits = {
    timeout: patience(120_000),
    skip: unless(
      "compilers",
      toolchain.findDeno() !== undefined && toolchain.findNode() !== undefined,
      "Deno or Node 26 is not installed; scripts/setup.mjs does it",
    ),
  };

  it("compile, for Deno and for TypeScript", limits, () => {
    assert.deepEqual(compile(examples.map(({ code }) => code)), { deno: "", tsc: "" });
  });

  it("that do not compile are found", limits, () => {
    const wrong = 'import { Secret } from "@securememory/core";\nSecret.random("32");\n';
    const { deno, tsc } = compile([wrong]);
    assert.match(deno, /TS2345/);
    assert.match(tsc, /TS2345/);
  });

  for (const { language, code, name, path } of examples) {
    if (path === "README.md" || language !== "ts") continue;
    it(`runs, printing what its comments say: ${name}`, async () => {
      const { status, signal, stdout, stderr } = await runCode(inClone(code));
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
      assertSaid(code, stdout);
    });
  }

  it("that print something else than they say are found", () => {
    const code = "console.log(1); // one\nconsole.log(2); // 2\n";
    assert.throws(() => assertSaid(code, "1\n2\n"), /"one"/);
    assertSaid(code, "one\n2\n");
  });
});

/** Rows of README.md's table of protections, and the entries of SECURITY.md that go with them. */
const PROTECTIONS: Readonly<Record<string, string>> = {
  "swap": "Swap",
  "core dumps": "Core dumps and crash reporters",
  "debuggers, `/proc/PID/mem`, root's too": "Readers from outside",
  "a forked child": "Forked children",
  "other threads during a window": "Other threads during a window",
  "threads that were started inside a window": "Rights that were inherited",
  "stray reads and writes in the process": "Stray reads and writes",
  "overflows in native code": "Overflows and underflows",
  "overflows between secrets of a pool": "Overflows between secrets of a pool",
  "changes of what is sealed": "Changes of what is sealed",
  "use after close": "Use after close",
  "secrets that are left at the end": "The end of the process",
  "heap snapshots, logs, accidental copies by the library": "Heap snapshots, logs, serialisation",
  "copies on the stack and in registers": "Copies on the stack and in registers",
  "copies that using a key makes": "Copies that a use of a key makes",
  "copies on the way in": "Copies on the way in",
  "timing": "Timing",
  "whatever shows ordinary memory, for more secrets than may be locked": "Sealed secrets",
  "a system call that fails, or that a sandbox refuses": "Failing system calls",
  "a fault nobody can explain": "Stray reads and writes",
  "where there is no FFI: JavaScript's heap, and what shows a part of the memory": "At the edge",
  "claims that go stale": "How the claims are tested",
};

/** Words of README.md's list of what is not protected against, and SECURITY.md's entries. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "Code that runs inside": "Code inside the process",
  "In a pool: a window": "Neighbours in a pool",
  "On the store `locked`": "Readers from outside with the right to trace",
  "A kernel module": "The kernel itself",
  "Hibernation, and snapshots": "Hibernation and snapshots of virtual machines",
  "Speculative reads": "What happens inside a window",
  "copies inside crypto libraries": "Copies that others make",
  "JavaScript strings": "JavaScript strings",
};

describe("README.md and SECURITY.md", () => {
  const readme = read("README.md");
  const security = read("SECURITY.md");

  /** The part of a text from one line on, up to the next heading. */
  function part(text: string, heading: string): string {
    const rest = text.slice(text.indexOf(heading) + heading.length);
    assert.notEqual(rest.length, text.length + heading.length - 1, heading);
    return rest.slice(0, /^#{1,3} /m.exec(rest)?.index);
  }

  /** The names of the entries of a list of SECURITY.md. */
  function entries(heading: string): string[] {
    return [...part(security, heading).matchAll(/^- \*\*([^*]+?)\.?\*\*/gm)]
      .map(([, name]) => name as string);
  }

  it("agree on what is protected against", () => {
    const table = part(readme, "## What it protects against");
    const rows = [...table.slice(0, table.indexOf("Two ladders")).matchAll(/^\| ([^|]+?) \|/gm)]
      .map(([, row]) => row as string).slice(2);
    assert.deepEqual(rows, Object.keys(PROTECTIONS));
    const named = entries("### Protected against");
    const headings = [...security.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading as string);
    for (const entry of Object.values(PROTECTIONS)) {
      assert.ok([...named, ...headings].includes(entry), entry);
    }
    assert.deepEqual(named.filter((name) => !Object.values(PROTECTIONS).includes(name)), []);
  });

  it("agree on what is not", () => {
    const list = part(readme, "## What it does not protect against").replaceAll(/\s+/g, " ");
    const named = entries("### Not protected against");
    for (const [words, entry] of Object.entries(EXCEPTIONS)) {
      assert.ok(list.includes(words), words);
      assert.ok(named.includes(entry), entry);
    }
    const items = part(readme, "## What it does not protect against").match(/^- /gm) ?? [];
    assert.ok(items.length <= Object.keys(EXCEPTIONS).length, "an item that SECURITY.md lacks");
  });
});
