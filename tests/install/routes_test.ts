/**
 * The package as users install it: published into registries on loopback, added to empty
 * projects by each package manager, and used on each runtime. Nothing leaves this machine.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { patience, ROOT } from "../support/child.ts";
import { unless } from "../support/skip.ts";
import { Jsr } from "./support/jsr.ts";
import { NAME, packed, VERSION } from "./support/packed.ts";
import { makeTemporary, removeTemporary, writeFiles } from "./support/projects.ts";
import { Registry } from "./support/registry.ts";
import { NODE, type Ran, run, surroundings, toolOf } from "./support/run.ts";
import { type Row, tableOf } from "./support/table.ts";

const limit = { timeout: patience(60_000) };

/** Makes a secret, opens a window, signs with it, and prints what became of it. */
function program(specifier: string): string {
  return `
import { capabilities, Secret } from "${specifier}";
using key = Secret.random(32);
const length: number = key.withBytes((bytes) => bytes.length);
const { locked, guarded, protection } = key.status();
const mac = key.hmac("SHA-256", "message");
const verified = key.verifyHmac("SHA-256", "message", mac);
const { library } = capabilities();
console.log(JSON.stringify({ length, locked, guarded, protection, verified, library }));
`;
}

/** The same at the edge, which needs no permission and has no library. */
const EDGE = `
import { Secret } from "${NAME}/edge";
using key = Secret.random(32);
const length: number = key.withBytes((bytes) => bytes.length);
const { store } = key.status();
const verified = key.verifyHmac("SHA-256", "message", key.hmac("SHA-256", "message"));
console.log(JSON.stringify({ length, store, verified }));
`;

/** A Worker that is sent a ticket and a word as soon as it was made, and tells of them. */
function workerPrograms(kind: "web" | "node"): Record<string, string> {
  const tell = `(message) => {
  if (typeof message === "string") return tell([message]);
  using secret = Secret.attach(message);
  tell(secret.withBytes((bytes) => [...bytes]));
}`;
  const worker = {
    web: `const tell = (what) => self.postMessage(what);
const hear = ${tell};
self.onmessage = ({ data }) => hear(data);`,
    node: `import { parentPort } from "node:worker_threads";
const tell = (what) => parentPort.postMessage(what);
parentPort.on("message", ${tell});`,
  }[kind];
  const start = {
    web: `const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => hear(data);`,
    node: `import { Worker } from "node:worker_threads";
const worker = new Worker(new URL("./worker.js", import.meta.url));
worker.on("message", hear);`,
  }[kind];
  return {
    "worker.js": `import { Secret } from "${NAME}";\n${worker}\n`,
    "start.js": `import { Secret } from "${NAME}";
const heard = [];
function hear(what) {
  heard.push(what);
  if (heard.length < 2) return;
  console.log(JSON.stringify(heard));
  worker.terminate();
}
${start}
const secret = Secret.from(new Uint8Array([1, 2, 3]));
worker.postMessage(secret.share());
worker.postMessage("first");
`,
  };
}

const COMMANDS = {
  bun: "bun main.ts",
  deno: "deno run --no-prompt --allow-ffi main.ts",
  node: "node main.ts",
} as const;

type RuntimeName = keyof typeof COMMANDS;

/** For each package manager, what a user types in an empty folder, and what can run it then. */
const ROUTES: readonly {
  readonly name: string;
  readonly install: string;
  readonly runtimes: readonly RuntimeName[];
}[] = [
  { name: "npm", install: `npm install ${NAME}`, runtimes: ["node", "bun", "deno"] },
  { name: "bun", install: `bun add ${NAME}`, runtimes: ["bun", "node", "deno"] },
  { name: "pnpm", install: `pnpm add ${NAME}`, runtimes: ["node", "bun", "deno"] },
  // Deno takes no version that is younger than a day, unless it is told to.
  { name: "deno, npm:", install: `deno add --min-dep-age=0 npm:${NAME}`, runtimes: ["deno"] },
];

const WEB = { target: "ESNext", lib: ["ESNext", "DOM", "DOM.AsyncIterable"], types: [] };
const TSCONFIG = {
  compilerOptions: { ...WEB, module: "NodeNext", strict: true, noEmit: true },
  files: ["main.ts"],
};

const doctor = existsSync(join(ROOT, "doctor.ts"));
const withoutDoctor = unless("doctor", doctor, "this version of the package has no doctor");

