/**
 * The package's package.json: the project's, less what is for its development, with entry
 * points that are the compiled ones.
 */
import { CONDITIONS } from "./edge.mjs";

/** What a user of the package has no use for. `imports` is resolved when it is bundled. */
const OURS = ["private", "scripts", "devDependencies", "overrides", "allowScripts", "imports"];

/** Entry points that some runtimes get in a form of their own. */
const FORMS = { "./edge": CONDITIONS };

/** `./mod.ts` is `./dist/mod.js`. */
const compiled = (entry) => entry.replace(/^(\.\/)?/, "./dist/").replace(/\.ts$/, ".js");

/**
 * The manifest of the package. Every runtime gets the compiled modules: import and first secret
 * take Bun 11 ms with them and 15 ms with the sources; Deno and Node do not run TypeScript from
 * node_modules at all.
 */
export function manifestOf(project, { files, repository }) {
  const manifest = Object.fromEntries(
    Object.entries(project).filter(([name]) => !OURS.includes(name)),
  );
  const exports = Object.entries(project.exports).map(([name, entry]) => {
    const code = compiled(entry);
    const types = code.replace(/\.js$/, ".d.ts");
    const forms = (FORMS[name] ?? []).map((form) => [form, code.replace(/\.js$/, `.${form}.js`)]);
    return [name, {
      types,
      ...Object.fromEntries(forms),
      bun: code,
      deno: code,
      node: code,
      default: code,
    }];
  });
  manifest.exports = { ...Object.fromEntries(exports), "./package.json": "./package.json" };
  // All but these can be left out where nothing is used of them: they say where the module is.
  const { types: _, ...forms } = manifest.exports["./edge"];
  manifest.sideEffects = [...new Set(Object.values(forms))];
  // For tools that do not know `exports`.
  manifest.types = "./dist/mod.d.ts";
  if (project.bin !== undefined) {
    manifest.bin = Object.fromEntries(
      Object.entries(project.bin).map(([name, entry]) => [name, compiled(entry).slice(2)]),
    );
  }
  manifest.files = files;
  if (repository !== undefined) manifest.repository = { type: "git", url: repository };
  return manifest;
}
