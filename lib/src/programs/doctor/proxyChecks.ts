import { connect } from "node:net";
import { messageOf } from "../../machine/support/errors";
import { proxyAddress, proxyVariables } from "../../machine/support/proxies";
import type { Finding } from "./finding";

/** Milliseconds that a proxy has to answer. */
const PATIENCE = 3000;

/** The way to the network that the environment names, and whether somebody is there. */
export async function checkProxies(environment: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const variables = proxyVariables(environment);
  if (variables.length === 0) return [{ name: "proxies", state: "ok", found: "none in the environment" }];
  const findings: Finding[] = [];
  for (const { variable, value } of variables) {
    if (/^no_proxy$/i.test(variable)) {
      findings.push({ name: variable, state: "ok", found: `directly to ${value}` });
      continue;
    }
    try {
      const address = proxyAddress(variable, value);
      const shown = `${address.protocol}//${address.host}${address.username ? ", with a name" : ""}`;
      const problem = await connectionProblem(address);
      const todo = `correct ${variable}, or unset it if there is no proxy`;
      if (problem) findings.push({ name: variable, state: "gap", found: `${shown}: ${problem}`, todo });
      else findings.push({ name: variable, state: "ok", found: `${shown} is there` });
    } catch (error) {
      findings.push({ name: variable, state: "gap", found: messageOf(error), todo: `correct or unset ${variable}` });
    }
  }
  return findings;
}

/** Why nobody listens at an address; undefined if somebody does. */
function connectionProblem({ hostname, port, protocol }: URL): Promise<string | undefined> {
  const standard = { "http:": 80, "https:": 443 }[protocol] ?? 1080;
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || standard), timeout: PATIENCE });
  return new Promise<string | undefined>((resolve) => {
    socket.on("connect", () => resolve(undefined));
    socket.on("timeout", () => resolve("it does not answer"));
    socket.on("error", ({ code, message }: NodeJS.ErrnoException) => resolve(`nobody is there (${code ?? message})`));
  }).finally(() => socket.destroy());
}
