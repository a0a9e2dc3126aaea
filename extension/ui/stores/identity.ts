// Who this browser is to the server: its pairing, as the server tells it when the person looks at it.

import type { WhoAmIResponse } from "@gen/tabwire/v1/auth_service_pb";
import type { ErrorInfo } from "@gen/tabwire/v1/error_pb";
import { signal } from "@preact/signals";
import { infoOf } from "../services/problem";
import type { TaskApi } from "../services/tasks";

/** The pairing as the server sees it. */
export class IdentityStore {
  /** Undefined until the server has told it. */
  readonly told = signal<WhoAmIResponse | undefined>(undefined);
  /** Why it did not. */
  readonly problem = signal<ErrorInfo | undefined>(undefined);
  private asked = 0;
  private readonly api: Pick<TaskApi, "whoAmI">;

  constructor(api: Pick<TaskApi, "whoAmI">) {
    this.api = api;
  }

  /** Asks the server. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    this.problem.value = undefined;
    try {
      const told = await this.api.whoAmI();
      if (mine === this.asked) this.told.value = told;
    } catch (error) {
      if (mine === this.asked) this.problem.value = infoOf(error);
    }
  }

  /** Forgets it: the browser is paired with another server now, or with none. */
  clear(): void {
    this.asked += 1;
    this.told.value = undefined;
    this.problem.value = undefined;
  }
}
