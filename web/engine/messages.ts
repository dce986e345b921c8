/** What the page and its worker say to each other. */
import type { Controls } from "./controls.ts";
import type { Sent } from "./decode.ts";
import type { Device } from "./gpu.ts";
import type { Precision } from "./model.ts";
import type { Provider } from "./runtime.ts";
import type { StyleVector } from "./styles.ts";

export interface Opening {
  /** Address of the model.json. */
  readonly model: string;
  readonly precision: Precision;
  readonly device: Device;
  /** Of the computation; more than one only where the page is isolated from others. */
  readonly threads: number;
}

export type Job =
  | { readonly kind: "open"; readonly opening: Opening }
  | { readonly kind: "encode"; readonly picture: Sent; readonly strokeSize: number }
  | { readonly kind: "prepare"; readonly picture: Sent; readonly maxSidePx: number }
  | {
      readonly kind: "stylize";
      readonly picture: Sent;
      readonly style: StyleVector;
      readonly controls: Partial<Controls>;
      readonly maxSidePx: number | undefined;
      readonly fast: boolean;
      /** Levels below the last are wanted, too. */
      readonly levels: boolean;
    }
  | { readonly kind: "frame"; readonly picture: ImageData; readonly style: StyleVector; readonly controls: Partial<Controls> };

export type Request = { readonly id: number; readonly job: Job } | { readonly id: number; readonly abort: true };

/** What the opened model is. */
export interface Opened {
  readonly modelSha256: string;
  readonly encoderSha256: string;
  readonly vectorLength: number;
  readonly threads: number;
  /** What paints. */
  readonly provider: Provider;
}

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly values: Readonly<Record<string, string | number>> | undefined;
}

export type Answer =
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly level: ImageData }
  | { readonly id: number; readonly done: Opened | StyleVector | ImageData }
  | { readonly id: number; readonly failed: Failure };
