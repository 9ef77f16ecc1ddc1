import { describe, expect, it } from "vitest";
import { ProgressDisplay, type ProgressTarget } from "./progressDisplay";

function recorder(kind: ProgressTarget["kind"]) {
  const clock = { time: 1_000_000 };
  const shown: { text: string; html: string }[] = [];
  const target: ProgressTarget = { kind, show: (text, html) => void shown.push({ text, html }) };
  return { clock, shown, display: new ProgressDisplay("prompts", target, () => clock.time) };
}

describe("ProgressDisplay", () => {
  it("shows count, elapsed time, time left and speed", () => {
    const { clock, shown, display } = recorder("terminal");
    display.update(0, 40, "loading");
    clock.time += 20_000;
    display.update(10, 40, "prompt 11");
    expect(shown[0].text).toBe("prompts ░░░░░░░░░░░░░░░░░░░░ 0/40 · 0 % · 0.0 s · loading");
    expect(shown[1].text).toBe(
      "prompts █████░░░░░░░░░░░░░░░ 10/40 · 25 % · 20 s, 1 min 0 s left, 2.0 s each · prompt 11",
    );
    display.finish("stored");
    expect(shown[2].text).toBe("prompts █████░░░░░░░░░░░░░░░ 10/40 · 25 % · 20 s · stored\n");
  });

  it("reckons the speed without what was there at the start", () => {
    const { clock, shown, display } = recorder("terminal");
    display.update(30, 40);
    clock.time += 1000;
    display.update(35, 40);
    expect(shown[1].text).toContain("1.0 s left, 5.0/s");
  });

  it("shows a bar five times a second at most, the first and the last state always", () => {
    const { clock, shown, display } = recorder("notebook");
    for (let done = 0; done <= 100; done++) {
      display.update(done, 100);
      clock.time += 10;
    }
    expect(shown).toHaveLength(6);
    display.finish();
    expect(shown).toHaveLength(7);
    expect(shown[6].html).toContain('value="1.000"');
    display.update(1, 100);
    display.finish();
    expect(shown).toHaveLength(7);
  });

  it("writes whole lines in a log, every ten seconds at most", () => {
    const { clock, shown, display } = recorder("lines");
    for (let done = 0; done <= 30; done++) {
      display.update(done, 30);
      clock.time += 1000;
    }
    expect(shown.map(({ text }) => text.split(" · ")[0])).toEqual([
      "prompts: 0/30",
      "prompts: 10/30",
      "prompts: 20/30",
      "prompts: 30/30",
    ]);
    for (const { text } of shown) expect(text).toMatch(/^[^\n]*\n$/);
  });

  it("ends the work when the stop button is pressed while it goes on, and tells so", () => {
    let pressed = 1; // in an earlier cell
    const shown: string[] = [];
    const target: ProgressTarget = { kind: "notebook", show: (text) => void shown.push(text) };
    const display = new ProgressDisplay("prompts", target, Date.now, () => pressed);
    display.update(1, 4);
    pressed++;
    expect(() => display.update(2, 4)).toThrow("prompts: stopped; what is stored is kept");
    expect(shown.at(-1)).toMatch(/^prompts: 1\/4 .*stopped$/);
    expect(() => display.update(3, 4)).toThrow(/stopped/); // every worker is told
    display.finish("0 computed");
    expect(shown).toHaveLength(2);
  });

  it("escapes what it is told, and copes with nothing to do", () => {
    const { shown, display } = recorder("notebook");
    display.update(0, 0, "<b>");
    display.finish();
    expect(shown[0].html).toContain("&lt;b&gt;");
    expect(shown[1].html).not.toContain("NaN");
  });
});
