/**
 * The project's documents: their text, what of it is code, where they link to, and what of
 * the project they name.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "./child.ts";

/** Folders that are installed or built, and the tests' own. */
const FOREIGN: readonly string[] = [
  ...["node_modules", ".git", ".tools", ".zig-cache", "zig-out", "lib", "dist", "results"],
];

/** Every document, as paths from the root. */
export function documents(folder = ""): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOREIGN.includes(entry.name) ? [] : documents(path);
    return entry.isFile() && entry.name.endsWith(".md") ? [path] : [];
  }).sort();
}

/** The text of a file of the project. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** One fenced block. */
export interface Block {
  /** What stands behind the opening fence, such as `ts` or `ts no-run`. */
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a document. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```([^\n`]*)\n([\s\S]*?)^```$/gm)]
    .map(([, language, code]) => ({ language: (language as string).trim(), code: code as string }));
}

/** A document without its code, fenced, indented or in backticks. */
export function proseOf(text: string): string {
  return text
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/^ {4}(?! *[-*\d]).*$/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()#]/g, " "));
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const found = new Set<string>();
  const unfenced = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  for (const [, heading] of unfenced.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = (heading as string)
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let unique = slug;
    for (let number = 1; found.has(unique); number++) unique = `${slug}-${number}`;
    found.add(unique);
  }
  return found;
}

/** Relative links of a document that lead nowhere. */
export function brokenLinks(path: string, text: string): string[] {
  const links = [...proseOf(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link as string);
  return links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(path, text, link));
}

function leadsSomewhere(path: string, text: string, link: string): boolean {
  const [file, anchor] = link.split("#") as [string, string | undefined];
  const target = file === "" ? path : normalize(join(dirname(path), file));
  if (target.startsWith("..") || !existsSync(join(ROOT, target))) return false;
  if (anchor === undefined) return true;
  return target.endsWith(".md") && anchorsOf(file === "" ? text : read(target)).has(anchor);
}

/** Tests that a document names and that are not there: `tests/x_test.ts` or Zig's `x_test`. */
export function missingTests(text: string): string[] {
  const named = [...text.matchAll(/`((?:proof\/)?[a-z0-9]\w*_test)`/g)].map(([, name]) => name);
  return [...new Set(named as string[])].filter((name) =>
    !existsSync(`${ROOT}tests/${name}.ts`) && !existsSync(`${ROOT}zig/${name}.zig`)
  );
}

/** Where the project's own files are. */
const OWN = /^(?:src|zig|tests|bench|demo|scripts|docs)\/[\w./-]+$/;
/** What setup installs there, and only what the host lacks. */
const INSTALLED = /\bnode_modules\b/;

/** Files of the project that a document names and that are not there. */
export function missingFiles(text: string): string[] {
  const named = [...text.matchAll(/`([^`\s]+)`/g)].map(([, name]) => name as string);
  return [...new Set(named)].filter((name) =>
    OWN.test(name) && !INSTALLED.test(name) && !existsSync(ROOT + name)
  );
}

/** Lines of code, and code in backticks: where commands stand. */
function commandsOf(text: string): string[] {
  const fenced = blocksOf(text).filter(({ language }) => /^(sh|console)$/.test(language))
    .flatMap(({ code }) => code.split("\n"));
  const quoted = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)]
    .map(([, code]) => code as string);
  return [...fenced, ...quoted].map((line) => line.trim().replace(/^(?:[A-Z_]+=\S+ )+/, ""));
}

const scripts: Readonly<Record<string, string>> = JSON.parse(read("package.json")).scripts;

/** Commands of the project that a document names and that there are not. */
export function missingCommands(text: string): string[] {
  return commandsOf(text).filter((line) => !isCommand(line));
}

/** False for a command of this project that it does not have. */
function isCommand(line: string): boolean {
  const [program, ...words] = line.split(/\s+/) as [string, ...string[]];
  if (program === "npm" && words[0] === "test") return scripts.test !== undefined;
  if (program === "npm" && words[0] === "run") {
    // `npm run` by itself is no command of ours.
    return words[1] === undefined || scripts[words[1]] !== undefined;
  }
  const files = words.filter((word) =>
    /^(?:\.\/)?(?:scripts|tests|bench|demo)\/\S+\.m?[jt]s$/.test(word)
  );
  if (files.some((file) => !existsSync(join(ROOT, file)))) return false;
  if (program === "zig" && words[0] === "build") return hasSteps(words.slice(1));
  if (program === "node" && words[0] === "scripts/test.mjs") return hasSuites(words.slice(1));
  return true;
}

function hasSteps(words: readonly string[]): boolean {
  const steps = new Set(["install"]);
  for (const [, step] of read("build.zig").matchAll(/b\.step\("(\w+)"/g)) steps.add(step as string);
  return words.filter((word) => !word.startsWith("-")).every((word) => steps.has(word));
}

function hasSuites(words: readonly string[]): boolean {
  const suites = /^const suites = \{$([\s\S]*?)^\};$/m.exec(read("scripts/test.mjs"))?.[1] ?? "";
  return words.filter((word) => !word.startsWith("-"))
    .every((word) => new RegExp(`^  (?:async )?${word}(?:\\(|:)`, "m").test(suites));
}

/** That a block printed what its comments behind `console.log` say. */
export function assertSaid(code: string, stdout: string): void {
  for (const [, said] of code.matchAll(/^console\.log\(.*\); \/\/ (?!what|available)(.*)$/gm)) {
    assert.ok(stdout.includes(said as string), `"${said}" is not in:\n${stdout}`);
  }
}

/** A block as a reader of the repository would save it: the package's names are the clone's modules. */
export function inClone(code: string): string {
  const module = (name: string) => new URL(`../../${name}.ts`, import.meta.url).href;
  return code.replaceAll("@securememory/core/edge", module("edge"))
    .replaceAll("@securememory/core", module("mod"));
}
