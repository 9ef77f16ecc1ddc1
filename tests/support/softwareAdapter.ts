import { existsSync } from "node:fs";
import { webgpu } from "../../lib/src/machine/backend/webgpu";

/** SwiftShader, a Vulkan driver that computes on the processor, where Debian's and Ubuntu's packages of Chromium leave it. */
export const SOFTWARE_ADAPTER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Has WebGPU use a software adapter, in this process and those it starts, where there is no graphics card but the adapter. */
export async function useSoftwareAdapter(): Promise<void> {
  const named = process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES;
  if (named !== undefined || !existsSync(SOFTWARE_ADAPTER)) return;
  const why = await webgpu.whyNoGpu!().catch(String);
  if (why !== undefined) process.env.VK_ICD_FILENAMES = SOFTWARE_ADAPTER;
}
