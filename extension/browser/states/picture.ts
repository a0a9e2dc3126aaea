// What is done to a picture of a tab after Chrome has taken it: cutting out one element, and marking what can be operated
// with a frame and its id. Where things go is computed here without drawing, so that it can be tested; the drawing is on a
// canvas of the service worker's own, never in the page.

import { type Dimensions, type Element, Operation, type Rect } from "@gen/tabwire/v1/state_pb";

/** How the value of a field begins that a secret was filled in (page/secrets.ts). */
const FILLED = "<secret ";

/** A rectangle in device pixels of the picture. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One mark: the frame around an element and the plate with its id. */
export interface Mark {
  readonly label: string;
  readonly frame: Area;
  readonly plate: Area;
  readonly colour: string;
}

/** What can be done to an element, other than reading it or scrolling in it. */
const OPERATIONS: ReadonlySet<Operation> = new Set([
  Operation.CLICK,
  Operation.INPUT_TEXT,
  Operation.SELECT_OPTION,
  Operation.SET_CHECKED,
  Operation.UPLOAD_FILES,
  Operation.DRAG,
]);

/** Dark enough for white letters on them, and far enough apart to tell neighbours from each other. */
const COLOURS = ["#b00020", "#0b57d0", "#146c2e", "#7b1fa2", "#9a4600", "#00606b"] as const;

/** Sizes in CSS pixels. */
const LETTER_WIDTH = 7;
const PLATE_HEIGHT = 14;
const PLATE_MARGIN = 3;
const LINE = 2;

/** How many device pixels of the picture a CSS pixel of the viewport takes. */
export function scaleOf(picture: Dimensions, viewport: Dimensions): number {
  return viewport.width > 0 ? picture.width / viewport.width : 1;
}

/** The part of the picture that shows these bounds; undefined if it shows nothing of them. */
export function areaOf(bounds: Rect, picture: Dimensions, scale: number): Area | undefined {
  const left = Math.max(0, Math.floor(bounds.x * scale));
  const top = Math.max(0, Math.floor(bounds.y * scale));
  const right = Math.min(picture.width, Math.ceil((bounds.x + bounds.width) * scale));
  const bottom = Math.min(picture.height, Math.ceil((bounds.y + bounds.height) * scale));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : undefined;
}

/** The marks of the elements that can be operated, as far as they are in the shown part, in coordinates of that part. */
export function marksOf(elements: readonly Element[], shown: Area, scale: number): Mark[] {
  const marks: Mark[] = [];
  for (const element of elements) {
    const isOperable = element.availableOperations.some((operation) => OPERATIONS.has(operation));
    if (!isOperable || !element.inViewport || element.bounds === undefined) continue;
    const frame = within(element.bounds, shown, scale);
    if (frame === undefined) continue;
    const label = String(element.id);
    const colour = COLOURS[element.id % COLOURS.length] as string;
    marks.push({ label, frame, plate: plateOf(label, frame, shown, scale), colour });
  }
  return marks;
}

/** The parts of a picture that show a secret: what was filled in, passwords, and codes, also where the page shows them. */
export function coversOf(elements: readonly Element[], shown: Area, scale: number): Area[] {
  return elements
    .filter(
      ({ currentValue, attributes }) => attributes.type === "password" || currentValue?.startsWith(FILLED) === true,
    )
    .map(({ bounds }) => (bounds === undefined ? undefined : within(bounds, shown, scale)))
    .filter((area) => area !== undefined);
}

/** What is to be seen of an element in the shown part. */
function within(bounds: Rect, shown: Area, scale: number): Area | undefined {
  const left = Math.max(0, Math.round(bounds.x * scale) - shown.x);
  const top = Math.max(0, Math.round(bounds.y * scale) - shown.y);
  const right = Math.min(shown.width, Math.round((bounds.x + bounds.width) * scale) - shown.x);
  const bottom = Math.min(shown.height, Math.round((bounds.y + bounds.height) * scale) - shown.y);
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : undefined;
}

/** The plate stands on the frame; where there is no room above, it hangs in it. Never outside of the picture. */
function plateOf(label: string, frame: Area, shown: Area, scale: number): Area {
  const width = Math.round((label.length * LETTER_WIDTH + 2 * PLATE_MARGIN) * scale);
  const height = Math.round(PLATE_HEIGHT * scale);
  const x = Math.max(0, Math.min(frame.x, shown.width - width));
  const y = frame.y >= height ? frame.y - height : Math.min(frame.y, Math.max(0, shown.height - height));
  return { x, y, width, height };
}

/** Cuts the shown part out of a picture, paints over what nobody is to see, and draws the marks into it. */
export async function draw(
  picture: ImageBitmap,
  shown: Area,
  { marks, covers }: { readonly marks: readonly Mark[]; readonly covers: readonly Area[] },
  scale: number,
  encoding: { readonly type: string; readonly quality?: number },
): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(shown.width, shown.height);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("there is no canvas to draw on");
  context.drawImage(picture, shown.x, shown.y, shown.width, shown.height, 0, 0, shown.width, shown.height);
  context.fillStyle = "#000000";
  for (const { x, y, width, height } of covers) context.fillRect(x, y, width, height);
  for (const mark of marks) drawFrame(context, mark, scale);
  for (const mark of marks) drawPlate(context, mark, scale);
  const blob = await canvas.convertToBlob(encoding);
  return new Uint8Array(await blob.arrayBuffer());
}

/** A coloured line with a white one beside it, so that it shows on any background. */
function drawFrame(context: OffscreenCanvasRenderingContext2D, { frame, colour }: Mark, scale: number): void {
  const line = LINE * scale;
  context.lineWidth = line;
  context.strokeStyle = "#ffffff";
  context.strokeRect(frame.x + line, frame.y + line, frame.width - 2 * line, frame.height - 2 * line);
  context.strokeStyle = colour;
  context.strokeRect(frame.x + line / 2, frame.y + line / 2, frame.width - line, frame.height - line);
}

function drawPlate(context: OffscreenCanvasRenderingContext2D, { label, plate, colour }: Mark, scale: number): void {
  context.fillStyle = "#ffffff";
  context.fillRect(plate.x, plate.y, plate.width, plate.height);
  context.fillStyle = colour;
  const edge = scale;
  context.fillRect(plate.x + edge, plate.y + edge, plate.width - 2 * edge, plate.height - 2 * edge);
  context.fillStyle = "#ffffff";
  context.font = `bold ${Math.round(11 * scale)}px monospace`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const room = plate.width - 2 * edge;
  context.fillText(label, plate.x + plate.width / 2, plate.y + plate.height / 2 + edge / 2, room);
}
