/**
 * Addresses and raw memory: for tests that look behind the API's back.
 *
 * @module
 */
import process from "node:process";
import { detectRuntime } from "../../src/native/library.ts";
import { mappings } from "./maps.ts";

interface DenoPointers {
  readonly UnsafePointer: {
    of(view: Uint8Array): unknown;
    value(pointer: unknown): bigint;
    create(address: bigint): unknown;
  };
}

const deno = (globalThis as { Deno?: DenoPointers }).Deno;

/** Where the bytes of a view are. */
export function addressOf(view: Uint8Array): bigint {
  if (deno !== undefined) return deno.UnsafePointer.value(deno.UnsafePointer.of(view));
  const bun = process.versions.bun !== undefined;
  const ffi = process.getBuiltinModule(bun ? "bun:ffi" : "node:ffi") as unknown as {
    ptr(view: Uint8Array): number;
    getRawPointer(view: Uint8Array): bigint;
  };
  return bun ? BigInt(ffi.ptr(view)) : ffi.getRawPointer(view);
}

/** A view of any memory. Touching it may well stop the process. Does not load the library. */
export function bytesAt(address: bigint, length: number): Uint8Array {
  const pointer = deno !== undefined
    ? deno.UnsafePointer.create(address)
    : process.versions.bun !== undefined
    ? Number(address)
    : address;
  return new Uint8Array(detectRuntime().arrayBuffer(pointer, length));
}

/** What the kernel allows at an address, such as `---p`; "" where nothing is mapped. */
export function permissionsAt(address: bigint): string {
  return mappings().find(({ from, to }) => from <= address && address < to)?.permissions ?? "";
}
