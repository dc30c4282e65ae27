// Run by tools/pictures: draws the terminal of `./dev up` as SVG and takes a screenshot of /docs.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browser, is, run } from "../tests/e2e/browser_start.mjs";

const { URL: site, IMAGES, TERMINAL } = process.env;
const COLUMNS = 100, LINE = 19, CHARACTER = 7.83, LARGEST = 150_000;
const colors = { 31: "red", 32: "green", 33: "yellow", 1: "bold", 2: "dim" };

// The final lines, each an array of { text, style }. Text before the last "erase line" is dropped.
function lines(output) {
  return output.replace(/^Script started.*\n/, "").split(/\r?\n/)
    .map((line) => line.split(/\r\x1b\[K/).at(-1))
    .map((line) => {
      const parts = [];
      let style = "";
      for (const part of line.split(/(\x1b\[\d*m)/)) {
        const code = /^\x1b\[(\d*)m$/.exec(part);
        if (code)
          style = colors[code[1]] ?? "";
        else if (part)
          parts.push({ text: part, style });
      }
      return parts;
    });
}

// Wraps a line at COLUMNS, as a terminal does.
function wrapped(parts) {
  const rows = [[]];
  let column = 0;
  for (let { text, style } of parts) {
    while (text) {
      if (column === COLUMNS) {
        rows.push([]);
        column = 0;
      }
      const piece = [...text].slice(0, COLUMNS - column).join("");
      rows.at(-1).push({ text: piece, style });
      column += [...piece].length;
      text = text.slice(piece.length);
    }
  }
  return rows;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function svg(rows) {
  const width = Math.round(COLUMNS * CHARACTER) + 40, height = rows.length * LINE + 64;
  const text = rows.map((row, i) => row.length && `<text x="20" y="${58 + i * LINE}">${row.map(({ text, style }) =>
    style ? `<tspan class="${style}">${escaped(text)}</tspan>` : escaped(text)).join("")}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The terminal of ./dev up">
<style>text{font:13px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#d5dae1;white-space:pre}
.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.dim{fill:#8b949e}.bold{font-weight:700;fill:#fff}</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="22" cy="20" r="6" fill="#ff5f56"/><circle cx="42" cy="20" r="6" fill="#ffbd2e"/><circle cx="62" cy="20" r="6" fill="#27c93f"/>
${text.filter(Boolean).join("\n")}
</svg>
`;
}

function write(name, data) {
  writeFileSync(join(IMAGES, name), data);
  is(`${name} is small enough`, statSync(join(IMAGES, name)).size <= LARGEST, true);
}

await run(async () => {
  const output = lines(readFileSync(TERMINAL, "utf8"));
  const end = output.findIndex((line) => line.some(({ text }) => text.includes("Ctrl-C stops everything")));
  write("up.svg", svg([[{ text: "$ ", style: "green" }, { text: "./dev up", style: "bold" }],
    ...output.slice(0, end + 1).flatMap(wrapped)]));

  const page = await browser.newPage();
  await page.goto(`${site}/docs`);
  await page.locator(".opblock").first().waitFor();
  write("docs.png", await page.screenshot());
});
