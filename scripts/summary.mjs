// The last line of a CI run: how many tests and check steps passed and failed.
// Usage: summary.mjs CHECK_REPORT TEST_REPORT TEST_EXIT_CODE. A missing report is
// a failure, and so is an exit code that no failing test explains: an error that
// nothing caught.
import { existsSync, readFileSync } from "node:fs";

const [checkReport, testReport, testExitCode] = process.argv.slice(2);

function read(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function countChecks(steps) {
  const passed = steps.filter((step) => step.passed).length;
  return { passed, failed: steps.length - passed };
}

function countTests({ numPassedTests, numFailedTests, testResults }) {
  // A file that cannot even be loaded fails without a failing test.
  const broken = testResults.filter(({ status, assertionResults }) => {
    return status === "failed" && !assertionResults.some((test) => test.status === "failed");
  });
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

const none = { passed: 0, failed: 1 };
const checks = read(checkReport);
const tests = read(testReport);
const counts = [checks ? countChecks(checks) : none, tests ? countTests(tests) : none];
const passed = counts[0].passed + counts[1].passed;
const unexplained = testExitCode !== "0" && counts[1].failed === 0 ? 1 : 0;
const failed = counts[0].failed + counts[1].failed + unexplained;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
