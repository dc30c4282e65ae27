// What a browser lets other pages do with the cookie of a session: a page of the API's own origin, a listed origin of
// the same site, an unlisted one, and another site. Each page is served here; the requests are real.
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { browser, is, run } from "./browser_start.mjs";

const { URL: api, LISTED, FOREIGN, PASSWORD, DATABASE_URL } = process.env;
const email = "admin@example.com";
const sql = (text) => execFileSync("psql", ["-XqAt", "-d", DATABASE_URL, "-c", text], { encoding: "utf8" }).trim();
const name = () => sql("SELECT full_name FROM users WHERE email = 'admin@example.com'");
const host = api.replace("http://", "");
const pages = {
  listed: `http://127.0.0.1:${LISTED}`,
  unlisted: `http://127.0.0.1:${FOREIGN}`,
  foreign: `http://localhost:${FOREIGN}`, // Another site than 127.0.0.1.
};

for (const port of [LISTED, FOREIGN])
  createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!DOCTYPE html><title>A page</title><h1>A page</h1>");
  }).listen(port, "127.0.0.1").unref();

// A request by a script of the page: the status, or "refused" by the browser.
const send = (page, method, path, { body, credentials, headers } = {}) => page.evaluate(async (wanted) => {
  const { url, method, body, credentials, headers } = wanted;
  try {
    const response = await fetch(url, { method, body, credentials, cache: "no-store", headers: { ...(body ? { "Content-Type": "application/json" } : {}), ...headers } });
    return `${response.status} ${(await response.json().catch(() => ({}))).code ?? ""}`.trim();
  } catch {
    return "refused";
  }
}, { url: `${api}/api/v1${path}`, method, body: body && JSON.stringify(body), credentials, headers });

const signIn = (page, credentials) => send(page, "POST", "/auth/login", { body: { email, password: PASSWORD, cookie: true }, credentials });
const rename = (page, to, credentials) => send(page, "PATCH", "/users/me", { body: { full_name: to }, credentials });
const cookies = async () => (await browser.cookies(api)).length;

