/** The picture of a secret's pages: what it shows is what the kernel says, and no more. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { Picture, PicturePages } from "../doctor.ts";
import { draw } from "../src/doctor/draw.ts";
import { moduleUrl, notOnLinux, reported } from "./support/report.ts";
import { environmentOf, EVERY_RUNG, nameOf } from "./support/rungs.ts";
import { doctor, examined } from "./support/doctor.ts";

/**
 * In a child: the doctor's secret is one of ours, with known content, which is looked at by
 * another reading of smaps at the same moments.
 */
const SPY = `
import { Buffer } from "node:buffer";
import { examine, run } from ${moduleUrl("doctor.ts")};
import { addressOf } from ${moduleUrl("tests/support/memory.ts")};
const seen = [];
let address;
const textOfSmaps = () => readFileSync("/proc/self/smaps", "utf8");
/** The blocks of text around an address: before it, at it, and behind it. */
const around = () => {
  const blocks = textOfSmaps().split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const at = blocks.findIndex((block) => {
    const [from, to] = block.slice(0, block.indexOf(" ")).split("-").map((hex) => BigInt("0x" + hex));
    return from <= address && address < to;
  });
  return blocks.slice(at - 1, at + 2).map((block) => ({
    permissions: block.slice(block.indexOf(" ") + 1).slice(0, 3),
    kilobytes: Number(/^Size: +(\\d+) kB$/m.exec(block)[1]),
    key: Number(/^ProtectionKey: +(\\d+)$/m.exec(block)?.[1] ?? 0),
    flags: /^VmFlags: (.*)$/m.exec(block)[1].trim().split(" "),
  }));
};
const CONTENT = Uint8Array.from({ length: 32 }, (_, index) => 0xa0 + index);
const { random } = Secret;
let spied;
Secret.random = (length, options) => {
  if (options?.label !== "doctor") return random.call(Secret, length, options);
  const secret = Secret.fill(length, (bytes) => bytes.set(CONTENT), options);
  secret.withBytes((bytes) => void (address = addressOf(bytes)));
  for (const name of ["withBytes", "update"]) {
    const original = secret[name];
    secret[name] = (fn) => original.call(secret, (bytes) => {
      seen.push({ name, around: around() });
      return fn(bytes);
    });
  }
  spied = secret;
  return secret;
};
`;

interface Seen {
  readonly permissions: string;
  readonly kilobytes: number;
  readonly key: number;
  readonly flags: readonly string[];
}

interface Spied {
  readonly picture: Picture;
  readonly seen: readonly { readonly name: string; readonly around: readonly Seen[] }[];
  /** Where the bytes are in their page. */
  readonly offset: number;
  readonly closed: boolean;
}

for (const { skip, ...rungs } of EVERY_RUNG) {
  test(`the picture is what smaps says (${nameOf(rungs)})`, {
    skip: notOnLinux || skip,
  }, async () => {
    const { picture, seen, offset, closed } = await reported<Spied>(
      `${SPY}
      const { picture } = examine();
      report({
        picture, seen,
        offset: Number(address % BigInt(securememory.capabilities().pageSize)),
        closed: spied.isClosed,
      });`,
      { env: environmentOf(rungs) },
    );
    assert.equal(picture.source, "smaps");
    assert.equal(picture.reason, null);
    assert.equal(picture.status.store, rungs.store);
    assert.equal(picture.status.gate, rungs.gate);
    assert.equal(closed, true);
    const moments = new Map(picture.moments.map((moment) => [moment.name, moment]));
    const methods = [["withBytes", "in a window"], ["update", "in an update"]] as const;
    for (const [method, name] of methods) {
      const one = seen.find((look) => look.name === method);
      const moment = moments.get(name);
      assert.ok(one && moment, name);
      assert.deepEqual(
        [moment.before, moment.pages, moment.behind],
        one.around.map(({ permissions, key, flags }) => ({
          permissions,
          key: key === 0 ? null : key,
          flags,
        })),
      );
    }
    // As many pages, and the bytes where they are.
    const [before, data, behind] = seen[0]?.around.map(({ kilobytes }) => kilobytes * 1024) ?? [];
    assert.deepEqual(picture.parts, [
      { name: "guard", bytes: before },
      { name: "canary", bytes: offset },
      { name: "payload", bytes: 32 },
      { name: "guard", bytes: behind },
    ]);
    assert.equal(offset + 32, data);
  });

  test(`the picture shows closed, open and closed pages between guards (${nameOf(rungs)})`, {
    skip: notOnLinux || skip,
  }, async () => {
    const { printed: { picture } } = await examined([], { env: environmentOf(rungs) });
    assert.ok(picture);
    const shown = picture.moments.map(({ name, pages, thisThread }) => [
      name,
      pages.key === null ? pages.permissions : `${pages.permissions} with a key`,
      thisThread,
    ]);
    const open = rungs.gate === "pkey" ? () => "rw- with a key" : (table: string) => table;
    const wanted = [
      ["at rest", "---", "none"],
      ["in a window", open("r--"), "read"],
      ["in an update", open("rw-"), "write"],
    ];
    if (rungs.gate === "pkey") {
      wanted.push(["in a lasting one", "r--", "read"], ["after", "rw- with a key", "none"]);
      wanted.push(["at rest again", "---", "none"]);
    } else wanted.push(["after", "---", "none"]);
    assert.deepEqual(shown, wanted);
    for (const { before, behind } of picture.moments) {
      for (const guard of [before, behind]) {
        assert.deepEqual([guard.permissions, guard.key], ["---", null]);
        assert.equal(guard.flags.includes("sl"), picture.status.guardsSealed);
      }
    }
    const { flags } = picture.moments[0]!.pages;
    for (const flag of ["lo", "dd", rungs.store === "secretmem" ? "dc" : "wf"]) {
      assert.ok(flags.includes(flag), flag);
    }
    const text = (await doctor([], { env: environmentOf(rungs) })).stdout;
    for (const { name, pages } of picture.moments) {
      assert.match(
        text,
        new RegExp(`^ +\\| +--- +\\| +${pages.permissions}[^|]*\\| +--- +\\|  ${name}`, "m"),
      );
    }
    for (const flag of flags) assert.match(text, new RegExp(`^    ${flag}  pages `, "m"), flag);
  });
}

