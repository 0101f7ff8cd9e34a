import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/random.ts";
import { parseMoment } from "./cron.ts";
import { assertFires, lastTick, ticksBetween } from "./ticks.ts";

const at = (iso: string): number => Date.parse(iso);
const cron = (expression: string, timeZone = "UTC") => ({
  trigger: { kind: "cron" as const, expression, timeZone },
  startAtMs: null,
  endAtMs: null,
  createdAtMs: 0,
});
const every = (everySeconds: number, startAtMs: number | null) => ({
  trigger: { kind: "interval" as const, everySeconds },
  startAtMs,
  endAtMs: null,
  createdAtMs: 1_000,
});
const once = (iso: string) => ({ ...cron(""), trigger: { kind: "once" as const, atMs: at(iso) } });

/** Of a day or so in UTC, to the minute. */
const ticksOf = async (when: Parameters<typeof ticksBetween>[0], from: string, to: string): Promise<string[]> => {
  const ticks = await ticksBetween(when, { afterMs: at(`${from}Z`), untilMs: at(`${to}Z`), limit: 100 });
  return ticks.map((tick) => new Date(tick).toISOString().replace(":00.000Z", ""));
};

describe("the times of a cron expression", () => {
  it("keep to the zone's clock over the changes of its clocks", async () => {
    const berlin = cron("30 9 * * *", "Europe/Berlin");
    expect(await ticksOf(berlin, "2026-03-28T00:00", "2026-03-30T00:00")).toEqual([
      "2026-03-28T08:30",
      "2026-03-29T07:30",
    ]);
    expect(await ticksOf(berlin, "2026-10-24T00:00", "2026-10-26T00:00")).toEqual([
      "2026-10-24T07:30",
      "2026-10-25T08:30",
    ]);
  });

  it("come right after the gap where spring leaves them out", async () => {
    // 02:00 is followed by 03:00: at 07:00 UTC in New York, at 01:00 UTC in Berlin.
    expect(await ticksOf(cron("30 2 * * *", "America/New_York"), "2026-03-08T00:00", "2026-03-10T00:00")).toEqual([
      "2026-03-08T07:00",
      "2026-03-09T06:30",
    ]);
    expect(await ticksOf(cron("30 2 * * *", "Europe/Berlin"), "2026-03-29T00:00", "2026-03-30T12:00")).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(await ticksOf(cron("0 * * * *", "Europe/Berlin"), "2026-03-28T23:30", "2026-03-29T02:00")).toEqual([
      "2026-03-29T00:00",
      "2026-03-29T01:00",
      "2026-03-29T02:00",
    ]);
  });

  it("come once where autumn has them twice, unless they come in every hour", async () => {
    expect(await ticksOf(cron("30 1 * * *", "America/New_York"), "2026-11-01T00:00", "2026-11-03T00:00")).toEqual([
      "2026-11-01T05:30",
      "2026-11-02T06:30",
    ]);
    expect(await ticksOf(cron("30 1 * * *", "America/New_York"), "2026-11-01T05:45", "2026-11-02T00:00")).toEqual([]);
    expect(await ticksOf(cron("30 2 * * *", "Europe/Berlin"), "2026-10-25T00:00", "2026-10-26T12:00")).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    expect(await ticksOf(cron("30 * * * *", "Europe/Berlin"), "2026-10-25T00:00", "2026-10-25T03:00")).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:30",
      "2026-10-25T02:30",
    ]);
  });

  it("know leap days, seconds, and the two days of which either will do", async () => {
    expect(await ticksOf(cron("0 0 29 2 *"), "2026-01-01T00:00", "2034-01-01T00:00")).toEqual([
      "2028-02-29T00:00",
      "2032-02-29T00:00",
    ]);
    const seconds = await ticksBetween(cron("*/20 * * * * *"), { afterMs: 0, untilMs: 60_000, limit: 9 });
    expect(seconds).toEqual([20_000, 40_000, 60_000]);
    expect(await ticksOf(cron("0 0 13 * FRI"), "2026-11-10T00:00", "2026-11-20T12:00")).toEqual([
      "2026-11-13T00:00",
      "2026-11-20T00:00",
    ]);
  });

  it.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])(
    "are the same looked at forwards and backwards in %s, about both changes of its clocks",
    async (timeZone) => {
      const random = createRandom(7);
      for (const expression of ["30 2 * * *", "15 1,2,3 * * *", "*/7 * * * *", "*/20 */3 * * 1-5"]) {
        for (const day of ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"]) {
          const [afterMs, untilMs] = [at(day) - 12 * 3_600_000, at(day) + 24 * 3_600_000];
          const when = cron(expression, timeZone);
          const ticks = await ticksBetween(when, { afterMs, untilMs, limit: 1_000 });
          const moment = afterMs + random.integer(untilMs - afterMs);
          const last = await lastTick(when, { afterMs, untilMs: moment });
          expect(last, `${expression} ${moment}`).toBe(ticks.findLast((tick) => tick <= moment));
        }
      }
    },
  );

  it("keep within start and end, both included", async () => {
    const bounded = {
      ...cron("0 * * * *"),
      startAtMs: at("2026-01-01T05:00:00Z"),
      endAtMs: at("2026-01-01T07:00:00Z"),
    };
    expect(await ticksOf(bounded, "2026-01-01T00:00", "2026-01-02T00:00")).toEqual([
      "2026-01-01T05:00",
      "2026-01-01T06:00",
      "2026-01-01T07:00",
    ]);
    const lastOf = (from: string, to: string) =>
      lastTick(bounded, { afterMs: at(`2026-01-01T${from}Z`), untilMs: at(`2026-01-01T${to}Z`) });
    expect(await lastOf("00:00", "12:00")).toBe(at("2026-01-01T07:00:00Z"));
    expect(await lastOf("00:00", "04:30")).toBeUndefined();
    expect(await lastOf("07:00", "12:00")).toBeUndefined();
  });

  it.each([
    ["61 * * * *", /the minute "61" cannot be read; expected 0-59/],
    ["0 24 * * *", /the hour "24" cannot be read; expected 0-23/],
    ["0 0 32 1 *", /the day of the month "32" cannot be read; expected 1-31/],
    ["0 0 1 FOO *", /the month "FOO" cannot be read; expected 1-12 or JAN-DEC/],
    ["0 0 * * 8", /the weekday "8" cannot be read/],
    ["x * * * * *", /the second "x" cannot be read/],
    ["* * * *", /it has 4 fields; expected five/],
    ["0 0 30 2 *", /never fires/],
  ])("are refused as %s, with the field", async (expression, problem) => {
    await expect(assertFires(cron(expression), 0)).rejects.toThrow(problem);
  });

  it("are refused in a zone that is none, and after their end", async () => {
    const lost = assertFires(cron("0 0 * * *", "Europe/Berln"), 0);
    await expect(lost).rejects.toMatchObject({ code: "schedule-invalid", usage: true });
    await expect(lost).rejects.toThrow(/"Europe\/Berln" is not known; expected an IANA name such as Europe\/Berlin/);
    await expect(assertFires({ ...cron("0 0 * * *"), endAtMs: 1_000 }, 2_000)).rejects.toThrow(/never fires/);
  });
});