async function at(url) {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

// Submits a form of a page to the API, into its window or a frame of it. Returns the status.
async function submit(url, path, fields, { frame } = {}) {
  const page = await at(url);
  const answered = page.waitForResponse((response) => response.url().startsWith(`${api}/api/v1${path}`));
  await page.evaluate(({ action, fields, frame }) => {
    const form = document.createElement("form");
    if (frame)
      document.body.append(Object.assign(document.createElement("iframe"), { name: "inside" }));
    Object.assign(form, { action, method: "POST", target: frame ? "inside" : "" });
    for (const [name, value] of Object.entries(fields))
      form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    form.submit();
  }, { action: `${api}/api/v1${path}`, fields, frame });
  const status = (await answered).status();
  await page.close();
  return status;
}

await run(async () => {
  // A page of our own, whatever the web server serves there.
  await browser.route(`${api}/`, (route) => route.fulfill({ contentType: "text/html", body: "<!DOCTYPE html><title>A page</title><h1>A page</h1>" }));
  const own = await at(api);
  is("own origin: signed in", await signIn(own), "200");
  is("scripts cannot read the cookie", await own.evaluate(() => document.cookie), "");
  is("own origin: a request with an effect", `${await rename(own, "Own")} ${name()}`, "200 Own");
  is("own origin, without credentials", await send(own, "GET", "/users/me", { credentials: "omit" }), "401 unauthenticated");

  const listed = await at(pages.listed);
  is("listed origin: reads", await send(listed, "GET", "/users/me", { credentials: "include" }), "200");
  is("listed origin: a request with an effect", `${await rename(listed, "Listed", "include")} ${name()}`, "200 Listed");
  is("listed origin, without credentials", await rename(listed, "Omitted", "omit"), "401 unauthenticated");

  for (const kind of ["unlisted", "foreign"]) {
    const page = await at(pages[kind]);
    is(`${kind} origin: cannot read`, await send(page, "GET", "/users/me", { credentials: "include" }), "refused");
    is(`${kind} origin: cannot write`, `${await rename(page, "Forged", "include")} ${name()}`, "refused Listed");
    is(`${kind} origin: cannot sign in`, await signIn(page, "include"), "refused");
    // Without a preflight: what a browser sends as a "simple" request.
    await page.evaluate((url) => fetch(url, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => {}), `${api}/api/v1/auth/logout`);
    is(`${kind} origin: cannot sign out`, await send(own, "GET", "/users/me"), "200");
    const status = await submit(pages[kind], "/auth/logout-all", {});
    is(`${kind} origin: a form has no effect`, `${status} ${await send(own, "GET", "/users/me")}`, `${kind === "unlisted" ? 403 : 401} 200`);
    is(`${kind} origin: a form in a frame has no effect`, `${await submit(pages[kind], "/auth/logout", { refresh_token: "x" }, { frame: true }) < 500} ${await send(own, "GET", "/users/me")}`, "true 200");
    is(`${kind} origin: a form cannot sign in`, await submit(pages[kind], "/auth/login", { username: email, password: PASSWORD, cookie: "true" }) >= 400, true);
    is(`${kind} origin: an image has no effect`, await page.evaluate(async (url) => {
      const image = new Image();
      const ended = new Promise((resolve) => { image.onload = image.onerror = resolve; });
      image.src = url;
      await ended;
      return image.naturalWidth;
    }, `${api}/api/v1/auth/logout-all`), 0);
    is(`${kind} origin: cannot frame the API`, await page.evaluate(async (url) => {
      const frame = document.createElement("iframe");
      const ended = new Promise((resolve) => { frame.onload = resolve; });
      frame.src = url;
      document.body.append(frame);
      await ended;
      try { return frame.contentDocument?.body.textContent ?? "closed"; } catch { return "closed"; }
    }, `${api}/api/v1/users/me`), "closed");
    is(`${kind} origin: the session and the account are unchanged`, `${await send(own, "GET", "/users/me")} ${name()}`, "200 Listed");
    await page.close();
  }

  // A frame of another site in our page gets no cookie (SameSite).
  const third = await at(pages.foreign);
  const inside = await third.evaluate(async (url) => (await fetch(url, { mode: "no-cors", credentials: "include" })).type, `${api}/api/v1/users/me`);
  is("a third party gets an opaque response", inside, "opaque");
  is("and cannot store a cookie", await cookies(), 1);
  await third.close();

  // Authorization takes precedence, even if it is wrong.
  is("Authorization and cookie", await send(own, "GET", "/users/me", { headers: { Authorization: "Bearer x" } }), "401 invalid_token");
  is("the cookie is still there", await cookies(), 1);

  // A browser before Sec-Fetch-Site sends Origin; one without both is refused.
  const [{ value }] = await browser.cookies(api);
  const old = (headers) => fetch(`${api}/api/v1/users/me`, { method: "PATCH", body: '{"full_name":"Old"}', headers: { "Content-Type": "application/json", Cookie: `session=${value}`, ...headers } }).then(({ status }) => status);
  is("an old browser: Origin without Sec-Fetch-Site", await old({ Origin: api }), 200);
  is("an old browser on another site", await old({ Origin: "https://evil.example" }), 403);

  // Two tabs: one confirms, and both go on.
  const tab = await at(api);
  const both = await Promise.all([
    send(own, "POST", "/auth/confirm", { body: { password: PASSWORD } }),
    ...Array.from({ length: 8 }, () => send(tab, "GET", "/users/me")),
  ]);
  is("two tabs during a confirmation", [...new Set(both)].join(", "), "204, 200");
  is("two tabs after it", `${await send(own, "GET", "/users/me")} ${await send(tab, "GET", "/users/me")}`, "200 200");

  // The session is revoked during use.
  sql("UPDATE sessions SET ended_at = now()");
  is("a revoked session", await send(tab, "GET", "/users/me"), "401 invalid_token");
  is("its cookie is cleared", await cookies(), 0);

  // Logout in one tab; the back button.
  is("signed in again", await signIn(own), "200");
  await own.goto(`${api}/api/v1/users/me`);
  is("a page with the account", (await own.locator("body").innerText()).includes(email), true);
  await own.goto(`${api}/openapi.json`);
  is("logout in the other tab", await send(tab, "POST", "/auth/logout"), "204");
  is("no cookie is left", await cookies(), 0);
  await own.goBack();
  is("the back button shows no account", (await own.locator("body").innerText()).includes(email), false);
  is("signed in by a listed origin", `${await signIn(listed, "include")} ${await cookies()}`, "200 1");
  is("the host of the cookie", (await browser.cookies(api))[0].domain, host.split(":")[0]);
});
