// Draws the killed of each oblast and month as ranges, and writes the picture to standard output.
import * as Plot from "@observablehq/plot";
import { csvParse, autoType } from "d3";
import { JSDOM } from "jsdom";

const ADDRESS =
  "http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place,month&format=csv";
const INK = "#33566f";
const PALE = "#c3d4e0";

/** Returns the rows of the parts; an empty cell is null. */
async function fetchParts() {
  const response = await fetch(ADDRESS);
  if (!response.ok) throw new Error(await response.text());
  const rows = csvParse(await response.text(), ({ key2, ...row }) => ({ ...autoType(row), key2 }));
  return rows.filter(({ row }) => row === "part");
}

/** Returns the picture as an SVG element. In a browser, leave `document` out. */
function drawRanges(parts, document) {
  const greatest = Math.max(...parts.map(({ low, high }) => high ?? low ?? 0));
  const edge = greatest * 1.1;
  const pick = (...shapes) => parts.filter(({ shape }) => shapes.includes(shape));
  const place = { fy: "name", y: "key2" };
  const thin = { insetTop: 4, insetBottom: 4 };
  return Plot.plot({
    document,
    style: { background: "white", color: "black" },
    width: 760,
    marginLeft: 180,
    marginRight: 230,
    x: { domain: [0, edge], label: "people killed", labelAnchor: "center", labelArrow: "none" },
    y: { label: null, type: "band" },
    marks: [
      Plot.axisFy({ anchor: "left", dx: -50, label: null }),
      Plot.barX(pick("range", "up_to"), { ...place, x1: "low", x2: "high", ...thin, fill: PALE }),
      Plot.link(pick("at_least"), { ...place, x1: "low", x2: () => edge, stroke: INK }),
      Plot.link(pick("unknown"), { ...place, x1: "low", x2: () => edge, stroke: INK, ...dotted }),
      Plot.dot(pick("at_least", "unknown"), { ...place, x: () => edge, ...arrowHead }),
      Plot.tickX(pick("range", "at_least"), { ...place, x: "low", stroke: INK, strokeWidth: 3 }),
      Plot.tickX(pick("range", "up_to"), { ...place, x: "high", stroke: INK }),
      Plot.dot(pick("exactly"), { ...place, x: "low", r: 4, stroke: INK, fill: fillOfDot }),
      Plot.text(parts, { ...place, x: () => edge, text: labelOf, textAnchor: "start", dx: 12 }),
    ],
  });
}

/** The end of a line to the edge of the picture: no upper limit is known. */
const arrowHead = { symbol: "triangle", rotate: 90, r: 4, fill: INK };
const dotted = { strokeDasharray: "2 4" };
/** A zero that is known is a hollow dot. */
const fillOfDot = ({ low }) => (low > 0 ? INK : "white");
const labelOf = ({ text, exact }) => text + (exact ? "" : " (the range may be too wide)");

const { document } = new JSDOM().window;
const picture = drawRanges(await fetchParts(), document);
picture.setAttribute("xmlns", "http://www.w3.org/2000/svg");
process.stdout.write(picture.outerHTML + "\n");
