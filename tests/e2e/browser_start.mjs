// What the tests in a browser share: Chromium, pages that note what they should not do, and
// lines "ok - …" or "not ok - …".
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CHROMIUM, URL: site, PICTURES } = process.env;
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

// A page that notes what it should not do.
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

// `expected`: complaints that belong to what was done.
export async function hold(page, path, expected = /^$/) {
  is(`${path}: nothing against its policy`, (await page.evaluate(() => window.violations)).join(), "");
  is(`${path}: nothing from elsewhere`, page.elsewhere.join(), "");
  is(`${path}: no error on the console`, page.complaints.filter((text) => !expected.test(text)).join(), "");
  await picture(page, path.replaceAll("/", "_"));
}

export async function picture(page, name) {
  if (PICTURES)
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

// Runs the test, and ends the process.
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
