/** What a package consists of, by kind: how many files, their bytes, and those bytes packed. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";

/** The first that fits. */
const KINDS = [
  ["libraries, as files", /^lib\//],
  ["libraries, as modules", /^dist\/embedded\//],
  ["WebAssembly, as a file", /\.wasm$/],
  ["the edge's entries, WebAssembly in one", /^dist\/edge[.\w-]*\.js$/],
  ["other JavaScript", /\.js$/],
  ["declarations", /\.d\.ts$/],
  ["documents and manifests", /./],
];

/** A line for each kind. Each file is packed alone, so that the sum is near the tarball's size. */
export function breakdown(folder) {
  const kinds = KINDS.map(([name, pattern]) => ({ name, pattern, files: 0, bytes: 0, packed: 0 }));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const name = relative(folder, path).replaceAll("\\", "/");
    const kind = kinds.find(({ pattern }) => pattern.test(name));
    kind.files += 1;
    kind.bytes += content.length;
    kind.packed += gzipSync(content, { level: 9 }).length;
  }
  const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(6);
  return kinds.map(({ name, files, bytes, packed }) =>
    `${kib(packed)} KiB of ${kib(bytes)} KiB in ${String(files).padStart(2)} files: ${name}`
  );
}
