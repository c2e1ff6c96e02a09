import { describe, expect, it } from "vitest";
import { JOBS, type JobName } from "@tellwire/contract";
import { handlersByName } from "./job-handler.js";

const all = (Object.keys(JOBS) as JobName[]).map((job) => ({ job }));

describe("the handlers", () => {
  it("cover the catalogue of jobs", () => {
    expect([...handlersByName(all).keys()].sort()).toEqual(Object.keys(JOBS).sort());
  });

  it("are refused when one is missing or doubled", () => {
    expect(() => handlersByName(all.slice(1))).toThrow(all[0]!.job);
    expect(() => handlersByName([...all, all[0]!])).toThrow(all[0]!.job);
  });
});
