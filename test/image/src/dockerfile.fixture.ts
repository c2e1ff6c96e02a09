/** One step of a stage, as it is written: `RUN` and what follows it. */
export interface Step {
  instruction: string;
  argument: string;
}

export interface Stage {
  name: string;
  /** An image, or the name of an earlier stage. */
  base: string;
  steps: Step[];
}

/** Reads the part of Dockerfile's language that this project uses. Throws on anything else. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const line of joinedLines(text)) {
    const [, instruction, argument] = /^([A-Z]+)\s+(.+)$/s.exec(line) ?? [];
    if (!instruction || !argument) throw new Error(`not a Dockerfile's line: ${line}`);
    if (instruction === "FROM") {
      const [, base, name] = /^(\S+) AS (\S+)$/.exec(argument) ?? [];
      if (!base || !name) throw new Error(`a stage without a name: ${line}`);
      stages.push({ name, base, steps: [] });
    } else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`stands before the first stage: ${line}`);
      stage.steps.push({ instruction, argument });
    }
  }
  return stages;
}

/** `COPY [--from=STAGE] SOURCE… TARGET`. */
export function parseCopy(argument: string): { from?: string; sources: string[]; target: string } {
  const words = argument.split(/\s+/);
  const from = words[0]!.startsWith("--from=") ? words.shift()!.slice("--from=".length) : undefined;
  if (words[0]!.startsWith("--")) throw new Error(`COPY with ${words[0]}`);
  return { from, sources: words.slice(0, -1), target: words.at(-1)! };
}

function joinedLines(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