describe("the package, installed", () => {
  const folder = makeTemporary();
  const home = join(folder, "home");
  const env = surroundings(home);
  const rows: Row[] = [];
  let registry: Registry;
  let jsr: Jsr;

  before(async () => {
    registry = await Registry.start(join(folder, "registry"));
    await registry.publish(packed(), home, env);
    writeFiles(home, { ".npmrc": `registry=${registry.url}\n` });
    jsr = await Jsr.start(NAME);
    Object.assign(env, registry.variables, jsr.variables);
    await succeed("deno publish --allow-dirty --token=none", ROOT);
  }, limit);

  after(async () => {
    rows.push({
      route: "deno compile",
      runtime: "deno",
      commands: ["deno compile --include lib --allow-ffi main.ts"],
      library: "not run: Deno downloads a runtime for it",
    });
    await registry.stop();
    await jsr.stop();
    removeTemporary(folder);
    console.log(
      `\n${tableOf(rows, { [registry.url]: "REGISTRY/", [jsr.host]: "JSR", [folder]: "TMP" })}\n`,
    );
  });

  /** An empty project, with a program that uses the package by a specifier. */
  function projectOf(name: string, specifier: string = NAME): string {
    const project = join(folder, name.replaceAll(/\W+/g, "-"));
    writeFiles(project, { "main.ts": program(specifier) });
    return project;
  }

  async function succeed(
    command: string,
    cwd: string,
    own: Record<string, string> = env,
  ): Promise<Ran> {
    const ran = await run(command, { cwd, env: own });
    const { status, signal, stdout, stderr } = ran;
    assert.deepEqual(
      { status, signal },
      { status: 0, signal: null },
      `${command}\n${stdout}${stderr}`,
    );
    return ran;
  }

  /** Runs the program, and says where its native library came from. */
  async function use(
    route: string,
    runtime: RuntimeName,
    commands: readonly string[],
    cwd: string,
    own: Record<string, string> = env,
  ): Promise<string> {
    const { stdout, stderr } = await succeed(commands.at(-1) as string, cwd, own);
    assert.doesNotMatch(stderr, /error|panic/i);
    const { library, ...rest } = JSON.parse(stdout);
    const wanted = { length: 32, locked: true, guarded: true, protection: "none", verified: true };
    assert.deepEqual(rest, wanted);
    const from = library.startsWith("/proc/self/fd/") ? "memory" : "a file of the package";
    rows.push({ route, runtime, commands, library: from });
    return library;
  }

  for (const { name, install, runtimes } of ROUTES) {
    describe(`by ${install}`, () => {
      let project = "";

      it("installs, and runs no script", limit, async () => {
        project = projectOf(name);
        const { stdout, stderr } = await succeed(install, project);
        assert.doesNotMatch(stdout + stderr, /script|WARN.*deprecated/i);
      });

      for (const runtime of runtimes) {
        it(`keeps a secret on ${runtime}`, limit, async () => {
          const library = await use(name, runtime, [install, COMMANDS[runtime]], project);
          assert.match(library, /\/lib\/linux-\w+\/libsecurememory\.so$/);
          // Bun installs by itself what it does not find, elsewhere; Deno has a cache of its own.
          const place = name.startsWith("deno") ? env.DENO_DIR : join(project, "node_modules");
          assert.ok(library.startsWith(`${place}/`), `${library} is not what was installed`);
        });
      }

      it("has types that a compiler accepts", limit, async () => {
        if (name.startsWith("deno")) return void await succeed("deno check main.ts", project);
        writeFiles(project, { "tsconfig.json": JSON.stringify(TSCONFIG) });
        await succeed(`${NODE} ${join(toolOf("typescript"), "bin/tsc")} -p .`, project);
      });
    });
  }

  it("README's table of how to install has the commands that are tried here", () => {
    const table = readFileSync(join(ROOT, "README.md"), "utf8").match(
      /^\| \w+ [\d.]+ or later .*$/gm,
    );
    const cells = table?.map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, cell]) => cell));
    const starts = Object.values(COMMANDS).map((command) => command.replace(" --no-prompt", ""));
    assert.deepEqual(cells, [
      [`bun add ${NAME}`, starts[0]],
      [`deno add jsr:${NAME}`, starts[1]],
      [`npm install ${NAME}`, starts[2]],
    ]);
    for (const { name, install } of ROUTES.slice(0, 2)) {
      assert.ok(cells?.some(([first]) => first === install), name);
    }
  });

  describe("in one file, without node_modules", () => {
    let empty = "";
    /** Nowhere to write: no home, no cache, no temporary folder. */
    let bare: Record<string, string> = {};

    before(() => {
      empty = join(folder, "empty");
      mkdirSync(empty);
      bare = {
        PATH: env.PATH as string,
        TMPDIR: "/nonexistent",
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
      };
    });

    it(
      "keeps a secret when compiled by Bun, in an empty folder with no TMPDIR",
      limit,
      async () => {
        const compile = `bun build --compile main.ts --outfile=${empty}/app`;
        await succeed(compile, projectOf("npm"));
        const library = await use("bun build --compile", "bun", [compile, "./app"], empty, bare);
        assert.match(library, /^\/proc\/self\/fd\/\d+$/);
      },
    );

    for (
      const [runtime, target] of [["bun", "bun"], ["node", "node"], ["deno", "node"]] as const
    ) {
      it(`keeps a secret when bundled for ${target}, on ${runtime}`, limit, async () => {
        const bundle = `bun build main.ts --target=${target} --outfile=${empty}/${runtime}.mjs`;
        await succeed(bundle, projectOf("npm"));
        const deno = "deno run --no-prompt --allow-ffi";
        const start = { bun: "bun", node: "node", deno }[runtime];
        const commands = [bundle, `${start} ${runtime}.mjs`];
        const library = await use("bundle of one file", runtime, commands, empty, bare);
        assert.match(library, /^\/proc\/self\/fd\/\d+$/);
      });
    }
  });

  describe("from JSR", () => {
    const install = `deno add jsr:${NAME}`;
    let project = "";

    it("installs", limit, async () => {
      project = projectOf("jsr");
      await succeed(install, project);
      await succeed("deno check main.ts", project);
    });

    it("keeps a secret on Deno, where no file is beside the module", limit, async () => {
      const library = await use("jsr", "deno", [install, COMMANDS.deno], project);
      assert.match(library, /^\/proc\/self\/fd\/\d+$/);
    });

    it("has the edge for Deno without any permission", limit, async () => {
      const name = "edge.ts";
      writeFiles(project, { [name]: EDGE });
      await succeed(`deno check ${name}`, project);
      const command = `deno run --no-prompt ${name}`;
      const { stdout } = await succeed(command, project);
      assert.deepEqual(JSON.parse(stdout), { length: 32, store: "wasm", verified: true });
      rows.push({
        route: "jsr, the edge",
        runtime: "deno",
        commands: [install, command],
        library: "none",
      });
    });

    it("keeps a secret on Deno by the address of a module", limit, async () => {
      const url = `http://${jsr.host}/${NAME}/${VERSION}/mod.ts`;
      const direct = projectOf("https", url);
      const command = `deno run --no-prompt --allow-ffi --allow-import=${jsr.host} main.ts`;
      await use("address of a module", "deno", [command], direct);
    });

    // Deno delivers messages while modules still wait, and the library's bytes are waited for.
    for (const kind of ["web", "node"] as const) {
      it(`a Worker (${kind}) gets what was sent before it ran`, limit, async () => {
        writeFiles(project, workerPrograms(kind));
        const command = "deno run --no-prompt --allow-ffi --allow-read=. start.js";
        const { stdout } = await succeed(command, project);
        assert.deepEqual(JSON.parse(stdout), [[1, 2, 3], ["first"]]);
      });
    }
  });

  describe("the doctor", { skip: withoutDoctor }, () => {
    for (
      const [runtime, command] of [
        ["node", `npx --yes ${NAME} doctor`],
        ["bun", `bunx ${NAME} doctor`],
        ["deno", `deno run --no-prompt --min-dep-age=0 --allow-ffi npm:${NAME} doctor`],
        ["deno", `deno run --no-prompt --allow-ffi jsr:${NAME}/doctor`],
      ] as const
    ) {
      it(`tells of the host, by ${command}`, limit, async () => {
        const nowhere = join(folder, command.replaceAll(/\W+/g, "-"));
        mkdirSync(nowhere);
        const { stdout } = await succeed(command, nowhere);
        assert.match(stdout, /memfd_secret|secretmem/);
        rows.push({ route: "nothing installed", runtime, commands: [command], library: "(any)" });
      });
    }
  });

  describe("with the registries gone", () => {
    before(async () => {
      await registry.stop();
      await jsr.stop();
    });

    for (const [name, project] of [["jsr", "jsr"], ["deno, npm:", "deno-npm-"]] as const) {
      it(`still keeps a secret on Deno (${name})`, limit, async () => {
        const command = COMMANDS.deno.replace("main.ts", "--cached-only main.ts");
        await use(`${name}, offline`, "deno", [command], join(folder, project));
      });
    }
  });
});
