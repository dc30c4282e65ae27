// A person signs in through Authorize, creates an item and lists it; /redoc shows the API.
// Nothing may break the pages' policy or be fetched from elsewhere.
import { browser, hold, is, open, run } from "./browser_start.mjs";

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
  const answer = block.locator(".live-responses-table .response");
  await answer.waitFor();
  const status = (await answer.locator(".response-col_status").innerText()).trim().split(/\s/)[0];
  return [status, await answer.locator("pre").first().innerText()];
}

async function authorize(page) {
  await page.locator("button.authorize").first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("#oauth_username").fill(email);
  await dialog.locator("#oauth_password").fill(PASSWORD);
  await dialog.locator(".auth-container", { has: page.locator("#oauth_username") })
    .locator("button.authorize").click();
  await dialog.getByText("Authorized", { exact: true }).waitFor();
  is("Authorize signs in", true, true);
  await dialog.locator(".btn-done").first().click();
}

await run(async () => {
  const docs = await open("/docs");
  await docs.locator(".opblock").first().waitFor();
  is("the name of the service is shown", /\S/.test(await docs.locator("#name").innerText()), true);
  is("nothing is said to be missing", await docs.locator("#missing").isVisible(), false);
  await authorize(docs);
  const title = `Made in a browser ${Date.now()}`;
  const [created, item] = await send(docs, "/api/v1/items", "post", { title });
  is("an item is created", created, 201);
  is("it has the title", item.includes(title), true);
  const [listed, list] = await send(docs, "/api/v1/items", "get");
  is("the items are listed", listed, 200);
  is("it is among them", list.includes(title), true);
  is("no credential is stored", await docs.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), "{}");
  await hold(docs, "/docs");
  await docs.reload();
  await docs.locator(".opblock").first().waitFor();
  is("a reload signs out", await docs.locator("button.authorize.unlocked").count() > 0, true);

  const prefixed = await open("/api/v1/docs");
  await prefixed.locator(".opblock").first().waitFor();
  await hold(prefixed, "/api/v1/docs");

  const redoc = await open("/redoc");
  await redoc.getByText("/items", { exact: false }).first().waitFor();
  is("ReDoc shows operations", await redoc.locator("[data-section-id^='operation/'], [id^='operation/'], [id*='/paths/'], [id*='/operation/']").count() > 0, true);
  await redoc.locator("input[type=text]").first().fill("items");
  await redoc.locator("[role=menuitem][data-role='search-result'], [data-role='search:results'] *").first().waitFor();
  is("ReDoc finds", true, true);
  await hold(redoc, "/redoc");

  for (const [path, bundle] of [["/docs", "**/swagger-ui-bundle.js"], ["/redoc", "**/redoc.standalone.js"]]) {
    await browser.route(bundle, (route) => route.fulfill({ status: 404 }));
    const page = await open(path);
    is(`${path} without its files says so`, await page.locator("#missing").isVisible(), true);
  }
});
