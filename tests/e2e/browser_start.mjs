// Shared by the browser tests: Chromium, pages that record violations, axe, and lines "ok - …" or
// "not ok - …".
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CHROMIUM, URL: site, PICTURES } = process.env;
const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let bad = 0;

export function is(text, got, wanted) {
  if (String(got) === String(wanted)) {
    console.log(`ok - ${text}`);
    return;
  }
  bad++;
  console.log(`not ok - ${text}\n  got    ${got}\n  wanted ${wanted}`);
}

const profile = mkdtempSync(join(tmpdir(), "browser-"));
export const browser = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1280, height: 900 },
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-proxy-server",
  ],
});
browser.setDefaultTimeout(30000);

// A page that records requests to other origins, console errors and CSP violations.
export async function open(path) {
  const page = await browser.newPage();
  page.elsewhere = [];
  page.complaints = [];
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== site)
      page.elsewhere.push(request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error")
      page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
  });
  await page.goto(site + path);
  return page;
}

// `expected`: console errors that the test causes.
export async function hold(page, path, expected = /^$/) {
  is(`${path}: no violation of its policy`, (await page.evaluate(() => window.violations)).join(), "");
  is(`${path}: no request to other origins`, page.elsewhere.join(), "");
  is(`${path}: no console error`, page.complaints.filter((text) => !expected.test(text)).join(), "");
  await picture(page, path.replaceAll("/", "_"));
}

// Runs axe in light and dark mode (labels, names, roles, contrast, landmarks, headings), and checks for
// horizontal scrolling.
export async function accessible(page, where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator("h1").first().waitFor();
    await page.evaluate(axe);
    // What axe leaves to a person: references to missing elements, and ids of ours that occur twice.
    const found = await page.evaluate(async () => {
      const { violations, incomplete } = await window.axe.run({ resultTypes: ["violations", "incomplete"] });
      const ids = [...document.querySelectorAll("[id]:not(.swagger-ui *)")].map(({ id }) => id);
      const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
      return [...violations, ...incomplete.filter(({ id }) => id === "aria-valid-attr-value")].map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ""}`).slice(0, 5).join("; ")}`)
        .concat(twice.map((id) => `id ${id} occurs twice`));
    });
    is(`${where}, ${colorScheme}: no axe violation`, found.join("\n         "), "");
    await picture(page, `${where.replace(/\W+/g, "-")}-${colorScheme}`);
  }
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  is(`${where}: no horizontal scrolling`, wider <= 0, true);
}

export async function picture(page, name) {
  if (PICTURES)
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

// Runs the test and exits.
export async function run(test) {
  try {
    await test();
  } catch (error) {
    is("no exception", error.stack, "");
    await picture(browser.pages().at(-1), "failed");
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
  process.exit(bad ? 1 : 0);
}
