import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { findProgram, frontEndVersion } from "../../lib/src/programs/doctor/jupyter";
import { type Notebook, writeNotebook } from "../../lib/src/programs/runner/notebook";
import { PROJECT } from "./cli";

/** Where a browser may be; the variable CHROMIUM names another. */
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A Chromium of this system, undefined if there is none. */
export const CHROMIUM: string | undefined =
  process.env.CHROMIUM || BROWSERS.find((path) => existsSync(path)) || undefined;

/** JupyterLab; Notebook 7, which is made of its parts; the classic Notebook before that. */
export type FrontEnd = "lab" | "notebook" | "classic";

/** The folder with the programs of a front end: the one of JUPYTER first, then those of the PATH. Undefined if there is none. */
export function findFrontEnd(frontEnd: FrontEnd): string | undefined {
  const wish = process.env.JUPYTER;
  const folders = [...(wish ? [wish, dirname(wish)] : []), ...(process.env.PATH ?? "").split(delimiter)];
  const program = frontEnd === "lab" ? "jupyter-lab" : "jupyter-notebook";
  return folders.find((folder) => {
    const path = findProgram(program, [folder]);
    if (!path || frontEnd === "lab") return path;
    const major = Number(frontEndVersion([path])?.split(".")[0]);
    return frontEnd === "classic" ? major < 7 : major >= 7;
  });
}

/**
 * Why the tests in a browser cannot run here; undefined if they can.
 *
 * @throws Error if the variable TOKEN_GEOMETRY_EXPECT_JUPYTER (as in "lab,notebook,classic") says that they can
 */
export function whyNoBrowserTest(frontEnd: FrontEnd): string | undefined {
  const title = { lab: "JupyterLab", notebook: "Notebook 7", classic: "classic Notebook (version 6)" }[frontEnd];
  const reason = !CHROMIUM
    ? "no Chromium found; install one or set CHROMIUM"
    : !findFrontEnd(frontEnd)
      ? `no ${title} found; install one, put it on the PATH or set JUPYTER`
      : undefined;
  const expected = (process.env.TOKEN_GEOMETRY_EXPECT_JUPYTER ?? "").split(",").includes(frontEnd);
  if (reason && expected) throw new Error(`${title} was to be tested, but: ${reason}`);
  return reason;
}

/** A Jupyter server, started as a user does with `npm run lab`, with nothing of this machine's user in it. */
export class JupyterServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly address: string,
    private readonly token: string,
    private readonly folders: { state: string; notebooks: string },
    private readonly frontEnd: FrontEnd,
  ) {}

  /** Where results and figures go. */
  get out(): string {
    return join(this.folders.state, "out");
  }

  static async start(frontEnd: FrontEnd): Promise<JupyterServer> {
    const state = mkdtempSync(join(tmpdir(), "token-geometry-jupyter-"));
    // Notebooks find the library from inside the project alone.
    mkdirSync(join(PROJECT, "out"), { recursive: true });
    const notebooks = mkdtempSync(join(PROJECT, "out", "browser-test-"));
    const settings = join(state, "settings", "@jupyterlab", "apputils-extension");
    mkdirSync(settings, { recursive: true });
    const quiet = { fetchNews: "false", checkForUpdates: false };
    writeFileSync(join(settings, "notification.jupyterlab-settings"), JSON.stringify(quiet));
    const [port, token] = [await freePort(), randomUUID()];
    const passedOn = [`--port=${port}`, "--port-retries=0"];
    const program = join(PROJECT, "lib/bin/lab.js");
    const choice = frontEnd === "lab" ? [] : ["--notebook"];
    const child = spawn(process.execPath, [program, ...choice, "--", "--no-browser", "--allow-root", ...passedOn], {
      cwd: PROJECT,
      env: {
        ...process.env,
        JUPYTER: findFrontEnd(frontEnd),
        JUPYTER_TOKEN: token,
        JUPYTER_CONFIG_DIR: join(state, "config"),
        JUPYTER_DATA_DIR: join(state, "data"),
        JUPYTER_RUNTIME_DIR: join(state, "runtime"),
        JUPYTERLAB_SETTINGS_DIR: join(state, "settings"),
        JUPYTERLAB_WORKSPACES_DIR: join(state, "workspaces"),
        TOKEN_GEOMETRY_STORE: join(state, "store"),
        TOKEN_GEOMETRY_OUT: join(state, "out"),
        TOKEN_GEOMETRY_BACKEND: "wasm",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        said = (said + text).slice(-4000);
      });
    }
    const server = new JupyterServer(child, `http://localhost:${port}`, token, { state, notebooks }, frontEnd);
    const deadline = Date.now() + 120_000;
    while (!(await server.answers())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await server.stop();
        throw new Error(`Jupyter did not start:\n${said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return server;
  }

  /** Puts a notebook where the server has it. Returns its file and the address at which it opens, in the front end itself. */
  add(name: string, notebook: Notebook): { file: string; url: string } {
    const file = join(this.folders.notebooks, `${name}.ipynb`);
    writeNotebook(file, notebook);
    const path = relative(PROJECT, file).split("\\").join("/");
    const page = this.frontEnd === "lab" ? `/lab/tree/${path}?reset&` : `/notebooks/${path}?`;
    return { file, url: `${this.address}${page}token=${this.token}` };
  }

  /** Ends all kernels: one whose notebook was closed would stay, with all that it holds in memory. */
  async stopKernels(): Promise<void> {
    const ask = async (path: string, method: string) => {
      const headers = { Authorization: `token ${this.token}` };
      return await fetch(`${this.address}/api/sessions${path}`, { method, headers });
    };
    const sessions = (await (await ask("", "GET")).json()) as { id: string }[];
    await Promise.all(sessions.map(({ id }) => ask(`/${id}`, "DELETE")));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      await ended;
    }
    for (const folder of Object.values(this.folders)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private async answers(): Promise<boolean> {
    const request = fetch(`${this.address}/api/status?token=${this.token}`);
    return await request.then(({ ok }) => ok).catch(() => false);
  }
}

/** A browser that reaches nothing but this machine, with an empty profile. */
export function startBrowser(further: readonly string[] = []): Promise<Browser> {
  const flags = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    ...further,
  ];
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: flags });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
