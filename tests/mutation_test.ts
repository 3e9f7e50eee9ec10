/**
 * How scripts/mutate.mjs finds statements and puts them out of action: a mutant that is
 * no mutant would be reported as a line that no test proves, or never be tried.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";

type Language = "zig" | "ts";

interface Operand {
  readonly from: number;
  readonly to: number;
  readonly all: boolean;
}

interface Source {
  mask(text: string, language: Language): string;
  startsStatement(masked: string, at: number, language: Language): boolean;
  statementEnd(masked: string, start: number): number;
  disable(text: string, start: number, end: number): string;
  operands(masked: string, start: number, end: number): Operand[];
  neutralise(text: string, operand: Operand, language: Language): string;
}

/** Plain JavaScript, which needs its types from here. */
const source: Source = await import(
  new URL("../scripts/mutation/source.mjs", import.meta.url).href
);

/** The text with the statement disabled that starts with `start`. */
function disabled(text: string, start: string, language: Language): string {
  const masked = source.mask(text, language);
  const at = text.indexOf(start);
  assert.ok(source.startsStatement(masked, at, language), start);
  return source.disable(text, at, source.statementEnd(masked, at));
}

/** Every text in which one operand decides nothing. */
function neutralised(text: string, language: Language): string[] {
  const masked = source.mask(text, language);
  return source.operands(masked, 0, text.length).map((one) =>
    source.neutralise(text, one, language)
  );
}

test("a statement ends where the language ends it", () => {
  const cases: [Language, string, string, string][] = [
    ["zig", "{ try a(b, .{}); c(); }", "try", "{ { if (false) { try a(b, .{}); } } c(); }"],
    [
      "zig",
      "{ a() catch |err| { b(); return err; }; c(); }",
      "a()",
      "{ { if (false) { a() catch |err| { b(); return err; }; } } c(); }",
    ],
    [
      "zig",
      "{ if (a) |b| { c(b); } else |_| { d(); } e(); }",
      "if",
      "{ { if (false) { if (a) |b| { c(b); } else |_| { d(); } } } e(); }",
    ],
    [
      "zig",
      "switch (x) { .a => b(1, 2) catch return error.C, .d => {}, }",
      "b(",
      "switch (x) { .a => { if (false) { b(1, 2) catch return error.C; } }, .d => {}, }",
    ],
    [
      "zig",
      "{ for (a, b) |x, y| c |= x ^ y; }",
      "for",
      "{ { if (false) { for (a, b) |x, y| c |= x ^ y; } } }",
    ],
    [
      "zig",
      '{ a("}; \\"{"); // ); }\n b(\';\'); c(); }',
      "b(",
      '{ a("}; \\"{"); // ); }\n { if (false) { b(\';\'); } } c(); }',
    ],
    [
      "ts",
      "{ if (a) return { b: 1 }; c(); }",
      "if",
      "{ { if (false) { if (a) return { b: 1 }; } } c(); }",
    ],
    [
      "ts",
      "{ if (a) { throw b(`};`); } /* }; */ c(); }",
      "if",
      "{ { if (false) { if (a) { throw b(`};`); } } } /* }; */ c(); }",
    ],
  ];
  for (const [language, text, start, expected] of cases) {
    assert.equal(disabled(text, start, language), expected);
  }
});

test("each operand of a chain is made one that decides nothing", () => {
  assert.deepEqual(neutralised("const x = a(b, c) and !d;", "zig"), [
    "const x = (true or (a(b, c))) and !d;",
    "const x = a(b, c) and (true or (!d));",
  ]);
  assert.deepEqual(neutralised('if (a === "&&" || (b && c[0] !== 1)) return;', "ts"), [
    'if ((false && (a === "&&")) || (b && c[0] !== 1)) return;',
    'if (a === "&&" || (false && ((b && c[0] !== 1)))) return;',
    'if (a === "&&" || ((true || (b)) && c[0] !== 1)) return;',
    'if (a === "&&" || (b && (true || (c[0] !== 1)))) return;',
  ]);
});

test("Zig's own tests and what is checked at compile time are not mutated", () => {
  const text = 'comptime {\n    check(1);\n}\n\ntest "a" {\n    wipe(b);\n}\nfn c() { wipe(d); }\n';
  const masked = source.mask(text, "zig");
  assert.equal(masked.length, text.length);
  assert.equal(masked.trim(), "fn c() { wipe(d); }");
});
