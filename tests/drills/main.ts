/** npm run drill -- <name> [--short] [--full] [--minutes N], or --list. */
import { availableParallelism, loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { stopAll } from "./cluster.ts";
import { judge } from "./drill.ts";
import { drills } from "./drills.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    minutes: { type: "string" },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function runDrill(name: string): Promise<boolean> {
  const drill = drills.find((one) => one.name === name);
  if (!drill) throw new Error(`there is no drill ${name}; --list shows all`);
  const { short, full } = values;
  say(`${drill.name}: ${drill.about}\nHypothesis: ${drill.hypothesis}`);
  const started = performance.now();
  const delay = monitorEventLoopDelay();
  delay.enable();
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  const figures = await drill.run({ short, full, minutes });
  delay.disable();
  // What the machine had to do, and how late the clients themselves were: times are worth no more than these.
  const machine = {
    cores: availableParallelism(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    clientsLateP99Ms: Math.round(delay.percentile(99) / 1e6),
  };
  const seconds = Math.round((performance.now() - started) / 1000);
  say(JSON.stringify({ drill: name, form: short ? "short" : full ? "full" : "long", seconds, ...machine, ...figures }));
  const broken = judge(drill, figures, { timed: !short });
  say(broken.length === 0 ? "Verdict: held" : `Verdict: broken; ${broken.join("; ")}`);
  return broken.length === 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().then(() => process.exit(130)));
}

if (values.list || positionals.length === 0) {
  for (const { name, about } of drills) say(`${name.padEnd(18)} ${about}`);
} else {
  let held = true;
  for (const name of positionals) held = (await runDrill(name)) && held;
  process.exitCode = held ? 0 : 1;
  // Whatever still waits has nothing to say.
  process.exit();
}
