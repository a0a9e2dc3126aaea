// The agent's sub-goals and where each stands.

import { type Plan, PlanStatus } from "@gen/tabwire/v1/task_pb";
import type { JSX } from "preact";
import { Icon, type IconName } from "./icon";

interface Mark {
  readonly word: string;
  readonly icon?: IconName;
}

const MARKS: Readonly<Record<number, Mark>> = {
  [PlanStatus.ACTIVE]: { word: "under way", icon: "arrow" },
  [PlanStatus.DONE]: { word: "done", icon: "check" },
  [PlanStatus.DROPPED]: { word: "dropped", icon: "minus" },
};
const TO_DO: Mark = { word: "to do" };

/** The plan, if there is one. */
export function PlanList({ plan }: { plan: Plan | undefined }): JSX.Element | null {
  if (plan === undefined || plan.items.length === 0) return null;
  return (
    <ol class="plan small" aria-label="Plan" data-testid="plan">
      {plan.items.map((item, index) => {
        const mark = MARKS[item.status] ?? TO_DO;
        return (
          <li key={index} data-status={mark.word.replace(" ", "-")}>
            <span class="plan-mark" aria-hidden="true">
              {mark.icon !== undefined && <Icon name={mark.icon} />}
            </span>
            <span>
              {item.text}
              <span class="unseen"> ({mark.word})</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
