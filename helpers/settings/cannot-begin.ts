/** A run that cannot begin, in one line for the person who started it. */
export class CannotBegin extends Error {}
