import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DimensionsSchema, type Element, ElementSchema, Operation, RectSchema } from "@gen/tabwire/v1/state_pb";
import { describe, expect, it } from "vitest";
import { areaOf, marksOf, scaleOf } from "../../browser/states/picture";

const size = (width: number, height: number) => create(DimensionsSchema, { width, height });
const rect = (x: number, y: number, width: number, height: number) => create(RectSchema, { x, y, width, height });

function element(id: number, x: number, y: number, more: MessageInitShape<typeof ElementSchema> = {}): Element {
  const made = { id, bounds: rect(x, y, 40, 20), inViewport: true, availableOperations: [Operation.CLICK] };
  return create(ElementSchema, { ...made, ...(more as object) });
}

describe("a picture of one element", () => {
  it("is cut by device pixels, whole pixels outwards", () => {
    const picture = size(1600, 1200);
    const scale = scaleOf(picture, size(800, 600));
    expect(scale).toBe(2);
    expect(areaOf(rect(10.2, 20.4, 100, 50), picture, scale)).toEqual({ x: 20, y: 40, width: 201, height: 101 });
    expect(areaOf(rect(10, 20, 100, 50), picture, scaleOf(picture, size(1280, 960)))).toMatchObject({
      x: 12,
      width: 126,
    });
  });

  it("ends at the edge of what is shown, and is nothing beyond it", () => {
    const picture = size(800, 600);
    expect(areaOf(rect(-10, 580, 100, 50), picture, 1)).toEqual({ x: 0, y: 580, width: 90, height: 20 });
    expect(areaOf(rect(0, 600, 100, 50), picture, 1)).toBeUndefined();
    expect(areaOf(rect(-100, 0, 100, 50), picture, 1)).toBeUndefined();
  });
});

describe("marks", () => {
  const whole = { x: 0, y: 0, width: 800, height: 600 };

  it("are on what can be operated and is in view, and on nothing else", () => {
    const elements = [
      element(1, 10, 50),
      element(2, 10, 90, { availableOperations: [Operation.READ_TEXT, Operation.GET_ATTRIBUTES] }),
      element(3, 10, 130, { inViewport: false }),
      element(100_004, 10, 170, { availableOperations: [Operation.INPUT_TEXT] }),
    ];
    expect(marksOf(elements, whole, 1).map(({ label }) => label)).toEqual(["1", "100004"]);
  });

  it("stand on the element, or hang in it where there is no room above", () => {
    const [high, low] = marksOf([element(1, 100, 3), element(2, 100, 300)], whole, 1);
    expect(high?.plate).toMatchObject({ x: 100, y: 3 });
    expect(low?.frame).toEqual({ x: 100, y: 300, width: 40, height: 20 });
    expect((low?.plate.y ?? 0) + (low?.plate.height ?? 0)).toBe(300);
  });

  it("never leave the picture, and follow what was cut out and the density of the screen", () => {
    const shown = { x: 200, y: 100, width: 120, height: 80 };
    const marks = marksOf([element(123456, 150, 60), element(2, 90, 45), element(3, 500, 60)], shown, 2);
    expect(marks.map(({ label, frame }) => [label, frame])).toEqual([
      ["123456", { x: 100, y: 20, width: 20, height: 40 }],
      ["2", { x: 0, y: 0, width: 60, height: 30 }],
    ]);
    for (const { plate } of marks) {
      expect(plate.x + plate.width).toBeLessThanOrEqual(Math.max(shown.width, plate.width));
      expect(plate.x).toBeGreaterThanOrEqual(0);
      expect(plate.y).toBeGreaterThanOrEqual(0);
    }
  });

  it("have letters that can be read: white on a colour that is dark enough", () => {
    const colours = new Set(
      marksOf(
        [1, 2, 3, 4, 5, 6, 7].map((id) => element(id, 10, id * 40)),
        whole,
        1,
      ).map((m) => m.colour),
    );
    expect(colours.size).toBe(6);
    for (const colour of colours) expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThanOrEqual(4.5);
  });
});

/** Relative luminance as WCAG defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
