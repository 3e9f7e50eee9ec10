/**
 * How often a key stands in the memory of a server, besides the page of its secret.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { Secret } from "@securememory/core";
import { placesOf } from "../../../bench/copies/count.ts";
import type { Server } from "./server.ts";

/** A variable of the environment that no example reads: what a copy that is there looks like. */
export const CONTROL = { NAME_OF_NOTHING: randomBytes(24).toString("base64url") };

/** Places that the kernel shows of a secret's own page: none on the store `secretmem`. */
function placesOnPage(): number {
  using secret = Secret.random(32);
  return secret.status().store === "locked" ? 1 : 0;
}

/** Copies of a key in a server that keeps it in a secret, and was started with the control. */
export function copiesIn(server: Server, key: string): number {
  const places = (text: string) => placesOf(server.pid, Buffer.from(text));
  assert.ok(places(CONTROL.NAME_OF_NOTHING) > 0, "the control is not found");
  const found = places(key) - placesOnPage();
  assert.ok(found >= 0, "the page of the secret is not found");
  return found;
}
