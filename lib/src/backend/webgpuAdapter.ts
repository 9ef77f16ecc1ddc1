import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../support/errors";

/** A graphics adapter as WebGPU describes it, in words. */
export interface AdapterDescription {
  /** "nvidia-geforce-rtx-4090"; vendor and architecture where it has no name. */
  name: string;
  /** "NVIDIA: 550.54.15"; may be empty. */
  driver: string;
  /** Whether it is a program that computes on the processor. */
  software: boolean;
}

/** What is used of WebGPU's interface; the package's own types are made for browsers. */
export interface Gpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<GpuAdapter | null>;
}

export interface GpuAdapter {
  info: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean };
  limits: Record<string, number>;
  requestDevice(descriptor: { requiredLimits: Record<string, number> }): Promise<GpuDevice>;
}

export interface GpuDevice {
  limits: Record<string, number>;
  lost: Promise<{ reason: string; message: string }>;
  addEventListener(type: "uncapturederror", listener: (event: { error: Error }) => void): void;
  destroy(): void;
}

/** The npm package `webgpu`: Dawn, which is what WebGPU is in Chrome. */
export interface WebGpuPackage {
  create(options: string[]): Gpu;
  globals: Record<string, unknown>;
}

/** A probe that takes longer is taken for dead. */
const LIMIT_SECONDS = 30;

/** Names of programs that pose as graphics cards, should they not say so themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

/** What a Linux has in /dev if a graphics card can be used from a program: NVIDIA's, everybody's, WSL's, phones'. */
const LINUX_DEVICES = /^(nvidia\d|nvidiactl$|dri$|dxg$|mali|kgsl)/;

/** What came out of the last look, and with which drivers named in the environment. */
let known: { drivers: string; adapter: Promise<AdapterDescription> } | undefined;

/**
 * Looks for a graphics adapter in a process of its own: a driver that brings its process down does no harm there, and what
 * it prints is not seen.
 *
 * @throws Error with the reason if there is none
 */
export function findAdapter(): Promise<AdapterDescription> {
  const drivers = [process.env.VK_ICD_FILENAMES, process.env.VK_DRIVER_FILES].join();
  if (known?.drivers !== drivers) {
    // As JavaScript also where this file is run as TypeScript.
    const program = join(__dirname, "..", "..", "dist", "backend", "webgpuAdapter.js");
    known = { drivers, adapter: askProcess(program) };
  }
  return known.adapter;
}

/** Whether looking for a card is worth the time: the kernel of a Linux without one has no device for it. */
export function mayHaveCard(): boolean {
  return process.platform !== "linux" || readdirSync("/dev").some((name) => LINUX_DEVICES.test(name));
}

/** The best adapter there is, if there is one: the faster card of two. */
export async function requestAdapter(gpu: Gpu): Promise<GpuAdapter | null> {
  return gpu.requestAdapter({ powerPreference: "high-performance" });
}

export function describeAdapter({ info }: GpuAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const name = device.replace(/-+$/, "") || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const software = info.isFallbackAdapter === true || SOFTWARE.test([name, architecture, description].join(" "));
  return { name, driver: description, software };
}

function askProcess(program: string): Promise<AdapterDescription> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT_SECONDS * 1000,
      killSignal: "SIGKILL",
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const answer = /^ADAPTER (.*)$/m.exec(output)?.[1];
      if (answer) resolve(JSON.parse(answer) as AdapterDescription);
      else reject(new Error(explain(errors, signal ?? code)));
    });
  });
}

/** Why a probe found nothing, from what it left on stderr. */
function explain(errors: string, end: string | number | null): string {
  const said = errors.split("\n").map((line) => line.trim());
  const own = said.find((line) => line.startsWith("PROBLEM "));
  if (own) return own.slice("PROBLEM ".length);
  const reason = said.find((line) => line.startsWith("Warning: "))?.slice("Warning: ".length);
  if (end === 0) return `no graphics adapter${reason ? ` (${reason})` : ""}`;
  return `looking for a graphics adapter ended with ${end}${said[0] ? ` (${said[0]})` : ""}`;
}

async function probe(): Promise<void> {
  const { create } = require("webgpu") as WebGpuPackage;
  const gpu = create([]);
  const adapter = await requestAdapter(gpu);
  if (adapter) process.stdout.write(`ADAPTER ${JSON.stringify(describeAdapter(adapter))}\n`);
}

// Run as a program of its own by findAdapter.
if (require.main === module) {
  probe().catch((error) => {
    const [message] = messageOf(error).split("\n");
    const missing = message.startsWith("Cannot find ") || message.startsWith("Cannot find package");
    process.stderr.write(`PROBLEM ${missing ? "the package webgpu is not installed here" : message}\n`);
    process.exitCode = 1;
  });
}
