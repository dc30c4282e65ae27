// Starts Redoc on the API's OpenAPI document, in the colors of page.css.
"use strict";

const blank = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

// Redoc's footer requests a logo from its vendor; nothing here comes from elsewhere.
const src = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...src,
  set(address) {
    const ours = new URL(address, location.href).origin === location.origin;
    src.set.call(this, ours || address.startsWith("data:") ? address : blank);
  },
});

// Redoc computes shades, so it needs the colors and not the names of the variables.
function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ground, raised, text, quiet, line, accent, bad, good, code, onCode, mono] =
    ["ground", "raised", "text", "quiet", "line", "accent", "bad", "good", "code", "on-code", "mono"]
      .map((name) => style.getPropertyValue(`--${name}`));
  const response = (color, tabTextColor) => ({ color, backgroundColor: raised, tabTextColor });
  return {
    colors: {
      primary: { main: accent, light: accent, dark: accent },
      success: { main: good },
      error: { main: bad },
      gray: { 50: raised, 100: line },
      text: { primary: text, secondary: quiet },
      border: { dark: line, light: line },
      responses: {
        success: response(good, "#86d69d"), error: response(bad, "#ff9c94"),
        redirect: response(quiet, onCode), info: response(accent, onCode),
      },
      http: { get: "#1b66b5", post: "#1a7544", put: "#8a5a00", patch: "#0b7078", delete: "#b3261e", head: "#5a6675", options: "#5a6675" },
    },
    spacing: { sectionVertical: 24 },
    schema: { nestedBackground: raised, linesColor: line, typeNameColor: quiet, typeTitleColor: quiet, requireLabelColor: bad, arrow: { color: quiet } },
    typography: {
      fontSize: "16px",
      fontFamily: "system-ui, sans-serif",
      headings: { fontFamily: "system-ui, sans-serif", fontWeight: "600" },
      code: { fontFamily: mono, fontSize: "14px", color: text, backgroundColor: raised },
      links: { color: accent, visited: accent, hover: accent },
    },
    sidebar: { width: "300px", backgroundColor: raised, textColor: text, activeTextColor: accent, arrow: { color: quiet } },
    rightPanel: { backgroundColor: code, textColor: onCode },
    codeBlock: { backgroundColor: "#232a32" },
    fab: { backgroundColor: raised, color: accent },
  };
}

function show(spec) {
  const element = document.createElement("div");
  document.getElementById("page").replaceChildren(element);
  window.Redoc.init(spec, { scrollYOffset: ".bar", hideDownloadButtons: true, nativeScrollbars: true, theme: theme() }, element);
}

async function start() {
  const spec = await (await fetch("/openapi.json")).json();

  showName(spec.info.title, "API reference");
  keepUpdated(levelHeadings);
  keepUpdated(focusCode);
  show(spec);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(spec));
}

if (window.Redoc)
  start().catch((error) => { document.getElementById("page").textContent = `/openapi.json: ${error.message}`; });
else
  waitForLibrary("/redoc/redoc.standalone.js");
