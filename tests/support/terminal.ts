/**
 * Children with a terminal, a real pseudo-terminal: `terminal.py` makes it, leads its session,
 * types and reads.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { type ChildOptions, commandLine, patience, ROOT, withModule } from "./child.ts";
import { unless } from "./skip.ts";

/** The option `skip` of a test that needs a terminal. */
export const withoutTerminal: string | false = process.platform === "win32"
  ? unless("terminal", false, "the terminal is one of POSIX")
  : unless(
    "python",
    spawnSync("python3", ["-c", "import pty, termios"], { stdio: "ignore" }).status === 0,
    "python3 is not installed",
  );

/** How a child with a terminal ended, and what was not read before. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly terminal: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a terminal is set to. */
export interface Modes {
  readonly echo: boolean;
  readonly icanon: boolean;
  readonly isig: boolean;
  /** All of it, to be compared. */
  readonly all: string;
}

/** A child with a terminal. All text is Latin-1: bytes. */
export interface Session {
  readonly pid: number;
  /** What the terminal was set to before the child was started. */
  readonly before: Modes;
  /** Waits for text, and gives what came up to its end. */
  expect(text: string, source?: "terminal" | "stdout" | "stderr"): Promise<string>;
  type(text: string): Promise<void>;
  /** Types again and again until the child has printed that, and gives what it printed. */
  insist(text: string, wanted: string): Promise<string>;
  modes(): Promise<Modes>;
  signal(name: string): Promise<void>;
  /** Waits until it is stopped, and gives the signal that did it. */
  stopped(): Promise<string>;
  /** Gives the terminal to the child, or takes it away. */
  foreground(child: boolean): Promise<void>;
  /** Lets time pass. */
  pause(seconds: number): Promise<void>;
  end(): Promise<Ended>;
}

/** How to start it. */
export interface SessionOptions extends ChildOptions {
  /** The terminal belongs to somebody else. */
  readonly background?: boolean;
  /** A session of its own, without a terminal. */
  readonly alone?: boolean;
  /** Standard input is the terminal, and not /dev/null. */
  readonly terminal?: boolean;
}

/** Runs source text as a module with `securememory` in scope; kills it after `use`. */
export function withTerminal<T>(
  code: string,
  use: (session: Session) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  return withModule(code, async (path) => {
    const helper = spawn("python3", [`${ROOT}tests/support/terminal.py`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const timer = setTimeout(() => helper.kill("SIGKILL"), patience(120_000));
    const lines = createInterface(helper.stdout)[Symbol.asyncIterator]();
    const ask = async (command: string, given: object = {}): Promise<Record<string, unknown>> => {
      helper.stdin.write(`${JSON.stringify([command, given])}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`The terminal ended at "${command}"`);
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(`${command}: ${answer.error}`);
      return answer;
    };
    try {
      const { background, alone, terminal } = options;
      const { pid, before } = await ask("start", {
        argv: commandLine(path, options),
        environment: { ...process.env, ...options.env },
        background: background === true,
        alone: alone === true,
        terminal: terminal === true,
      });
      return await use({
        pid: pid as number,
        before: before as Modes,
        expect: async (text, source = "terminal") =>
          (await ask("expect", { text, source })).text as string,
        type: async (text) => void await ask("send", { text }),
        insist: async (text, wanted) => (await ask("insist", { text, wanted })).text as string,
        modes: async () => await ask("modes") as unknown as Modes,
        signal: async (name) => void await ask("raise_signal", { name }),
        stopped: async () => (await ask("wait", { stop: true })).stopped as string,
        foreground: async (child) => void await ask("foreground", { own: !child }),
        pause: async (seconds) => void await ask("pause", { seconds }),
        end: async () => await ask("wait") as unknown as Ended,
      });
    } finally {
      clearTimeout(timer);
      helper.stdin.end();
      await new Promise((resolve) => helper.on("close", resolve));
    }
  });
}