describe("the other times", () => {
  it("of an interval are counted from its start, or from when it was deployed", async () => {
    const range = { afterMs: 0, untilMs: 300_000, limit: 9 };
    expect(await ticksBetween(every(90, null), range)).toEqual([91_000, 181_000, 271_000]);
    expect(await ticksBetween(every(90, 100_000), range)).toEqual([100_000, 190_000, 280_000]);
    expect(await lastTick(every(90, null), { afterMs: 0, untilMs: 300_000 })).toBe(271_000);
    expect(await lastTick(every(90, null), { afterMs: 0, untilMs: 90_999 })).toBeUndefined();
  });

  it("are one where it is once", async () => {
    const range = { afterMs: 0, untilMs: at("2027-01-01"), limit: 9 };
    expect(await ticksBetween(once("2026-11-30T08:00:00Z"), range)).toEqual([at("2026-11-30T08:00:00Z")]);
    await expect(assertFires(once("2026-11-30T08:00:00Z"), at("2026-12-01"))).rejects.toThrow(/never fires/);
  });
});

describe("a moment in ISO 8601", () => {
  it.each([
    ["2026-11-30T08:00:00Z", "2026-11-30T08:00:00.000Z"],
    ["2026-11-30T08:00:00.250+02:00", "2026-11-30T06:00:00.250Z"],
    ["2026-11-30 08:00", "2026-11-30T07:00:00.000Z"],
    ["2026-07-01", "2026-06-30T22:00:00.000Z"],
    ["2026-07-01T00:00:01.5", "2026-06-30T22:00:01.500Z"],
  ])("%s is, read in Berlin, %s", async (text, iso) => {
    expect(await parseMoment(text, "Europe/Berlin")).toBe(at(iso));
  });

  it.each(["2026-02-30", "2026-11-30T24:61", "tomorrow", "30.11.2026", "2026-11-30T08:00+99:00", "1764489600", ""])(
    "%j is none",
    async (text) => {
      expect(await parseMoment(text, "UTC")).toBeUndefined();
    },
  );
});
