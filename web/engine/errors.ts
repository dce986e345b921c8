/**
 * What went wrong, for the visitor's eyes. `code` names a text of `stylize/languages`, `values` fill
 * it; the message itself is English.
 */
export class StylizeError extends Error {
  override readonly name: string = "StylizeError";

  constructor(
    message: string,
    readonly code: string,
    readonly values: Readonly<Record<string, string | number>> = {},
  ) {
    super(message);
  }
}

/** The model is missing, damaged or of another format. */
export class ModelError extends StylizeError {
  override readonly name = "ModelError";

  constructor(reason: string) {
    super(`The model cannot be used: ${reason}. Load the page again; if that does not help, it was published damaged.`, "model_unusable", { reason });
  }
}
