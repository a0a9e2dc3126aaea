// UploadFilesAction: gives files to a file field, also one that is hidden behind a button or in a drop zone, or drops them where
// files are taken. Their bytes come with the action.

import type { FileUpload, UploadFilesAction } from "@gen/tabwire/v1/action_pb";
import { ErrorCode } from "@gen/tabwire/v1/error_pb";
import { quote } from "../clean";
import { property, shownParent, tagOf } from "../dom";
import { failedInTarget, invalidArgument, PageError } from "../errors";
import { hasAttribute, isConnected, matches, queryAll } from "../native";
import { CONTROL_ROLES, roleOf } from "../perceive/role";
import { makeReady, requireEnabled } from "./actionable";
import type { ActContext, Outcome, Target } from "./context";
import { DragOver } from "./drag_native";
import { nextFrame } from "./drag_pointer";

const FIELD = 'input[type="file"]';
/** How far around a button its field is looked for. */
const LEVELS = 5;

const TYPES: Readonly<Record<string, string>> = {
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  gif: "image/gif",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  webp: "image/webp",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  xml: "text/xml",
  zip: "application/zip",
};

function extensionOf(name: string): string {
  return /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

function toFile({ name, mimeType, content }: FileUpload): File {
  // Bytes reach the page as base64.
  const bytes = Uint8Array.from(atob(content as unknown as string), (sign) => sign.charCodeAt(0));
  return new File([bytes], name, { type: mimeType || TYPES[extensionOf(name)] || "application/octet-stream" });
}

function transferOf(files: readonly File[]): DataTransfer {
  const data = new DataTransfer();
  for (const file of files) data.items.add(file);
  return data;
}

/** The file field that an element is, labels, holds, or is the button of. Null if it has none. */
function fieldOf(element: Element): HTMLInputElement | null {
  if (matches(element, FIELD)) return element as HTMLInputElement;
  const labelled = tagOf(element) === "label" ? property<Element | null>(element, "control") : null;
  if (labelled && matches(labelled, FIELD)) return labelled as HTMLInputElement;
  const inside = queryAll<HTMLInputElement>(element, FIELD);
  if (inside.length > 0) return inside.length === 1 ? (inside[0] ?? null) : null;
  // A button stands next to the hidden field that it opens; a drop zone takes the files itself.
  if (!CONTROL_ROLES.has(roleOf(element))) return null;
  let around: Element | null = shownParent(element);
  for (let level = 0; around !== null && level < LEVELS; level++, around = shownParent(around)) {
    const near = queryAll<HTMLInputElement>(around, FIELD);
    if (near.length > 0) return near.length === 1 ? (near[0] ?? null) : null;
  }
  const all = queryAll<HTMLInputElement>(document, FIELD);
  return all.length === 1 ? (all[0] ?? null) : null;
}

/** Whether the `accept` attribute of a field lets a file in. */
export function isAccepted(accept: string, file: { readonly name: string; readonly type: string }): boolean {
  const wanted = accept.split(",").map((part) => part.trim().toLowerCase());
  if (wanted.every((part) => part === "")) return true;
  return wanted.some((part) => {
    if (part.startsWith(".")) return file.name.toLowerCase().endsWith(part);
    if (part.endsWith("/*")) return file.type.toLowerCase().startsWith(part.slice(0, -1));
    return part !== "" && file.type.toLowerCase() === part;
  });
}

function check(field: HTMLInputElement, files: readonly File[], words: string): void {
  if (files.length > 1 && !field.multiple && !hasAttribute(field, "webkitdirectory")) {
    throw invalidArgument("files", "has one entry", `The ${words} takes one file only.`);
  }
  const refused = files.find((file) => !isAccepted(field.accept, file));
  if (refused !== undefined) {
    const message = `The ${words} takes ${field.accept} only, not ${quote(refused.name)}.`;
    throw invalidArgument("files", `fits ${field.accept}`, message);
  }
}

function named(files: readonly File[]): string {
  return files.map((file) => quote(file.name)).join(", ");
}

async function intoField(
  target: Target,
  field: HTMLInputElement,
  files: readonly File[],
  ctx: ActContext,
): Promise<Outcome> {
  requireEnabled({ ...target, element: field });
  check(field, files, target.words);
  ctx.begin(field);
  field.files = transferOf(files).files;
  const held =
    Array.from(field.files ?? [], (file) => file.name).join("/") === files.map((file) => file.name).join("/");
  if (!held) throw failedInTarget(`The ${target.words} did not take the files.`, "Choose them by hand.");
  field.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const effects = await ctx.settle("own effect");
  // Many pages take the files out of the field as soon as they have them.
  const left = isConnected(field) ? Array.from(field.files ?? [], (file) => file.name) : [];
  const taken = left.length === 0 && !effects.leaving ? ", and the page took them from the field" : "";
  return { message: `Gave ${named(files)} to the ${target.words}${taken}`, effects, valueNow: left.join(", ") };
}

async function intoZone(target: Target, files: readonly File[], ctx: ActContext): Promise<Outcome> {
  const { hit } = await makeReady(ctx, target);
  const watch = ctx.begin(target.element);
  const over = new DragOver(transferOf(files));
  over.move(hit.point);
  await nextFrame();
  over.move(hit.point);
  if (over.drop(hit.point)) {
    return { message: `Dropped ${named(files)} on the ${target.words}`, effects: await ctx.settle() };
  }
  await ctx.settle();
  if (roleOf(target.element) === "button" && watch.changes === 0) {
    throw new PageError(
      ErrorCode.NEEDS_TRUSTED_INPUT,
      `The ${target.words} is no file field and has none near it; its file chooser opens only for a person.`,
      { remedy: "Choose the file by hand." },
    );
  }
  throw failedInTarget(`The ${target.words} takes no files.`, "Use a file field or a drop zone.");
}

/** Gives files to a page. */
export async function uploadFiles(action: UploadFilesAction, ctx: ActContext): Promise<Outcome> {
  const target = ctx.target(action.elementId);
  const files = action.files.map(toFile);
  const field = fieldOf(target.element);
  return field === null ? intoZone(target, files, ctx) : intoField(target, field, files, ctx);
}
