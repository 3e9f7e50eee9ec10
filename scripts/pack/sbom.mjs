/**
 * The software bill of materials, in CycloneDX: the package, which depends on nothing, the
 * native libraries it brings, with their SHA-256, and what all of it was made with. No date
 * and no random serial number: the same package has the same bill.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LIBRARIES, WASM } from "../libraries.mjs";
import { ROOT, ZIG_VERSION } from "../toolchain.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The bill of the package that a package.json describes, as JSON text. */
export function sbom({ name, version, description, license, devDependencies }) {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const licenses = [{ license: { id: license } }];
  const libraryOf = (path, { from = path, target, description }) => ({
    type: "library",
    "bom-ref": `${purl}#${path}`,
    name: path,
    version,
    description,
    hashes: [{ alg: "SHA-256", content: sha256(readFileSync(join(ROOT, from))) }],
    licenses,
    properties: [
      { name: "securememory:target", value: target },
      { name: "securememory:source", value: "zig/" },
    ],
  });
  const libraries = LIBRARIES.map(({ part, target, path }) =>
    libraryOf(path, {
      target: target.name,
      description: `The native library "${part}" of ${name} for ${target.os} on ${target.arch}`,
    })
  );
  libraries.push(libraryOf(`dist/${basename(WASM)}`, {
    from: WASM,
    target: "wasm32-freestanding",
    description: `The WebAssembly module of ${name}/edge`,
  }));
  const bill = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: serialNumber(JSON.stringify([purl, libraries])),
    version: 1,
    metadata: {
      lifecycles: [{ phase: "build" }],
      tools: {
        components: [
          { type: "application", name: "zig", version: ZIG_VERSION },
          ...["esbuild", "typescript", "@gfx/zopfli"].map((tool) => ({
            type: "application",
            name: tool,
            version: devDependencies[tool],
            purl: `pkg:npm/${tool.replace("@", "%40")}@${devDependencies[tool]}`,
          })),
        ],
      },
      component: { type: "library", "bom-ref": purl, name, version, description, licenses, purl },
    },
    components: libraries,
    dependencies: [
      { ref: purl, dependsOn: libraries.map((library) => library["bom-ref"]) },
      ...libraries.map((library) => ({ ref: library["bom-ref"], dependsOn: [] })),
    ],
    compositions: [{ aggregate: "complete", assemblies: [purl], dependencies: [purl] }],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/** A UUID of version 8 (RFC 9562, 5.8) that the content gives. */
function serialNumber(text) {
  const digits = [...sha256(text).slice(0, 32)];
  digits[12] = "8";
  digits[16] = "89ab"[Number.parseInt(digits[16], 16) & 3];
  const hex = digits.join("");
  const parts = [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]];
  return `urn:uuid:${parts.map(([from, to]) => hex.slice(from, to)).join("-")}`;
}
