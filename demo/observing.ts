/**
 * The receiver's end of the line to the observer.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { start } from "./child.ts";
import type { Questions } from "./observer.ts";

/** Asks the observer, one question at a time. */
export class Observer {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #complaint = "";

  constructor(keyFile: string, cleanup: DisposableStack) {
    // Deno lets nobody read /proc who may not do everything.
    const child = start("observer.ts", [`${process.pid}`, keyFile], ["--allow-all"], cleanup);
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new TypeError("The observer has no output");
    stderr.setEncoding("utf8").on("data", (text: string) => this.#complaint += text);
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#child = child;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async ask<Q extends keyof Questions>(question: Q): Promise<Questions[Q]> {
    this.#child.stdin?.write(`${question}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`The observer ended at "${question}": ${this.#complaint}`);
    return JSON.parse(value);
  }

  /** The observer ends with its input. */
  end(): void {
    this.#child.stdin?.end();
  }
}
