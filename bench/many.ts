/**
 * What a window costs with few and with many secrets alive: a child for each number, which take
 * turns, so that what disturbs the machine disturbs all alike. And what so many take.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Row } from "./report.ts";
import { quantile } from "./sample.ts";

/** Secrets alive. */
export const COUNTS = [1, 1000, 100_000, 1_000_000] as const;
/** A reference: the same with one secret alive. */
export const ALONE = "one secret alive";

const ROUNDS = 200;

/** The name of a row. */
export function nameOf(count: number): string {
  const number = count.toLocaleString("en-US");
  return `window, ${number} ${count === 1 ? "secret" : "secrets"} alive`;
}

/** Measures so often; with a tenth of the secrets where it has to be quick. */
export async function manyRows(samples: number, quick: boolean): Promise<Row[]> {
  const counts = quick ? COUNTS.slice(0, 3) : COUNTS;
  const children: Child[] = [];
  try {
    // One after the other: each needs the processor while it makes its secrets.
    for (const count of counts) children.push(await Child.start(count));
    const times = counts.map((): number[] => []);
    for (let sample = 0; sample < samples; sample++) {
      for (const [index, child] of children.entries()) times[index]?.push(await child.loop(ROUNDS));
    }
    const alone = times[0] as number[];
    const rows = counts.map((count, index): Row => {
      const those = times[index] as number[];
      const ratios = those.map((time, at) => time / (alone[at] as number));
      const beside: Row["ratios"] = count === 1 ? {} : { [ALONE]: quantile(ratios, 0.5) };
      return row(nameOf(count), "ns", quantile(those, 0.5), quantile(those, 0.99), samples, beside);
    });
    const { bytesEach, mappings } = children[children.length - 1] as Child;
    const many = (counts[counts.length - 1] as number).toLocaleString("en-US");
    return [
      ...rows,
      row(`resident memory per secret of ${many}`, "bytes", bytesEach, bytesEach, 1),
      row(`mappings with ${many} secrets`, "mappings", mappings, mappings, 1),
    ];
  } finally {
    for (const child of children) child.end();
  }
}

function row(
  name: string,
  unit: Row["unit"],
  p50: number,
  p99: number,
  samples: number,
  ratios: Row["ratios"] = {},
): Row {
  return { name, bytes: 32, unit, p50, p99, samples, rounds: ROUNDS, ratios };
}

class Child {
  readonly bytesEach: number;
  readonly mappings: number;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    first: { bytesEach: number; mappings: number },
  ) {
    this.#process = child;
    this.#lines = lines;
    this.bytesEach = first.bytesEach;
    this.mappings = first.mappings;
  }

  static async start(count: number): Promise<Child> {
    const [program, ...args] = commandLine(count) as [string, ...string[]];
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit"],
    }) as unknown as ChildProcessWithoutNullStreams;
    await once(child, "spawn");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new Child(child, lines, JSON.parse(await next(lines)));
  }

  /** Nanoseconds for each of so many windows. */
  async loop(rounds: number): Promise<number> {
    this.#process.stdin.write(`${rounds}\n`);
    return Number(await next(this.#lines));
  }

  end(): void {
    this.#process.kill();
  }
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error("A process with many secrets has ended");
  return value;
}

/** This runtime, with collections on demand. */
function commandLine(count: number): string[] {
  const script = fileURLToPath(new URL("./children/many.ts", import.meta.url));
  const { bun, deno } = process.versions;
  const flags = bun !== undefined
    ? []
    : deno !== undefined
    ? ["run", "--quiet", "-A", "--v8-flags=--expose-gc"]
    : ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  return [process.execPath, ...flags, script, `${count}`];
}
