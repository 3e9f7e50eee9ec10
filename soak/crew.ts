/**
 * The Workers of a soak: started, kept busy until time or operations are spent, and ended.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { add, nothing, type Outcome } from "./counts.ts";
import type { Ticket } from "./model.ts";
import type { Answer, Order, Start } from "./worker.ts";

/** Operations between two answers. */
const BATCH = 200;

/** One Worker, and the tickets that wait for it. */
class Member {
  readonly tickets: Ticket[] = [];
  readonly #worker: Worker;
  readonly #arrived: unknown[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(start: Start) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start });
    this.#worker.on("message", (message) => {
      this.#arrived.push(message);
      this.#wake?.();
    });
    const fail = (failure: Error) => {
      this.#failure ??= failure;
      this.#wake?.();
    };
    this.#worker.on("error", (error) => fail(new Error("A Worker failed", { cause: error })));
    this.#worker.on("exit", (code) => fail(new Error(`A Worker ended with ${code}`)));
  }

  async receive(): Promise<unknown> {
    while (this.#arrived.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#arrived.shift();
  }

  async order(order: Order): Promise<Answer> {
    this.#worker.postMessage(order);
    return await this.receive() as Answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** All of them. */
export class Crew {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Resolves when all are there. */
  static async start(starts: readonly Start[]): Promise<Crew> {
    const crew = new Crew(starts.map((start) => new Member(start)));
    await Promise.all(crew.#members.map((member) => member.receive()));
    return crew;
  }

  /** Batch after batch, as long as `more` says, and so many operations at most. */
  async work(operations: number, more: () => boolean): Promise<void> {
    const each = Math.ceil(operations / this.#members.length);
    await Promise.all(this.#members.map(async (member) => {
      for (let rest = each; rest > 0 && more(); rest -= BATCH) {
        const tickets = member.tickets.splice(0);
        const operations = Math.min(rest, BATCH);
        const answer = await member.order({ kind: "batch", operations, tickets });
        for (const ticket of answer.tickets) this.#members[ticket.to]?.tickets.push(ticket);
      }
    }));
  }

  /** All close what they have; what they saw. */
  async finish(): Promise<Outcome> {
    const all = nothing();
    // One after the other: others may still have what one closes.
    for (const member of this.#members) {
      const { outcome } = await member.order({ kind: "finish" });
      if (outcome !== undefined) add(all, outcome);
    }
    return all;
  }

  /** What was lost is collected; resolves to the secrets that are left. */
  async collect(rounds: number): Promise<number> {
    let left = 0;
    for (let round = 0; round < rounds; round++) {
      for (const member of this.#members) left = (await member.order({ kind: "collect" })).inUse;
      if (left === 0) break;
    }
    return left;
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.end()));
  }
}
