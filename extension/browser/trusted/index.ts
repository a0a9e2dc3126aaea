// Chooses by the build's flavour: `wxt build --mode trusted` has trusted input, and no other build contains a trace of it.

import { DebuggerInput, type Perceive } from "./debugger_input";
import type { TrustedInput } from "./port";

/** Trusted input, in the build that has it. */
export function trustedInput(perceive: Perceive): TrustedInput | undefined {
  return import.meta.env.MODE === "trusted" ? new DebuggerInput(perceive) : undefined;
}
