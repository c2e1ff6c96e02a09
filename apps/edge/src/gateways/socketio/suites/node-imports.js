// The globals that the suites want from here are set by ../protocol-suites.fixture.ts.
