import { readdirSync } from "node:fs";

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
  addEventListener(type: "uncapturederror", listener: (event: { error: Error; preventDefault(): void }) => void): void;
  destroy(): void;
}

/** The npm package `webgpu`: Dawn, which is what WebGPU is in Chrome. */
export interface WebGpuPackage {
  create(options: string[]): Gpu;
  globals: Record<string, unknown>;
}

/** Names of programs that pose as graphics cards, should they not say so themselves. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

/** What a Linux has in /dev if programs can use a graphics card: NVIDIA's own, the common one, WSL's, those of phones. */
const LINUX_DEVICES = /^(nvidia\d|nvidiactl$|dri$|dxg$|mali|kgsl)/;

/** Whether looking for a card is worth the time: a Linux without one has no device for it. */
export function mayHaveCard(devices?: readonly string[]): boolean {
  return process.platform !== "linux" || (devices ?? readdirSync("/dev")).some((name) => LINUX_DEVICES.test(name));
}

export function describeAdapter(info: GpuAdapter["info"]): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const name = device.replace(/-+$/, "") || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  const software = info.isFallbackAdapter === true || SOFTWARE.test([name, architecture, description].join(" "));
  return { name, driver: description, software };
}
