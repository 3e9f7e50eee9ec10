/**
 * Which runtime this is: for reports alone, nothing is decided by it.
 *
 * @module
 */

/** The runtimes that the edge is tested on. */
export type RuntimeName = "workerd" | "edge-light" | "browser" | "bun" | "deno" | "node";

/** Its name, or `undefined` if it is another one. */
export function runtimeName(): RuntimeName | undefined {
  const host = globalThis as {
    EdgeRuntime?: unknown;
    Bun?: unknown;
    Deno?: unknown;
    document?: unknown;
    navigator?: { userAgent?: string };
    process?: { versions?: { node?: string } };
  };
  const agent = host.navigator?.userAgent ?? "";
  if (agent === "Cloudflare-Workers") return "workerd";
  if (host.EdgeRuntime !== undefined) return "edge-light";
  if (host.Deno !== undefined) return "deno";
  if (host.Bun !== undefined) return "bun";
  if (host.document !== undefined || agent.startsWith("Mozilla/")) return "browser";
  return host.process?.versions?.node === undefined ? undefined : "node";
}
