/** A command that could not do what was asked; the message says all there is to say. */
export class CommandError extends Error {}
