// /docs: sign in, create an item and list it; /redoc: read and search. In light and dark mode, on a wide
// screen and a phone. Nothing violates the pages' policy or is fetched from other origins.
import { accessible, browser, hold, is, open, run } from "./browser_start.mjs";

const { PASSWORD } = process.env;
const email = "admin@example.com";

// Opens one operation of Swagger UI, fills in its body and sends it: [status, body].
async function send(page, path, method, body) {
  const block = page.locator(`.opblock-${method}`, {
    has: page.locator(`.opblock-summary-path[data-path="${path}"]`),
  });
  await block.locator(".opblock-summary-control").click();
  if (body)
    await block.locator("textarea.body-param__text").fill(JSON.stringify(body));
  await block.locator("button.execute").click();
  const response = block.locator(".live-responses-table .response");
  await response.waitFor();
  const status = (await response.locator(".response-col_status").innerText()).trim().split(/\s/)[0];
  return [status, await response.locator("pre").first().innerText()];
}

async function signIn(page, password) {
  const dialog = page.getByRole("dialog", { name: "Sign in" });
  await dialog.getByLabel("E-mail address").fill(email);
  await dialog.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

// axe needs a minute for the whole document, and all operations look alike.
async function openPart(path) {
  const page = await browser.newPage();
  await page.route("**/openapi.json", async (route) => {
    const response = await route.fetch(), document = await response.json();
    document.paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => /\/(items|auth\/login)$/.test(path)));
    return route.fulfill({ response, json: document });
  });
  await page.goto(process.env.URL + path);
  await page.getByText("/items", { exact: false }).first().waitFor();
  return page;
}

const sizes = [["wide", { width: 1440, height: 900 }], ["phone", { width: 390, height: 844 }]];

await run(async () => {
  const docs = await open("/docs");
  await docs.locator(".opblock").first().waitFor();
  is("the name of the service is shown", /\S/.test(await docs.locator("#name").innerText()), true);
  is("no message about missing files", await docs.locator("#missing").isVisible(), false);
  const button = docs.locator("button.authorize").first();
  await button.click();
  await docs.keyboard.press("Escape");
  await docs.getByRole("dialog").waitFor({ state: "detached" });
  is("Escape closes the dialog, and the focus returns", await docs.evaluate(() => document.activeElement.textContent), "Sign in");
  await docs.keyboard.press("Enter");
  await signIn(docs, "wrong-horse-battery");
  await docs.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
  is("a wrong password is reported", true, true);
  await signIn(docs, PASSWORD);
  await docs.getByRole("button", { name: "Signed in" }).waitFor();
  is("sign-in closes the dialog", await docs.getByRole("dialog").count(), 0);
  const title = `Made in a browser ${Date.now()}`;
  const [created, item] = await send(docs, "/api/v1/items", "post", { title });
  is("an item is created", created, 201);
  is("the item has the title", item.includes(title), true);
  const [listed, list] = await send(docs, "/api/v1/items", "get");
  is("the items are listed", listed, 200);
  is("the list contains the item", list.includes(title), true);
  is("no credential is stored", await docs.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), "{}");
  await hold(docs, "/docs", /status of 401/);
  await docs.getByRole("button", { name: "Signed in" }).click();
  await docs.getByRole("button", { name: "Sign out", exact: true }).click();
  is("without a token nothing is listed", (await send(docs, "/api/v1/tasks", "get"))[0], 401);
  await docs.getByRole("button", { name: "Sign in", exact: true }).click();
  await signIn(docs, PASSWORD);
  await docs.getByRole("button", { name: "Signed in" }).waitFor();
  await docs.reload();
  await docs.locator(".opblock").first().waitFor();
  is("a reload signs out", await docs.locator("button.authorize.unlocked").count() > 0, true);

  const prefixed = await open("/api/v1/docs");
  await prefixed.locator(".opblock").first().waitFor();
  await hold(prefixed, "/api/v1/docs");

  const redoc = await open("/redoc");
  redoc.setDefaultTimeout(60000); // It renders the whole document at once.
  await redoc.getByText("/items", { exact: false }).first().waitFor();
  is("ReDoc shows operations", await redoc.locator("[data-section-id^='operation/'], [id^='operation/'], [id*='/paths/'], [id*='/operation/']").count() > 0, true);
  await redoc.locator("input[type=text]").first().fill("items");
  await redoc.locator("[role=menuitem][data-role='search-result'], [data-role='search:results'] *").first().waitFor();
  is("ReDoc searches", true, true);
  await hold(redoc, "/redoc");

  const part = await openPart("/docs");
  for (const [size, viewport] of sizes) {
    await part.setViewportSize(viewport);
    await accessible(part, `/docs, ${size}`);
    await part.locator("button.authorize").first().click();
    await accessible(part, `Sign in, ${size}`);
    await part.keyboard.press("Escape");
  }
  is("a response is shown", (await send(part, "/api/v1/auth/login", "post", { email, password: PASSWORD }))[0], 200);
  await part.locator(".opblock-get .opblock-summary-control").click();
  await part.locator(".opblock-get .parameters").first().waitFor();
  for (const [size, viewport] of sizes) {
    await part.setViewportSize(viewport);
    await accessible(part, `Operations, ${size}`);
  }

  const reference = await openPart("/redoc");
  reference.setDefaultTimeout(60000);
  for (const [size, viewport] of sizes) {
    await reference.setViewportSize(viewport);
    await accessible(reference, `/redoc, ${size}`);
  }

  for (const [path, bundle] of [["/docs", "**/swagger-ui-bundle.js"], ["/redoc", "**/redoc.standalone.js"]]) {
    await browser.route(bundle, (route) => route.fulfill({ status: 404 }));
    const page = await open(path);
    is(`${path} reports missing files`, await page.locator("#missing").isVisible(), true);
    await accessible(page, `${path} without its files`);
  }
});