/** In many forms, as somebody would write it who did not think. */
function forms(content: Uint8Array): string[] {
  const hex = Buffer.from(content).toString("hex");
  return [
    hex.slice(0, 16),
    Buffer.from(content.subarray(0, 12)).toString("base64"),
    [...content.subarray(0, 4)].join(","),
    [...content.subarray(0, 4)].join(", "),
    hex.slice(0, 8).replaceAll(/(..)(?!$)/g, "$1 "),
  ];
}

const ADDRESS = /(?<![0-9a-f])(0x)?[0-9a-f]{8,16}(?![0-9a-f])/;

test("neither content nor an address is in what the doctor prints", {
  skip: notOnLinux,
}, async () => {
  const { printed, address, smaps, leaked } = await reported<
    { printed: string; address: string; smaps: string; leaked: string }
  >(
    `${SPY}
    let printed = "";
    const add = (text) => void (printed += text + "\\n");
    let leaked = "";
    const { fill } = Secret;
    Secret.fill = (...given) => {
      const secret = fill.apply(Secret, given);
      secret.withBytes((bytes) => {
        const buffer = Buffer.from(bytes);
        leaked = [buffer.toString("hex"), buffer.toString("base64"), bytes.join(),
          bytes.join(", "), buffer.toString("hex").replaceAll(/(..)(?!$)/g, "$1 ")].join("\\n");
      });
      return secret;
    };
    const terminal = { out: add, error: add, colors: true, unicode: true, columns: 80 };
    run([], terminal);
    run(["--json"], terminal);
    report({ printed, address: address.toString(16), smaps: textOfSmaps(), leaked });`,
  );
  assert.match(printed, /"source": "smaps"/);
  const content = Uint8Array.from({ length: 32 }, (_, index) => 0xa0 + index);
  for (const form of forms(content)) {
    assert.ok(!printed.includes(form), form);
    // The same, let out on purpose.
    assert.ok(leaked.includes(form), `the control is not found: ${form}`);
  }
  // The library's path and hash are known, and may stand there.
  const rest = printed.replaceAll(/[0-9a-f]{64}/g, "").replaceAll(/"?\/\S+/g, "");
  assert.doesNotMatch(rest, ADDRESS);
  assert.match(smaps, ADDRESS, "the control is not found");
  assert.match(address, ADDRESS, "the control is not found");
  assert.ok(!printed.includes(address));
});

/** A picture of pages with protection keys, of two pages of 16 KiB: for hosts that have neither. */
function keyedPicture(): Picture {
  const guard: PicturePages = { permissions: "---", key: null, flags: ["nh", "zz"] };
  const moment = (
    name: string,
    permissions: string,
    key: number | null,
    thisThread: "none" | "read",
  ) => ({
    name,
    before: guard,
    pages: { permissions, key, flags: ["lo", "dd"] },
    behind: guard,
    thisThread,
  });
  return {
    source: "smaps",
    reason: null,
    length: 32_760,
    parts: [
      { name: "guard", bytes: 16_384 },
      { name: "canary", bytes: 0 },
      { name: "payload", bytes: 32_760 },
      { name: "canary", bytes: 8 },
      { name: "guard", bytes: 16_384 },
    ].filter(({ bytes }) => bytes > 0) as Picture["parts"],
    moments: [moment("at rest", "---", null, "none"), moment("in a window", "rw-", 13, "read")],
    status: {
      store: "locked",
      gate: "pkey",
      locked: true,
      excludedFromDumps: true,
      fork: "wiped",
      guarded: true,
      guardsSealed: true,
      unmergeable: true,
      noHugePages: true,
      protection: "none",
      pooled: false,
      suspect: false,
    },
  };
}

test("keys are drawn with the rights of the thread, and boxes close", () => {
  for (const unicode of [true, false]) {
    const lines = draw(keyedPicture(), {
      out: () => {},
      error: () => {},
      colors: false,
      unicode,
      columns: 80,
    });
    const text = lines.join("\n");
    assert.match(text, /[│|] +rw- key 13 +[│|].* in a window \(rights of this thread: read\)$/m);
    assert.match(text, / {2}at rest$/m);
    assert.match(text, /ProtectionKey while in use: 13$/m);
    assert.match(text, /^ +zz +guards +not known to this version$/m);
    assert.match(text, unicode ? /┌─+┬─+┬─+┬─+┐/ : /^ {2}\+-+\+-+\+-+\+-+\+$/m);
    const box = lines.filter((line) => /^ {2}[|+│┌├└]/.test(line));
    assert.equal(box.length, 7);
    const widths = box.map((line) =>
      Math.max(...["|", "+", "│", "┐", "┤", "┘"].map((end) => line.lastIndexOf(end)))
    );
    assert.equal(new Set(widths).size, 1, text);
  }
});
