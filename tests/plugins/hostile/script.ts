import type { Job, Limits, Outcome } from "../../../src/plugins/sandbox/job.ts";

/** A script that tries to get out, to stay for ever or to break the machine, and how it must end. */
export type Hostile = {
  name: string;
  source: string;
  ends: Outcome["status"] | readonly Outcome["status"][];
  /** Of the error, or of the output where it ends well. */
  says?: RegExp;
  call?: Job["call"];
  limits?: Partial<Limits>;
};
