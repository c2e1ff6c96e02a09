const origin = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/**
 * Whole microseconds of the machine's monotonic clock. All processes of one
 * machine share it, so a time sent by one worker can be subtracted in another.
 */
export const nowMicros = (): number => Math.round(origin + performance.now() * 1_000);
