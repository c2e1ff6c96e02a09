import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** Libraries are tested as TypeScript, whether or not they have been built. */
const conditions = ["source", ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "libs/**/*.spec.ts",
            "apps/**/*.spec.ts",
            "tools/**/*.spec.ts",
            "test/budget/**/*.spec.ts",
            "test/peers/**/*.spec.ts",
            "test/image/**/*.spec.ts",
            "test/kubernetes/**/*.spec.ts",
          ],
          exclude: ["**/node_modules/**", "**/dist/**", "test/image/src/image.spec.ts"],
          pool: "threads",
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Each of these runs a whole cluster under load, or builds: one at a time, after the others.
          name: "cluster",
          include: [
            "test/cluster/**/*.spec.ts",
            "test/faults/**/*.spec.ts",
            "test/image/src/image.spec.ts",
          ],
          pool: "threads",
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
