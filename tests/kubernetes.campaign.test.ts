/**
 * cluster/kubernetes, as far as it goes without a Kubernetes: every field of the manifests is one that Kubernetes knows, what
 * they say of each other fits together, and the containers' commands do on this machine what they are there to do.
 */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import ts from "@tslab/typescript-for-tslab";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { PROJECT, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { copyModelWithTokenizer } from "./support/tinyModel";

interface Job {
  metadata: { name: string };
  spec: { completions?: number; parallelism?: number; template: { spec: PodSpec } };
}

interface PodSpec {
  containers: {
    command: string[];
    env?: { name: string; value?: string }[];
    envFrom: { configMapRef: { name: string } }[];
    volumeMounts: { name: string; mountPath: string }[];
  }[];
  volumes: { name: string; persistentVolumeClaim: { claimName: string } }[];
}

const FOLDER = join(PROJECT, "cluster/kubernetes");

/** The manifests of a file. */
function manifests(name: string): unknown[] {
  return parseAllDocuments(readFileSync(join(FOLDER, name), "utf8")).map((document) => document.toJS({}));
}

const [settings, claim] = manifests("settings.yaml") as [
  { metadata: { name: string }; data: Record<string, string> },
  { metadata: { name: string } },
];
const jobs = Object.fromEntries(["prepare", "run", "merge"].map((name) => [name, manifests(`${name}.yaml`)[0] as Job]));

/** Where the types of Kubernetes' own description of its objects are, by kind. */
const TYPES: Record<string, string> = {
  Job: "kubernetes-types/batch/v1",
  ConfigMap: "kubernetes-types/core/v1",
  PersistentVolumeClaim: "kubernetes-types/core/v1",
};

/** What the compiler says of a manifest, written down as a value of its type: fields that are unknown or of another kind. */
function problemsOf(manifest: { kind: string }): string[] {
  const file = join(PROJECT, "tests/manifest-under-test.ts"); // not on disk
  const type = `import type { ${manifest.kind} } from "${TYPES[manifest.kind]}";`;
  const source = `${type}\nexport const manifest: ${manifest.kind} = ${JSON.stringify(manifest)};\n`;
  const options: ts.CompilerOptions = { strict: true, noEmit: true, types: [], lib: ["lib.es2022.d.ts"] };
  options.moduleResolution = ts.ModuleResolutionKind.Node10;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, target, ...rest) =>
    name === file ? ts.createSourceFile(name, source, target) : getSourceFile(name, target, ...rest);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

describe("the manifests", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));

  test("are the ones that are submitted", () => {
    expect(files.sort()).toEqual(["merge.yaml", "prepare.yaml", "run.yaml", "settings.yaml"]);
  });

  test.each(files)("%s: every field is one that Kubernetes knows", (name) => {
    for (const manifest of manifests(name)) expect(problemsOf(manifest as { kind: string })).toEqual([]);
  });

  test("a field that Kubernetes does not know would be found", () => {
    const wrong = structuredClone(jobs.run) as unknown as { kind: string; spec: Record<string, unknown> };
    wrong.spec.completionMod = "Indexed";
    expect(problemsOf(wrong).join()).toMatch(/completionMod.* does not exist in type 'JobSpec'/);
  });

  test("fit together", () => {
    const { completions, parallelism } = jobs.run.spec;
    expect(variablesOf("run").TOKEN_GEOMETRY_SHARDS).toBe(String(completions));
    expect(parallelism).toBeLessThanOrEqual(completions!);
    for (const { spec } of Object.values(jobs)) {
      const { containers, volumes } = spec.template.spec;
      expect(containers[0].envFrom[0].configMapRef.name).toBe(settings.metadata.name);
      expect(volumes[0].persistentVolumeClaim.claimName).toBe(claim.metadata.name);
      expect(containers[0].volumeMounts).toEqual([{ name: volumes[0].name, mountPath: "/data" }]);
    }
    const paths = ["RESULTS", "TOKEN_GEOMETRY_STORE", "TOKEN_GEOMETRY_OUT", "HF_HOME", "TOKEN_GEOMETRY_CACHE"];
    for (const name of paths) expect(settings.data[name]).toMatch(/^\/data\//);
  });
});

/** The variables that a container has, from the settings and its own. */
function variablesOf(job: string): Record<string, string> {
  const own = (jobs[job].spec.template.spec.containers[0].env ?? []).flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value]],
  );
  return { ...settings.data, ...Object.fromEntries(own) };
}

test.skipIf(process.platform === "win32")(
  "the containers' commands compute an experiment and collect it, as one process does",
  async () => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    const prompts = join(folder, "prompts.jsonl");
    const sentence = "a horse on the towpath pulls fifty tons, if it is given the time";
    writeFileSync(prompts, [1, 2, 3].map((index) => `${JSON.stringify(`${index} ${sentence}`)}\n`).join(""));
    const options = ["--model", model, "--prompts", prompts, "--tokens", "48", "--shuffle", "0,2", "--backend", "cpu"];

    /** Runs what the container of a job would, with the volume in a folder of ours. */
    const runJob = async (name: string, index?: number) => {
      const volume = (value: string) => value.replace(/^\/data/, join(folder, "data"));
      const variables = Object.entries(variablesOf(name)).map(([key, value]) => [key, volume(value)]);
      const [program, ...args] = jobs[name].spec.template.spec.containers[0].command;
      const own = { OPTIONS: options.join(" "), PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
      const shard = index === undefined ? {} : { JOB_COMPLETION_INDEX: String(index), TOKEN_GEOMETRY_SHARDS: "2" };
      const env = { ...process.env, ...Object.fromEntries(variables), ...own, ...shard };
      return promisify(execFile)(program, args, { cwd: PROJECT, env });
    };
    expect((await runJob("prepare")).stdout).toContain("0 of 6 done");
    const [second, first] = await Promise.all([runJob("run", 1), runJob("run", 0)]);
    expect(first.stderr).toContain("pod 0 of a Kubernetes Job of 2: shard 0/2");
    const computed = [first, second].map(({ stdout }) => stdout.match(/\d+(?= units computed)|\d+(?= for other)/g));
    expect(computed.flat().reduce((sum, count) => sum + Number(count), 0)).toBe(6);
    expect((await runJob("merge")).stdout).toMatch(/^6 units, /);

    const alone = ["--store", join(folder, "alone")];
    expect((await runProgram(["run", ...options, ...alone])).status).toBe(0);
    expect((await runProgram(["merge", ...options, ...alone, "--out", join(folder, "alone.json")])).status).toBe(0);
    const read = (name: string) => readFileSync(join(folder, name));
    expect(read("data/results.json").equals(read("alone.json"))).toBe(true);
  },
);
