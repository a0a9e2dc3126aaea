// Small drawings of what the shop sells, so that it looks like a shop without a single image file.

const NS = "http://www.w3.org/2000/svg";
const COLOURS = ["#0b6e4f", "#b4532a", "#2b5fa8", "#8a3f7d", "#a07a12"];

// Each drawing is a list of SVG paths in a field of 120 by 80; the second one is drawn in a lighter shade.
const DRAWINGS = {
  stapler: ["M12 62h96v8H12z", "M16 56 100 56 106 44 38 30Q20 30 16 46z", "M92 48h12v10H92z"],
  box: ["M30 28h60v40H30z", "M30 28 42 14h60L90 28z", "M90 28l12-14v40L90 68z"],
  pen: ["M20 66l8-20L80 10l12 14L40 60z", "M80 10l6-5 14 14-8 5z", "M20 66l8-20 12 14z"],
  notebook: ["M34 10h58v60H34z", "M28 10h8v60h-8z", "M46 24h34v4H46zM46 36h34v4H46z"],
  scissors: ["M34 14 74 52l-6 8L30 20z", "M86 14 46 52l6 8L90 20z", "M40 60a9 9 0 1 0 .1 0zM80 60a9 9 0 1 0 .1 0z"],
  tape: ["M60 14a26 26 0 1 0 .1 0z", "M60 28a12 12 0 1 0 .1 0z", "M84 56h24v8H60z"],
};

export function draw(kind, index) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 120 80");
  svg.setAttribute("aria-hidden", "true");
  const colour = COLOURS[Math.max(0, index) % COLOURS.length];
  for (const [place, path] of (DRAWINGS[kind] ?? DRAWINGS.box).entries()) {
    const shape = document.createElementNS(NS, "path");
    shape.setAttribute("d", path);
    shape.setAttribute("fill", colour);
    shape.setAttribute("opacity", ["1", "0.65", "0.4"][place] ?? "1");
    svg.append(shape);
  }
  return svg;
}
