// The panel's own calls of TaskService, and of AuthService about itself, straight from this page to the server. It gets
// the access token from the service worker and has it renewed once when the server refuses it. When to call, and when to
// try again, is up to the stores.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { AuthService, type WhoAmIResponse } from "@gen/tabwire/v1/auth_service_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import type { LinkCredentials } from "@gen/tabwire/v1/extension_pb";
import type { Task, TaskEffect, TaskEvent, Thinking } from "@gen/tabwire/v1/task_pb";
import {
  type AnswerTaskRequestSchema,
  type CreateTaskRequestSchema,
  type ExportFormat,
  type ListTasksResponse,
  TaskService,
} from "@gen/tabwire/v1/task_service_pb";
import { ask } from "./background";
import { type Diagnose, Problem, panelError, problemOf } from "./problem";

/** Makes the transport to a server; link/transport.ts is the real one. */
export type MakeTransport = (serverUrl: string, token: () => string | undefined) => Transport;

/** What a task is created from. */
export type NewTask = MessageInitShape<typeof CreateTaskRequestSchema>;

/** What a request of the agent is answered with. */
export type NewAnswer = Omit<MessageInitShape<typeof AnswerTaskRequestSchema>, "taskId" | "$typeName">;

/** What a task brought, as a file. */
export interface ExportedFile {
  readonly name: string;
  readonly mimeType: string;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** How long a call that answers once may take. */
const CALL_TIMEOUT_MS = 15_000;
/** How long a file may take. */
const EXPORT_TIMEOUT_MS = 120_000;

/** One client for both services. */
interface ServerClient {
  readonly tasks: Client<typeof TaskService>;
  readonly auth: Client<typeof AuthService>;
}

/** TaskService with tokens taken care of. Every method throws a Problem. */
export class TaskApi {
  private readonly makeTransport: MakeTransport;
  private readonly diagnose: Diagnose;
  private credentials: LinkCredentials | undefined;
  private client: ServerClient | undefined;
  private asking: Promise<LinkCredentials> | undefined;

  constructor(makeTransport: MakeTransport, diagnose: Diagnose) {
    this.makeTransport = makeTransport;
    this.diagnose = diagnose;
  }

  /** Forgets the token, because the browser was paired anew or not at all. */
  forget(): void {
    this.credentials = undefined;
    this.client = undefined;
    this.asking = undefined;
  }

  async create(request: NewTask): Promise<Task> {
    return whole((await this.call((client, options) => client.tasks.createTask(request, options))).task);
  }

  list(pageSize: number, pageToken: string): Promise<ListTasksResponse> {
    return this.call((client, options) => client.tasks.listTasks({ pageSize, pageToken }, options));
  }

  /** Who this browser is to the server: its pairing and what it may do. */
  whoAmI(): Promise<WhoAmIResponse> {
    return this.call((client, options) => client.auth.whoAmI({}, options));
  }

  async pause(taskId: string): Promise<void> {
    await this.call((client, options) => client.tasks.pauseTask({ taskId }, options));
  }

  async resume(taskId: string): Promise<void> {
    await this.call((client, options) => client.tasks.resumeTask({ taskId }, options));
  }

  async stop(taskId: string, reason: string): Promise<void> {
    await this.call((client, options) => client.tasks.stopTask({ taskId, reason }, options));
  }

  async answer(taskId: string, answer: NewAnswer): Promise<void> {
    await this.call((client, options) => client.tasks.answerTask({ taskId, ...answer }, options));
  }

  /** Says something to the running agent. The same id again is the same message. */
  async steer(taskId: string, messageId: string, text: string, interrupt: boolean): Promise<void> {
    await this.call((client, options) => client.tasks.steerTask({ taskId, messageId, text, interrupt }, options));
  }

  async writeScratchpad(taskId: string, scratchpad: string): Promise<void> {
    await this.call((client, options) => client.tasks.modifyTask({ taskId, scratchpad }, options));
  }

  async delete(taskId: string): Promise<void> {
    await this.call((client, options) => client.tasks.deleteTask({ taskId }, options));
  }

  /** The effects that a task had, all of them. */
  async effects(taskId: string): Promise<TaskEffect[]> {
    const effects: TaskEffect[] = [];
    let pageToken = "";
    do {
      const request = { taskId, pageSize: 1000, pageToken };
      const page = await this.call((client, options) => client.tasks.listTaskEffects(request, options));
      effects.push(...page.effects);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return effects;
  }

  /** What a task brought, written in a format. */
  export(taskId: string, format: ExportFormat, table = ""): Promise<ExportedFile> {
    return this.call(async (client) => {
      let [name, mimeType] = ["", ""];
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of client.tasks.exportTask({ taskId, format, table }, { timeoutMs: EXPORT_TIMEOUT_MS })) {
        name ||= piece.fileName;
        mimeType ||= piece.mimeType;
        pieces.push(new Uint8Array(piece.data));
      }
      return { name, mimeType, pieces };
    });
  }

  /**
   * Gives the journal after the number, then what comes. Ends with the task or the signal; throws a Problem when it breaks.
   * `onThinking` hears what the model is writing meanwhile.
   */
  async *watch(
    taskId: string,
    afterSeq: bigint,
    signal: AbortSignal,
    onThinking: (thinking: Thinking) => void,
  ): AsyncGenerator<TaskEvent> {
    let renewed = false;
    let last = afterSeq;
    for (;;) {
      try {
        const client = await this.open(false);
        const request = { taskId, afterSeq: last, includeThinking: true };
        for await (const { event, thinking } of client.tasks.watchTask(request, { signal })) {
          if (thinking !== undefined) onThinking(thinking);
          if (event === undefined) continue;
          last = event.seq;
          renewed = false;
          yield event;
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (renewed || !isRefused(error)) throw await this.problem(error);
        renewed = true;
        await this.open(true);
      }
    }
  }

  private async call<T>(method: (client: ServerClient, options: CallOptions) => Promise<T>): Promise<T> {
    const options = { timeoutMs: CALL_TIMEOUT_MS };
    try {
      const client = await this.open(false);
      try {
        return await method(client, options);
      } catch (error) {
        if (!isRefused(error)) throw error;
        return await method(await this.open(true), options);
      }
    } catch (error) {
      throw await this.problem(error);
    }
  }

  /** Gives a client with a token; `refused` has the token renewed first. Several calls at a time share one renewal. */
  private async open(refused: boolean): Promise<ServerClient> {
    if (this.client !== undefined && !refused) return this.client;
    this.asking ??= ask({ case: "access", value: { refused } }, "credentials").finally(() => {
      this.asking = undefined;
    });
    const credentials = await this.asking;
    if (this.client === undefined || credentials.serverUrl !== this.credentials?.serverUrl) {
      const transport = this.makeTransport(credentials.serverUrl, () => this.credentials?.accessToken);
      this.client = { tasks: createClient(TaskService, transport), auth: createClient(AuthService, transport) };
    }
    this.credentials = credentials;
    return this.client;
  }

  private problem(error: unknown): Promise<Problem> {
    return problemOf(error, this.credentials?.serverUrl ?? "", this.diagnose);
  }
}

function isRefused(error: unknown): boolean {
  // What breaks inside a stream may be anything, also a plain string.
  return ConnectError.from(error).code === Code.Unauthenticated;
}

function whole(task: Task | undefined): Task {
  if (task !== undefined) return task;
  const message = "The server took the task but did not say which one it is.";
  throw new Problem(panelError(ErrorCode.INTERNAL, message, "Look for it in the history."));
}
