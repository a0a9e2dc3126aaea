// A TaskService (and of AuthService, WhoAmI) in memory, behind the real Connect client: it keeps journals that a test writes, streams them, and notes
// what it was asked. It decides nothing; a test appends the events that a server would.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport, type HandlerContext, type Transport } from "@connectrpc/connect";
import { AuthService, type WhoAmIResponseSchema } from "@gen/tabwire/v1/auth_service_pb";
import { ErrorCode, type ErrorInfo, ErrorInfoSchema } from "@gen/tabwire/v1/error_pb";
import {
  type Task,
  type TaskEffectSchema,
  type TaskEvent,
  TaskEventSchema,
  TaskSchema,
  TaskState,
  type ThinkingSchema,
} from "@gen/tabwire/v1/task_pb";
import {
  type CreateTaskRequest,
  ExportFormat,
  type ExportTaskRequest,
  type SteerTaskRequest,
  TaskService,
} from "@gen/tabwire/v1/task_service_pb";

type Method = "create" | "list" | "watch" | "control" | "who";
type EventKind = NonNullable<MessageInitShape<typeof TaskEventSchema>["kind"]>;

/** When the first event of every task happened. */
export const BEGIN_MS = Date.UTC(2026, 10, 21, 10, 0, 0);

/** A task with its journal. */
export class TaskDouble {
  readonly events: TaskEvent[] = [];
  readonly task: Task;
  private readonly changed = new Set<() => void>();
  private cut: ConnectError | undefined;
  private readonly thoughts: MessageInitShape<typeof ThinkingSchema>[] = [];

  constructor(task: MessageInitShape<typeof TaskSchema>) {
    this.task = create(TaskSchema, {
      taskId: "task-1",
      state: TaskState.QUEUED,
      createdAt: timestampFromMs(BEGIN_MS),
      ...task,
    });
    this.add({ case: "created", value: { task: create(TaskSchema, { ...this.task, state: TaskState.QUEUED }) } });
  }

  /** Appends an event, one second after the one before. */
  add(kind: EventKind): TaskEvent {
    const seq = BigInt(this.events.length + 1);
    const time: Timestamp = timestampFromMs(BEGIN_MS + this.events.length * 1000);
    const event = create(TaskEventSchema, { taskId: this.task.taskId, seq, time, kind });
    this.events.push(event);
    if (event.kind.case === "stateChanged") this.task.state = event.kind.value.to;
    for (const wake of [...this.changed]) wake();
    return event;
  }

  /** Tells what the model is thinking, which is no event. */
  think(thinking: MessageInitShape<typeof ThinkingSchema>): void {
    this.thoughts.push(thinking);
    for (const wake of [...this.changed]) wake();
  }

  /** Breaks all open streams. */
  breakStreams(): void {
    this.cut = new ConnectError("the stream broke", Code.Unavailable);
    for (const wake of [...this.changed]) wake();
    this.cut = undefined;
  }

