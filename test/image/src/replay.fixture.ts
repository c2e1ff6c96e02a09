import { execFile } from "node:child_process";
import { cpSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { parseCopy, parseDockerfile, type Stage, type Step } from "./dockerfile.fixture.js";
import { node } from "./repository.fixture.js";

const run = promisify(execFile);

/** What a stage amounts to: its files below `root`, and how it is run. */
export interface Image {
  root: string;
  /** The folder on this machine that stands for the image's working directory. */
  directory: string;
  environment: Record<string, string>;
  user: string;
  entrypoint: string[];
  command: string[];
  healthCheck: string[];
}

/**
 * Replays the stages of a Dockerfile that lead to `target`, without Docker: each is a
 * folder of its own below `folder`, and its RUN steps are run there on this machine, with
 * Node 24 and this machine's npm in place of those of the base image. So the steps must
 * keep to the working directory.
 */
export async function replay(
  dockerfile: string,
  target: string,
  context: string,
  folder: string,
): Promise<Image> {
  const stages = parseDockerfile(dockerfile);
  const done = new Map<string, Image>();
  const build = async (name: string): Promise<Image> => {
    const stage = stages.find((each) => each.name === name);
    if (!stage) throw new Error(`there is no stage ${name}`);
    for (const needed of stagesNeededBy(stage)) if (!done.has(needed)) await build(needed);
    const image = emptyImage(join(folder, name));
    done.set(name, image);
    for (const step of stage.steps) await perform(step, image, context, done);
    return image;
  };
  return build(target);
}

function stagesNeededBy(stage: Stage): string[] {
  const copies = stage.steps.filter((step) => step.instruction === "COPY");
  return copies.flatMap((step) => parseCopy(step.argument).from ?? []);
}

function emptyImage(root: string): Image {
  mkdirSync(root, { recursive: true });
  return {
    root,
    directory: root,
    environment: {},
    user: "root",
    entrypoint: [],
    command: [],
    healthCheck: [],
  };
}

async function perform(
  { instruction, argument }: Step,
  image: Image,
  context: string,
  done: Map<string, Image>,
): Promise<void> {
  switch (instruction) {
    case "WORKDIR":
      image.directory = join(image.root, argument);
      mkdirSync(image.directory, { recursive: true });
      return;
    case "ENV":
      for (const [, name, quoted, bare] of argument.matchAll(/(\w+)=(?:"([^"]*)"|(\S*))/g)) {
        image.environment[name!] = quoted ?? bare!;
      }
      return;
    case "COPY":
      return copy(argument, image, context, done);
    case "RUN": {
      const { NODE_OPTIONS: _, ...env } = process.env;
      const path = `${dirname(node)}:/usr/local/bin:/usr/bin:/bin`;
      await run("sh", ["-c", argument], {
        cwd: image.directory,
        // What was fetched once is not asked for again: this machine may be offline by now.
        env: { ...env, npm_config_prefer_offline: "true", ...image.environment, PATH: path },
        maxBuffer: 2 ** 26,
      });
      return;
    }
    case "USER":
      image.user = argument;
      return;
    case "ENTRYPOINT":
      image.entrypoint = JSON.parse(argument) as string[];
      return;
    case "CMD":
      image.command = JSON.parse(argument) as string[];
      return;
    case "HEALTHCHECK":
      image.healthCheck = JSON.parse(/CMD (\[.*\])$/.exec(argument)![1]!) as string[];
      return;
    case "EXPOSE":
      return;
    default:
      throw new Error(`${instruction} cannot be replayed`);
  }
}

function copy(argument: string, image: Image, context: string, done: Map<string, Image>): void {
  const { from, sources, target } = parseCopy(argument);
  const origin = from === undefined ? context : done.get(from)!.root;
  const to = target.startsWith("/") ? join(image.root, target) : join(image.directory, target);
  for (const source of sources.map((each) => join(origin, each))) {
    // A folder's content is copied; the stages that are replayed copy no single file.
    if (!statSync(source).isDirectory()) throw new Error(`COPY ${argument} cannot be replayed`);
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  }
}
