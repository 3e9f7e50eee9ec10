/**
 * The pages of a secret as the kernel sees them: one is made, looked at before, in and after
 * windows, and closed. Sizes, protection and flags come out of here, and neither an address
 * nor a byte of content.
 *
 * @module
 */
import { library } from "../native/library.ts";
import { idleTimeout } from "../options.ts";
import { Secret } from "../secret.ts";
import type { SecretStatus } from "../status.ts";
import type { Host } from "./host.ts";
import { type Mapping, mappings } from "./smaps.ts";

/** A run of bytes on the pages of a secret. */
export interface PicturePart {
  /** What stands there. */
  readonly name: "guard" | "canary" | "payload";
  /** How much of it. */
  readonly bytes: number;
}

/** Pages that are alike, at one moment. */
export interface PicturePages {
  /** What the page table allows: `---`, `r--` or `rw-`. */
  readonly permissions: string;
  /** Number of the protection key that they carry; `null` for none. */
  readonly key: number | null;
  /** VmFlags of proc_pid_smaps(5), two letters each; empty if `source` is `status`. */
  readonly flags: readonly string[];
}

/** One moment in the life of the secret. */
export interface PictureMoment {
  /** Such as `in a window`. */
  readonly name: string;
  /** The guard before the secret's pages. */
  readonly before: PicturePages;
  /** The secret's own pages: canary and payload. */
  readonly pages: PicturePages;
  /** The guard behind them. */
  readonly behind: PicturePages;
  /** What the thread that looks may do with the secret's pages. */
  readonly thisThread: "none" | "read" | "write";
}

/** The pages of a secret that was made to be looked at. */
export interface Picture {
  /** `smaps`: /proc/self/smaps; `status`: what `Secret.status()` says, where that cannot be read. */
  readonly source: "smaps" | "status";
  /** Why it is not `smaps`; `null` if it is. */
  readonly reason: string | null;
  /** Bytes of the secret. */
  readonly length: number;
  /** From the guard before it to the guard behind it. */
  readonly parts: readonly PicturePart[];
  /** From before the first window to after the last one. */
  readonly moments: readonly PictureMoment[];
  /** What `Secret.status()` says of it at rest, when it carries no key. */
  readonly status: Omit<SecretStatus, "pkey">;
}

/** Bytes of the secret that is made: as many as keys have. */
const LENGTH = 32;

/** What secrets are aligned to unless an option says otherwise: zig/layout.zig. */
const ALIGNMENT = 16;

/**
 * Makes a secret and looks at it.
 *
 * @throws {SecureMemoryError} If none can be made, or the system does not tell.
 */
export function takePicture(host: Host): Picture {
  using secret = Secret.random(LENGTH, { label: "doctor" });
  rest(secret);
  const where = find(secret);
  rest(secret);
  const { pkey: _none, ...status } = secret.status();
  const look = (name: string) => momentOf(name, secret, where);
  const moments = [look("at rest")];
  moments.push(secret.withBytes(() => look("in a window")));
  moments.push(secret.update(() => look("in an update")));
  // Under the other gate such a window is like any other.
  if (status.gate === "pkey") moments.push(inLastingWindow(secret, look));
  moments.push(look("after"));
  if (status.gate === "pkey") {
    rest(secret);
    moments.push(look("at rest again"));
  }
  const seen = moments.every(({ pages }) => pages.flags.length > 0);
  return {
    source: seen ? "smaps" : "status",
    reason: seen ? null : whyNotSmaps(host),
    length: LENGTH,
    parts: partsOf(where),
    moments,
    status,
  };
}

function inLastingWindow(secret: Secret, look: (name: string) => PictureMoment): PictureMoment {
  using _window = secret.open();
  return look("in a lasting one");
}

/** Where a secret is: to be compared, not to be shown. */
interface Place {
  readonly from: bigint;
  readonly to: bigint;
  readonly guards: readonly [number, number];
}

/**
 * The one mapping between two guards that becomes readable, for all threads, when a lasting
 * window opens. Other threads may open secrets of theirs meanwhile, so it may take a second look.
 */
function find(secret: Secret): Place | undefined {
  for (let attempt = 0; attempt < 5; attempt++) {
    const closed = mappings();
    if (closed === undefined) return undefined;
    using lasting = secret.open();
    const open = mappings();
    if (open === undefined || lasting.bytes.length !== LENGTH) return undefined;
    const found = opened(closed, open);
    if (found.length === 1) return found[0];
  }
  return undefined;
}