  /** The journal after a number, and what comes. */
  async *follow(afterSeq: bigint, signal: AbortSignal) {
    let next = Number(afterSeq);
    for (;;) {
      for (; next < this.events.length; next += 1) yield { event: this.events[next] as TaskEvent };
      for (const thinking of this.thoughts.splice(0)) yield { thinking };
      if (isOver(this.task.state)) return;
      const cut = await new Promise<ConnectError | undefined>((resolve) => {
        const wake = (): void => {
          this.changed.delete(wake);
          resolve(this.cut);
        };
        this.changed.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
      if (cut !== undefined) throw cut;
      if (signal.aborted) return;
    }
  }
}

/** The server. */
export class ServerDouble {
  readonly tasks: TaskDouble[] = [];
  readonly created: CreateTaskRequest[] = [];
  /** What was done to tasks, as "pause task-1". */
  readonly done: string[] = [];
  /** From where streams were opened. */
  readonly watched: bigint[] = [];
  /** What was said to tasks. */
  readonly steered: SteerTaskRequest[] = [];
  /** The effects of every task. */
  effects: MessageInitShape<typeof TaskEffectSchema>[] = [];
  /** Tokens that are taken. */
  token = "token-1";
  /** Thrown at the next calls of a method, one each. */
  readonly failures: { readonly method: Method; readonly error: unknown }[] = [];
  pageSize = 100;
  /** Who the browser is. */
  who: MessageInitShape<typeof WhoAmIResponseSchema> = {};

  /** The double of createTransport. */
  readonly makeTransport = (_serverUrl: string, token: () => string | undefined): Transport =>
    createRouterTransport((router) => this.routes(router), {
      transport: {
        interceptors: [
          (next) => (request) => {
            request.header.set("authorization", `Bearer ${token() ?? ""}`);
            return next(request);
          },
        ],
      },
    });

  /** Adds a task. */
  add(task: MessageInitShape<typeof TaskSchema>): TaskDouble {
    const added = new TaskDouble(task);
    this.tasks.unshift(added);
    return added;
  }

  private routes(router: Parameters<Parameters<typeof createRouterTransport>[0]>[0]): void {
    const note = (what: string) => (request: { taskId: string }, context: HandlerContext) => {
      this.admit(context, "control");
      this.done.push(`${what} ${request.taskId}`);
      return {};
    };
    router.service(AuthService, {
      whoAmI: (_request, context) => {
        this.admit(context, "who");
        return this.who;
      },
    });
    router.service(TaskService, {
      createTask: (request, context) => {
        this.created.push(request);
        this.admit(context, "create");
        const taskId = `task-${this.tasks.length + 1}`;
        const { userPrompt, context: where } = request;
        return { task: this.add({ taskId, userPrompt, ...(where === undefined ? {} : { context: where }) }).task };
      },
      listTasks: (request, context) => {
        this.admit(context, "list");
        const from = Number(request.pageToken || "0");
        const to = from + Math.min(this.pageSize, request.pageSize);
        const tasks = this.tasks.slice(from, to).map((task) => task.task);
        return { tasks, nextPageToken: to < this.tasks.length ? String(to) : "" };
      },
      watchTask: (request, context) => this.watch(request, context),
      pauseTask: note("pause"),
      resumeTask: note("resume"),
      stopTask: note("stop"),
      answerTask: (request, context) => {
        this.admit(context, "control");
        const { taskId, requestId, answer, approve, actionDigest } = request;
        const approval = actionDigest.length === 0 ? "" : ` ${approve ? "approve" : "deny"} ${[...actionDigest]}`;
        this.done.push(`answer ${taskId} ${requestId} ${answer}${approval}`);
        return {};
      },
      steerTask: (request, context) => {
        this.admit(context, "control");
        this.steered.push(request);
        return {};
      },
      modifyTask: (request, context) => {
        this.admit(context, "control");
        this.done.push(`modify ${request.taskId} ${request.scratchpad ?? ""}`);
        return {};
      },
      deleteTask: note("delete"),
      listTaskEffects: (_request, context) => {
        this.admit(context, "control");
        return { effects: this.effects };
      },
      exportTask: (request, context) => this.export(request, context),
    });
  }

  private async *watch(request: { taskId: string; afterSeq: bigint }, context: HandlerContext) {
    this.watched.push(request.afterSeq);
    this.admit(context, "watch");
    const found = this.tasks.find((task) => task.task.taskId === request.taskId);
    if (found === undefined) throw refusal(Code.NotFound, { errorCode: ErrorCode.NOT_FOUND, message: "No such task." });
    for await (const told of found.follow(request.afterSeq, context.signal)) yield told;
  }

  private async *export(request: ExportTaskRequest, context: HandlerContext) {
    this.admit(context, "control");
    this.done.push(`export ${request.taskId} ${ExportFormat[request.format]} ${request.table}`);
    yield { fileName: "task.csv", mimeType: "text/csv", data: new TextEncoder().encode("a,") };
    yield { data: new TextEncoder().encode("b\n") };
  }

  private admit(context: HandlerContext, method: Method): void {
    const at = this.failures.findIndex((failure) => failure.method === method);
    if (at !== -1) throw this.failures.splice(at, 1)[0]?.error;
    if (context.requestHeader.get("authorization") !== `Bearer ${this.token}`) {
      throw new ConnectError("the token is refused", Code.Unauthenticated);
    }
  }
}

/** A refusal as the server sends it, with its ErrorInfo. */
export function refusal(code: Code, info: MessageInitShape<typeof ErrorInfoSchema>): ConnectError {
  const detail: ErrorInfo = create(ErrorInfoSchema, info);
  return new ConnectError(detail.message, code, undefined, [{ desc: ErrorInfoSchema, value: detail }]);
}

function isOver(state: TaskState): boolean {
  return state === TaskState.SUCCEEDED || state === TaskState.FAILED || state === TaskState.STOPPED;
}
