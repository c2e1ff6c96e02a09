import { type ChildProcess, fork, type ForkOptions } from "node:child_process";
import { once } from "node:events";

/** A bare program of this folder that says `{ port }`, or anything, once it is ready. */
export class Child {
  private constructor(
    private readonly process: ChildProcess,
    /** What it said when it was ready. */
    readonly ready: unknown,
  ) {}

  static async start(module: URL, env: Record<string, string> = {}): Promise<Child> {
    const options: ForkOptions = {
      env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
    };
    const child = fork(module, options);
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`${module.pathname} ended with ${code}`);
    });
    ended.catch(() => {}); // later it is asked to end
    const [ready] = await Promise.race([once(child, "message"), ended]);
    return new Child(child, ready);
  }

  get pid(): number {
    return this.process.pid!;
  }

  tell(message: object): void {
    this.process.send(message);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.process;
    // Ctrl-C ends it as well.
    if (exitCode !== null || signalCode !== null) return;
    const exited = once(this.process, "exit");
    this.process.kill();
    await exited;
  }
}
