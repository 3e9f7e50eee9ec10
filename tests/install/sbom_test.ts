/** The software bill of materials: valid CycloneDX, and what it says of the package is so. */
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/child.ts";
import { NAME, packed, VERSION } from "./support/packed.ts";

const { folder } = packed();
const text = readFileSync(join(folder, "sbom.cdx.json"), "utf8");
const bill = JSON.parse(text);

/** What CycloneDX's own schema has against a bill; `null` if nothing. */
function complaint(json: string): Promise<unknown> {
  return new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(json);
}

test("the bill of materials satisfies the schema of CycloneDX 1.6", async () => {
  assert.equal(await complaint(text), null);
  for (
    const wrong of [
      { ...bill, bomFormat: "SPDX" },
      { ...bill, serialNumber: "1" },
      {
        ...bill,
        components: [{ ...bill.components[0], hashes: [{ alg: "SHA-256", content: "x" }] }],
      },
      { ...bill, more: true },
    ]
  ) {
    assert.notEqual(await complaint(JSON.stringify(wrong)), null, "the schema refuses nothing");
  }
});

test("the bill of materials is of this package, and says that it depends on nothing else", () => {
  const { component } = bill.metadata;
  assert.equal(component.name, NAME);
  assert.equal(component.version, VERSION);
  assert.equal(component.purl, `pkg:npm/${NAME.replace("@", "%40")}@${VERSION}`);
  const refs = bill.components.map((part: { "bom-ref": string }) => part["bom-ref"]);
  assert.deepEqual(bill.dependencies[0], { ref: component["bom-ref"], dependsOn: refs });
  assert.equal(bill.dependencies.length, refs.length + 1);
});

test("the bill of materials has each library, and the edge's module, with the SHA-256 of the one in the package", () => {
  assert.equal(bill.components.length, 19);
  for (const { name, hashes } of bill.components) {
    const hash = createHash("sha256").update(readFileSync(join(folder, name))).digest("hex");
    assert.deepEqual(hashes, [{ alg: "SHA-256", content: hash }], name);
  }
});

test("the bill of materials names what made the package, in the versions that are pinned", () => {
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const versions = Object.fromEntries(
    bill.metadata.tools.components.map((
      { name, version }: { name: string; version: string },
    ) => [name, version]),
  );
  const zig = /ziglang==(\S+)/.exec(
    readFileSync(join(ROOT, "scripts/toolchain/zig-requirements.txt"), "utf8"),
  )?.[1];
  assert.deepEqual(versions, {
    zig,
    esbuild: project.devDependencies.esbuild,
    typescript: project.devDependencies.typescript,
    "@gfx/zopfli": project.devDependencies["@gfx/zopfli"],
  });
});