function opened(closed: readonly Mapping[], open: readonly Mapping[]): Place[] {
  const before = new Map(closed.map((mapping) => [`${mapping.from}-${mapping.to}`, mapping]));
  return open.flatMap((mapping, index): Place[] => {
    const { from, to, permissions } = mapping;
    const was = before.get(`${from}-${to}`);
    const ahead = open[index - 1];
    const behind = open[index + 1];
    const changed = was !== undefined && !was.permissions.startsWith("r--") &&
      permissions.startsWith("r--");
    if (!changed || !isGuard(ahead) || !isGuard(behind)) return [];
    if (ahead.to !== from || behind.from !== to) return [];
    return [{ from, to, guards: [sizeOf(ahead), sizeOf(behind)] }];
  });
}

function isGuard(mapping: Mapping | undefined): mapping is Mapping {
  return mapping !== undefined && mapping.permissions.startsWith("---");
}

function sizeOf({ from, to }: { readonly from: bigint; readonly to: bigint }): number {
  return Number(to - from);
}

function momentOf(name: string, secret: Secret, where: Place | undefined): PictureMoment {
  const status = secret.status();
  const seen = where === undefined ? undefined : pagesAt(where);
  return { name, ...(seen ?? pagesBy(status)), thisThread: status.protection };
}

type Three = Pick<PictureMoment, "before" | "pages" | "behind">;

function pagesAt({ from, to }: Place): Three | undefined {
  const now = mappings();
  const index = now?.findIndex((mapping) => mapping.from === from && mapping.to === to) ?? -1;
  const [before, pages, behind] = now?.slice(Math.max(index - 1, 0), index + 2) ?? [];
  if (index < 1 || before === undefined || pages === undefined || behind === undefined) {
    return undefined;
  }
  return { before: shown(before), pages: shown(pages), behind: shown(behind) };
}

function shown({ permissions, key, flags }: Mapping): PicturePages {
  return { permissions: permissions.slice(0, 3), key: key === 0 ? null : key, flags };
}

const PERMISSIONS = { none: "---", read: "r--", write: "rw-" } as const;

/** What `status()` lets one say. */
function pagesBy({ protection, guarded, pkey }: SecretStatus): Three {
  const guard = { permissions: guarded ? "---" : "?", key: null, flags: [] };
  const permissions = PERMISSIONS[protection];
  return {
    before: guard,
    pages: { permissions, key: pkey ?? null, flags: [] },
    behind: guard,
  };
}

/** The bytes lie against the guard behind them; canaries fill the rest: zig/layout.zig. */
function partsOf(where: Place | undefined): PicturePart[] {
  const { pageSize } = library();
  const span = where === undefined ? Math.ceil(LENGTH / pageSize) * pageSize : sizeOf(where);
  const [before, behind] = where?.guards ?? [pageSize, pageSize];
  const offset = Math.floor((span - LENGTH) / ALIGNMENT) * ALIGNMENT;
  const parts: PicturePart[] = [
    { name: "guard", bytes: before },
    { name: "canary", bytes: offset },
    { name: "payload", bytes: LENGTH },
    { name: "canary", bytes: span - LENGTH - offset },
    { name: "guard", bytes: behind },
  ];
  return parts.filter(({ bytes }) => bytes > 0);
}

/**
 * Under the gate `pkey`: until nobody has rights to the pages. The timer that sees to it
 * runs between the turns of the event loop, and there are none here.
 */
function rest(secret: Secret): void {
  const { calls } = library();
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const timeout = idleTimeout();
  for (let waited = 0; waited < 4 && secret.status().pkey !== undefined; waited++) {
    Atomics.wait(clock, 0, 0, timeout);
    calls.securememory_tick(timeout);
  }
}

function whyNotSmaps({ os }: Host): string {
  if (os === "macos") {
    return "macOS has no /proc: this is what it says of the pages by mach_vm_region";
  }
  if (os === "windows") {
    return "Windows has no /proc: this is what it says of the pages by VirtualQuery";
  }
  if (os !== "linux") return `${os} has no /proc/self/smaps`;
  if (mappings() !== undefined) return "its pages could not be told from those of other secrets";
  if ("Deno" in globalThis) {
    return "Deno lets a program read /proc/self/smaps only with --allow-all (-A)";
  }
  return "/proc/self/smaps cannot be read: Node's --permission wants --allow-fs-read for it, or " +
    "the kernel has none (CONFIG_PROC_PAGE_MONITOR)";
}
