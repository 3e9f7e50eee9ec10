/**
 * Locked memory of one small secret.
 *
 * @module
 */
import { Secret, stats } from "../mod.ts";
import type { Row } from "./report.ts";

const LENGTH = 32;

/** More secrets than this would be an arena larger than any. */
const SECRETS_MAX = 2000;

/** Makes secrets until every locked page holds one, and divides. */
export function memoryRows(): Row[] {
  const secrets: Secret[] = [];
  try {
    let full: number | undefined;
    while (secrets.length < SECRETS_MAX && full === undefined) {
      secrets.push(Secret.random(LENGTH));
      const { lockedBytes, inUse, freePages, restingPages } = stats();
      if (freePages === 0 && restingPages === 0) full = lockedBytes / inUse;
    }
    return full === undefined ? [] : [row("locked memory per secret", full)];
  } finally {
    for (const secret of secrets) secret.close();
  }
}

function row(name: string, value: number): Row {
  return {
    name,
    bytes: LENGTH,
    unit: "bytes",
    p50: value,
    p99: value,
    samples: 1,
    rounds: 1,
    ratios: {},
  };
}
