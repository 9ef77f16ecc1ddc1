/** A Slurm of our own on this machine: munged, slurmctld and slurmd on free ports of 127.0.0.1, in a folder of a test. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where daemons lie that a user's PATH may leave out. */
const PATH: string = [process.env.PATH, "/usr/sbin", "/sbin", "/usr/local/sbin"].join(delimiter);

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol", "squeue", "scancel"];

/** What of Slurm is missing on this machine; nothing if all is there. */
export function missingPrograms(): string[] {
  return PROGRAMS.filter((name) => !PATH.split(delimiter).some((folder) => existsSync(join(folder, name))));
}

/** One task of an array or one job, as `scontrol show job` tells of it. */
export interface SlurmJob {
  /** "12_3" or "12". */
  id: string;
  /** PENDING, RUNNING, COMPLETED, FAILED ... */
  state: string;
  restarts: number;
  exitCode: string;
}

/** How long the daemons may take to start, and jobs to end once they are cancelled, in milliseconds. */
const PATIENCE = 30_000;

/** See {@link startSlurmCluster}. */
export class SlurmCluster {
  private readonly daemons: ChildProcess[] = [];

  constructor(
    private readonly folder: string,
    /** For whatever talks to this cluster. */
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Runs a command of Slurm's, and returns what it prints. */
  async command(name: string, ...args: string[]): Promise<string> {
    return (await run(name, args, { env: this.environment })).stdout;
  }

  /** All jobs that the controller remembers. */
  async jobs(): Promise<SlurmJob[]> {
    const text = await this.command("scontrol", "--oneliner", "show", "job").catch(() => "");
    return text.split("\n").flatMap((line) => {
      const read = (field: string): string => new RegExp(`\\b${field}=(\\S*)`).exec(line)?.[1] ?? "";
      if (!line.startsWith("JobId=")) return [];
      const [array, task] = [read("ArrayJobId"), read("ArrayTaskId")];
      const id = array && task ? `${array}_${task}` : read("JobId");
      return [{ id, state: read("JobState"), restarts: Number(read("Restarts")), exitCode: read("ExitCode") }];
    });
  }

  /** Numbers of the processes that belong to this cluster's jobs and whose environment says these things. */
  processes(...variables: string[]): number[] {
    const own = [`SLURM_CONF=${this.environment.SLURM_CONF}`, ...variables];
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
      try {
        const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\0");
        return own.every((variable) => environment.includes(variable)) ? [Number(name)] : [];
      } catch {
        return []; // ended, or somebody else's
      }
    });
  }

  /** Starts a daemon, which must not go into the background. */
  start(name: string, ...args: string[]): void {
    const log = openSync(join(this.folder, `${name}.out`), "w");
    this.daemons.push(spawn(name, args, { env: this.environment, stdio: ["ignore", log, log] }));
  }

  /** Why the cluster does not start: the last lines of its logs. */
  complaints(): string {
    const logs = readdirSync(this.folder).filter((name) => name.endsWith(".out") || name.endsWith(".log"));
    return logs.map((name) => `${name}: ${readFileSync(join(this.folder, name), "utf8").slice(-600)}`).join("\n");
  }

  /** Ends all jobs and daemons; nothing of them is left running. */
  async stop(): Promise<void> {
    await this.command("scancel", "--full", `--user=${userInfo().username}`).catch(() => undefined);
    await until(async () => (await this.command("squeue", "--noheader").catch(() => "")) === "").catch(() => undefined);
    for (const daemon of this.daemons.reverse()) {
      const ended = new Promise((resolve) => daemon.once("exit", resolve));
      if (daemon.exitCode !== null || !daemon.kill("SIGTERM")) continue;
      const impatient = setTimeout(() => daemon.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(impatient);
    }
    for (const left of this.processes()) {
      try {
        process.kill(left, "SIGKILL");
      } catch {
        // Ended by itself.
      }
    }
  }
}

/**
 * Starts a cluster of one node that says it has four cores, whatever the machine has.
 *
 * @param folder an empty one; the path of the socket in it must be short (Unix allows 107 bytes)
 * @throws Error with the daemons' complaints if the node is not ready in time
 */
export async function startSlurmCluster(folder: string): Promise<SlurmCluster> {
  for (const name of ["munge", "state", "spool"]) mkdirSync(join(folder, name), { mode: 0o755 });
  writeFileSync(join(folder, "munge.key"), randomBytes(128), { mode: 0o600 });
  const [controller, node] = await freePorts(2);
  writeFileSync(join(folder, "slurm.conf"), configuration(folder, controller, node));
  writeFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=autodetect\nIgnoreSystemd=yes\n");
  const strangers = /^(SLURM|SBATCH|TOKEN_GEOMETRY)_/;
  const own = Object.entries(process.env).filter(([name]) => !strangers.test(name));
  const environment = { ...Object.fromEntries(own), PATH, SLURM_CONF: join(folder, "slurm.conf") };
  const cluster = new SlurmCluster(folder, environment);
  const munge = { socket: "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed" };
  const options = Object.entries(munge).map(([name, file]) => `--${name}=${join(folder, "munge", file)}`);
  try {
    cluster.start("munged", "--foreground", "--force", `--key-file=${join(folder, "munge.key")}`, ...options);
    await until(async () => existsSync(join(folder, "munge", "socket")));
    cluster.start("slurmctld", "-D", "-i", "-f", environment.SLURM_CONF);
    cluster.start("slurmd", "-D", "-N", "localhost", "-f", environment.SLURM_CONF);
    const state = () => cluster.command("sinfo", "--noheader", "--format=%t").catch(() => "");
    await until(async () => (await state()).trim() === "idle");
    return cluster;
  } catch (error) {
    const why = cluster.complaints();
    await cluster.stop();
    throw new Error(`Slurm does not start here: ${why}`, { cause: error });
  }
}

function configuration(folder: string, controller: number, node: number): string {
  const user = userInfo().username;
  return `ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
CredType=cred/munge
# A task that is queued again waits for its old credential to expire: 120 s, if nothing is said.
AuthInfo=socket=${folder}/munge/socket,cred_expire=5
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=600
MailProg=/bin/true
# More than there is: four tasks side by side on the smallest machine.
SlurmdParameters=config_overrides
NodeName=localhost NodeHostname=${hostname()} NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
`;
}

/** Ports that nobody listens on at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** Waits until something is so. @throws Error if it is not in time */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not within ${PATIENCE / 1000} s`);
}
