import { expect, test } from "vitest";
import { asynchronousFailure, failureFromStderr } from "./failure";
import { MessageCodec } from "./messages";
import { CellOutputs, DisplayRegistry } from "./outputs";

const bytes = (frames: string[]) => frames.map((frame) => Buffer.from(frame));

test("a message survives packing, and is refused if a byte of it was changed", () => {
  const codec = new MessageCodec("secret");
  const { id, frames } = codec.encode("execute_request", { code: "é" });
  const message = codec.decode(bytes(["some routing prefix", ...frames]));
  expect(message.header).toMatchObject({ msg_id: id, msg_type: "execute_request" });
  expect(message.content).toEqual({ code: "é" });
  const changed = [...frames.slice(0, -1), '{"code":"e"}'];
  expect(() => codec.decode(bytes(changed))).toThrow("wrong signature");
  expect(() => new MessageCodec("other").decode(bytes(frames))).toThrow("wrong signature");
  expect(() => codec.decode(bytes(["x"]))).toThrow("not a Jupyter message");
});

test("writes to one stream become one output; a carriage return starts its line anew", () => {
  const cell = new CellOutputs(new DisplayRegistry());
  for (const text of ["first\n", "10 %", "\r20 %", "\r", "30 %", "\nlast\n"])
    cell.take("stream", { name: "stdout", text });
  cell.take("stream", { name: "stderr", text: "warning\n" });
  expect(cell.outputs).toEqual([
    { output_type: "stream", name: "stdout", text: "first\n30 %\nlast\n" },
    { output_type: "stream", name: "stderr", text: "warning\n" },
  ]);
});

test("an update of a display reaches all its copies, also in another cell", () => {
  const displays = new DisplayRegistry();
  const [first, second] = [new CellOutputs(displays), new CellOutputs(displays)];
  const message = (text: string) => ({ data: { "text/plain": text }, metadata: {}, transient: { display_id: "d" } });
  first.take("display_data", message("old"));
  first.take("display_data", message("old"));
  second.take("update_display_data", message("new"));
  second.take("update_display_data", { ...message("x"), transient: { display_id: "unknown" } });
  const shown = { output_type: "display_data", data: { "text/plain": "new" }, metadata: {} };
  expect(first.outputs).toEqual([shown, shown]);
  expect(second.outputs).toEqual([]);
});

test.each([
  [
    "with the excerpt of the source",
    "evalmachine.<anonymous>:5\n  f();\n  ^\n\nRangeError: too\nbad\n    at f (x.ts:1:2)\n",
    "RangeError: too\nbad",
  ],
  ["without a telling class", "UserError: model.bin: no such file\n    at f (x.ts:1:2)\n", "model.bin: no such file"],
  ["with properties", "Error: full\n    at f (x.ts:1:2) {\n  code: 'ENOSPC'\n}\n", "full"],
  ["that is no error", "just text\n", "just text"],
])("a runtime error %s", (_, text, message) => {
  expect(failureFromStderr(["a warning\n", text])).toMatchObject({ kind: "runtime error", message });
});

test("type errors are told from a runtime error that looks like one", () => {
  const writes = ["1:7 - Type 'string' is not assignable to type 'number'.\n", "x.ts 2:1 - Cannot find name 'y'.\n"];
  const explained = [writes[0], "1:7 - It is a string.\n", writes[1]];
  expect(failureFromStderr(explained)).toMatchObject({
    kind: "type error",
    message: "1:7 - Type 'string' is not assignable to type 'number'.; x.ts 2:1 - Cannot find name 'y'.",
    detail: explained.join("").trimEnd(),
  });
  expect(failureFromStderr([...writes, "Error: no\n    at f\n"])).toMatchObject({
    kind: "runtime error",
    message: "no",
  });
});

test("a promise that fails unseen is found among other messages", () => {
  expect(asynchronousFailure(["a warning\n"])).toBeUndefined();
  const failure = asynchronousFailure(["a warning\n", "UnhandledPromiseRejection: Error: gone\n    at f\n"]);
  expect(failure?.message).toMatch(/^gone \(in a promise/);
});
