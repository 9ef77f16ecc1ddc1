import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import type { Compiler } from "./compiler";

/** What Jupyter calls a connection file: where the kernel listens, and the key that messages are signed with. */
export interface Connection {
  transport: "tcp";
  ip: string;
  key: string;
  signature_scheme: "hmac-sha256";
  shell_port: number;
  iopub_port: number;
  control_port: number;
  stdin_port: number;
  hb_port: number;
}

/** Tells the kernel through which file descriptor its cells are compiled; see lib/bin/kernel-preload.js. */
const COMPILER_VARIABLE = "TOKEN_GEOMETRY_COMPILER";

const living = new Set<KernelProcess>();
let watchesExit = false;

/** Ends all kernels of this process at once; safe to call from a signal or exit handler. */
export function killAllKernels(): void {
  for (const kernel of living) kernel.kill();
}

/** A tslab process with its connection file. It does not outlive the process that started it. */
export class KernelProcess {
  /** Settles when the process is gone, with a sentence on how it ended. */
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private errorTail = "";
  private gone = false;

  private constructor(
    readonly connection: Connection,
    private readonly folder: string,
    workingFolder: string,
    environment: Record<string, string>,
    compiler: Compiler | undefined,
  ) {
    if (!watchesExit) process.on("exit", killAllKernels);
    watchesExit = true;
    const inherited = { ...process.env };
    // Outputs go into notebooks: no escape sequences for colors.
    delete inherited.FORCE_COLOR;
    const preload = join(PROJECT_ROOT, "lib", "bin", "kernel-preload.js");
    const file = join(folder, "connection.json");
    const flags = ["--enable-source-maps", "--require", preload];
    this.child = spawn(process.execPath, [...flags, findTslab(), "kernel", "--config-path", file], {
      cwd: workingFolder,
      env: { ...inherited, NO_COLOR: "1", ...environment, ...(compiler && { [COMPILER_VARIABLE]: "3" }) },
      stdio: ["ignore", "ignore", "pipe", ...(compiler ? ["pipe" as const] : [])],
      // A process group of its own: Ctrl-C in the terminal reaches the runner alone, and the kernel's helpers end with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    living.add(this);
    if (compiler) compiler.serve(this.child.stdio[3] as Duplex);
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (process.env.DEBUG) process.stderr.write(text);
      this.errorTail = (this.errorTail + text).slice(-4000);
    });
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.kill(); // helpers that it left behind
        this.gone = true;
        this.forgetConnectionFile();
        living.delete(this);
        resolve(how);
      };
      this.child.once("error", (error) => end(`cannot be started: ${error.message}`));
      this.child.once("exit", (code, signal) => end(describeEnd(code, signal)));
    });
  }

  /**
   * Starts a kernel.
   *
   * @param workingFolder where it looks for packages and relative paths
   * @param environment variables added to those of this process
   * @param compiler of its cells; without one it compiles them itself
   * @throws UserError if tslab is not installed
   */
  static async start(
    workingFolder: string,
    environment: Record<string, string>,
    compiler?: Compiler,
  ): Promise<KernelProcess> {
    const [shell_port, iopub_port, control_port, stdin_port, hb_port] = await freePorts(5);
    const ports = { shell_port, iopub_port, control_port, stdin_port, hb_port };
    const key = randomUUID();
    const connection: Connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      key,
      signature_scheme: "hmac-sha256",
      ...ports,
    };
    const folder = mkdtempSync(join(tmpdir(), "token-geometry-kernel-"));
    try {
      // The key lets its reader run code as this user.
      writeFileSync(join(folder, "connection.json"), JSON.stringify(connection), { mode: 0o600 });
      return new KernelProcess(connection, folder, workingFolder, environment, compiler);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Process id, undefined if it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The last that the process itself (not a cell) wrote to stderr. */
  get lastWords(): string {
    return this.errorTail.trim();
  }

  /** As Ctrl-C in a terminal: tslab stops the running cell. */
  interrupt(): void {
    if (!this.gone) this.child.kill("SIGINT");
  }

  /** Ends the process and the processes it started, now. */
  kill(): void {
    this.forgetConnectionFile();
    if (this.gone || this.child.pid === undefined) return;
    try {
      if (process.platform === "win32") this.child.kill("SIGKILL");
      else process.kill(-this.child.pid, "SIGKILL");
    } catch {
      // It ended in the meantime.
    }
  }

  /** Removes the connection file; the kernel has read it once it answers. */
  forgetConnectionFile(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function findTslab(): string {
  try {
    return createRequire(join(PROJECT_ROOT, "package.json")).resolve("tslab/bin/tslab");
  } catch (error) {
    throw new UserError("tslab is not installed; run `npm ci` in the project's folder", { cause: error });
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === "SIGKILL") return "was killed (SIGKILL; the system does so when memory runs out)";
  if (signal !== null) return `ended by signal ${signal}`;
  return `ended with exit code ${code}`;
}

/** Ports that nobody listens on, all different. Somebody may take one before the kernel does: start again then. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
