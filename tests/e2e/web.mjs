// The page of examples/web, with mouse and keyboard, on phones, in light and dark mode.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, hold, is, open, run } from "./browser_start.mjs";

const { PACKAGE, PASSWORD, MAILS, DATABASE_URL } = process.env;
const sql = (text) => execFileSync("psql", ["-Xq", "-d", DATABASE_URL, "-c", text]);
const email = "admin@example.com", password = "brass lamp, green shade";
const refused = /status of (401|409|412|422)/; // What the browser logs for such a response.

const heading = (page) => page.locator("main > section:not([hidden]) h2").innerText();
const rows = (page) => page.locator("main > section:not([hidden]) .rows");
const said = (page, text) => page.locator("#said", { hasText: text }).waitFor();
const section = (page, id) => page.locator(`#${id}`);

async function goTo(page, name) {
  await page.getByRole("link", { name, exact: true }).click();
  await page.locator("main > section:not([hidden]) h2", { hasText: name }).waitFor();
}

async function signIn(page, as = email, by = PASSWORD) {
  await section(page, "sign-in").getByLabel("E-mail address").fill(as);
  await section(page, "sign-in").getByLabel("Password").fill(by);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#items:not([hidden])").waitFor();
}

await run(async () => {
  const page = await open("/");
  await page.locator("#sign-in:not([hidden])").waitFor();
  await page.locator("#state", { hasText: "Status ok" }).waitFor();
  is("the page shows the name of the service", `${await page.title()} ${await page.locator("h1").innerText()}`, `${PACKAGE} ${PACKAGE}`);
  is("the page links the documentation", (await page.locator("#try a").evaluateAll((links) => links.map((link) => link.pathname))).join(" "), "/docs /redoc /openapi.json /health");
  const output = execFileSync("bash", ["-euc", await page.locator("#commands").innerText()], { env: { ...process.env, no_proxy: "*" }, encoding: "utf8" });
  is("the commands on the page work", /"title":"Lamp".*"items":\[[^]*"title":"Lamp".*"total":1,/.test(output) || output, true);
  await accessible(page, "Home, wide");
  await page.setViewportSize({ width: 390, height: 844 });
  await accessible(page, "Home, phone");
  await page.goto(new URL("/#forgot", page.url()).href);
  await accessible(page, "Forgot password, phone");
  await page.goto(new URL("/#sign-in", page.url()).href);
  await page.setViewportSize({ width: 1280, height: 900 });

  // A wrong password, an invalid field, then a new account.
  await section(page, "sign-in").getByLabel("E-mail address").fill(email);
  await section(page, "sign-in").getByLabel("Password").fill("wrong-horse-battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#wrong", { hasText: "e-mail address or the password is wrong" }).waitFor();
  is("a wrong password is reported", await heading(page), "Sign in");
  await page.getByRole("link", { name: "Create an account" }).click();
  await section(page, "register").getByLabel("E-mail address").fill("ada@example.com");
  await section(page, "register").getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await section(page, "register").locator(".fault", { hasText: "at least 8 characters" }).waitFor();
  is("an invalid field gets the focus", await page.evaluate(() => document.activeElement.name), "password");
  is("an invalid field describes its error", await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent), "must have at least 8 characters");
  await accessible(page, "Invalid field");
  await section(page, "register").getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.locator("#items:not([hidden])").waitFor();
  is("the signed-in user is shown", await page.locator("#who").innerText(), "ada@example.com");
  is("scripts can read no credential", await page.evaluate(() => JSON.stringify([sessionStorage.length, localStorage.length, document.cookie])), '[0,0,""]');

  // Items: create, change, page, search.
  const items = section(page, "items");
  for (let i = 1; i <= 12; i++) {
    await items.getByLabel("Title").fill(i === 3 ? "Lantern <b>bright</b>" : `Item ${i}`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith("/items")),
      page.keyboard.press("Enter"),
    ]);
    if (i === 1)
      is("an item is created with an idempotency key", /^[0-9a-f]{32}$/.test(answer.request().headers()["idempotency-key"]), true);
    await rows(page).getByText(i === 3 ? "Lantern <b>bright</b>" : `Item ${i}`, { exact: true }).waitFor();
  }
  is("a page has ten items", await rows(page).locator("li").count(), 10);
  await items.getByRole("button", { name: "Next" }).click();
  await rows(page).getByText("Lantern <b>bright</b>").waitFor({ state: "detached" });
  is("the next page has two items", await rows(page).locator("li").count(), 2);
  is("there is no further page", await items.getByRole("button", { name: "Next" }).isDisabled(), true);
  await items.getByRole("button", { name: "Back" }).click();
  await rows(page).getByText("Lantern <b>bright</b>").waitFor();
  is("HTML in a title is escaped", await rows(page).locator("b").count(), 0);
  await items.locator(".filter").getByLabel("Status").selectOption("draft");
  await items.getByLabel("Search").fill("lanter");
  await items.getByRole("button", { name: "Apply" }).click();
  await rows(page).getByText("Item 12").waitFor({ state: "detached" });
  is("a search covers every status", await items.locator(".filter").getByLabel("Status").isDisabled(), true);
  is("a search matches word prefixes", await rows(page).locator("li").count(), 1);
  await rows(page).getByRole("button", { name: /^Edit Lantern/ }).click();
  await page.locator("#edit").getByLabel("Title").fill("Lantern");
  await page.locator("#edit").getByLabel("Status").selectOption("archived");
  await accessible(page, "Edit dialog");
  await page.getByRole("button", { name: "Save" }).click();
  await said(page, "Saved.");
  is("an item is changed", /^Lantern\s+archived/.test((await rows(page).locator("li > div", { hasText: "Lantern" }).innerText()).trim()), true);
  await items.getByLabel("Search").fill("Item");
  await items.getByRole("button", { name: "Apply" }).click();
  await rows(page).getByText("Lantern").waitFor({ state: "detached" });
  await items.getByRole("button", { name: "Next" }).click();
  await items.getByRole("button", { name: "Next", disabled: true }).waitFor();
  is("search results have pages", await rows(page).locator("li").count(), 1);
  await items.getByLabel("Search").fill("");
  await items.locator(".filter").getByLabel("Status").selectOption("archived");
  await items.getByRole("button", { name: "Apply" }).click();
  await rows(page).getByText("Item 12").waitFor({ state: "detached" });
  page.once("dialog", (dialog) => dialog.accept());
  await rows(page).getByRole("button", { name: "Delete Lantern" }).click();
  await rows(page).getByText("Nothing to show.").waitFor();
  is("an item is deleted", true, true);
  await items.locator(".filter").getByLabel("Status").selectOption("");
  await items.getByRole("button", { name: "Apply" }).click();
  await rows(page).getByText("Item 12").waitFor();

  // A concurrent change.
  await rows(page).getByRole("button", { name: "Edit Item 12", exact: true }).click();
  await page.getByRole("button", { name: "Save" }).waitFor(); // The dialog has read the item by then.
  await page.evaluate(async () => {
    const { call } = await import("/app/api.js");
    const { body } = await call("GET", "/items?limit=1");
    await call("PATCH", `/items/${body.items[0].id}`, { body: { description: "Changed meanwhile." } });
  });
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#edit [role=alert]", { hasText: "changed since you opened it" }).waitFor();
  is("a concurrent change is not overwritten", true, true);
  await page.getByRole("button", { name: "Cancel" }).click();

  // Tasks.
  await goTo(page, "Tasks");
  await section(page, "tasks").getByLabel("Title").fill("Water the plants");
  await section(page, "tasks").getByLabel("Due").fill("2030-01-02T03:04");
  await page.getByRole("button", { name: "Add task" }).click();
  await page.getByLabel("Status of Water the plants").selectOption("done");
  await said(page, "Water the plants: done");
  is("a task is done", /Done \S/.test(await rows(page).innerText()), true);
  await accessible(page, "Tasks");

  // A job until it ends.
  await goTo(page, "Jobs");
  await section(page, "jobs").getByLabel("Name to greet").fill("Ada");
  await section(page, "jobs").getByLabel("Seconds").fill("1");
  await page.getByRole("button", { name: "Start job" }).click();
  await rows(page).getByText("example: succeeded").waitFor();
  is("the progress of a job is updated until it ends", await rows(page).locator("progress").getAttribute("value"), "100");

  // Keys and sessions.
  await goTo(page, "API keys");
  await section(page, "keys").getByLabel("Name").fill("Reader");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.locator("#new-key output", { hasText: "_" }).waitFor();
  await rows(page).getByText("Reader").waitFor();
  is("a key is created", true, true);
  await accessible(page, "API keys");
  await goTo(page, "Sessions");
  await rows(page).getByText("This session").waitFor();
  is("a session is shown", await rows(page).locator("li").count(), 1);

  await page.reload();
  await page.locator("#sessions:not([hidden])").waitFor();
  is("a reload keeps the user signed in", await page.locator("#who").innerText(), "ada@example.com");

  // A sign-in that is not recent.
  sql("UPDATE sessions SET confirmed_at = now() - interval '1 hour'");
  await goTo(page, "API keys");
  await section(page, "keys").getByLabel("Name").fill("Writer");
  await page.getByRole("button", { name: "Create key" }).click();
  await page.locator("#confirmation[open]").waitFor();
  await accessible(page, "Confirmation");
  await section(page, "confirmation").getByLabel("Password").fill("wrong-horse-battery");
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  await section(page, "confirmation").getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
  await section(page, "confirmation").getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  await rows(page).getByText("Writer").waitFor();
  is("a confirmation creates the key", await rows(page).getByText("Writer").count(), 1);

  // Another tab has the same session; it ends during use.
  const tab = await open("/");
  await tab.locator("#items:not([hidden])").waitFor();
  is("another tab is signed in", await tab.locator("#who").innerText(), "ada@example.com");
  sql("UPDATE sessions SET ended_at = now()");
  await tab.getByRole("link", { name: "Sessions", exact: true }).click();
  await tab.locator("#sign-in:not([hidden])").waitFor();
  is("a session that has ended leads to the sign-in", await heading(tab), "Sign in");
  is("its cookie is cleared", (await tab.context().cookies()).length, 0);
  await goTo(page, "Sessions").catch(() => {});
  await page.locator("#sign-in:not([hidden])").waitFor();
  await signIn(page, "ada@example.com", password);
  await tab.close();

  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await said(page, "Signed out.");
  is("signed out", `${await heading(page)} ${(await page.context().cookies()).length}`, "Sign in 0");
  await page.goBack();
  is("the back button shows no rows", await page.locator(".rows li").count(), 0);
  await hold(page, "/", refused);

  // With the keyboard only.
  const keys = await open("/");
  const press = (...names) => names.reduce((before, name) => before.then(() => keys.keyboard.press(name)), Promise.resolve());
  const tabTo = async (name) => {
    for (let i = 0; i < 40; i++) {
      await keys.keyboard.press("Tab");
      const at = await keys.evaluate(() => {
        const at = document.activeElement;
        return { name: at.getAttribute("aria-label") || at.labels?.[0]?.firstChild.data.trim() || at.textContent.trim(), shown: getComputedStyle(at).outlineStyle };
      });
      if (at.name === name)
        return at.shown;
    }
    return `never at ${name}`;
  };
  await keys.locator("#sign-in:not([hidden])").waitFor();
  await tabTo("E-mail address");
  await keys.keyboard.type("ada@example.com");
  await press("Tab");
  await keys.keyboard.type(password);
  await press("Enter");
  await keys.locator("#items:not([hidden])").waitFor();
  is("keyboard: the heading has the focus", await keys.evaluate(() => document.activeElement.id), "items-title");
  is("keyboard: the focus is visible", await tabTo("Title"), "solid");
  await keys.keyboard.type("By keys");
  await press("Enter");
  await said(keys, "Created.");
  is("keyboard: after adding an item, the title has the focus", await keys.evaluate(() => document.activeElement.name), "title");
  await tabTo("Edit By keys");
  await press("Enter");
  await keys.locator("#edit[open]").waitFor();
  await press("Escape");
  is("keyboard: Escape closes the dialog", await keys.locator("#edit[open]").count(), 0);
  is("keyboard: the focus returns to the button", await keys.evaluate(() => document.activeElement.getAttribute("aria-label")), "Edit By keys");
  await hold(keys, "/ by keyboard", refused);

  // On narrow phones and wide screens, in light and dark.
  for (const name of ["Items", "Tasks", "Jobs", "API keys", "Sessions"]) {
    await goTo(keys, name);
    await rows(keys).locator("li").first().waitFor();
    for (const width of [320, 1440]) {
      await keys.setViewportSize({ width, height: 800 });
      await accessible(keys, `${name}, ${width} px wide`);
    }
  }
  for (const [colorScheme, color] of [["light", "rgb(255, 255, 255)"], ["dark", "rgb(20, 24, 29)"]]) {
    await keys.emulateMedia({ colorScheme });
    is(`${colorScheme}: the background`, await keys.evaluate(() => getComputedStyle(document.body).backgroundColor), color);
  }

  // The link in an e-mail: only the button uses the token.
  await keys.goto(new URL("/#forgot", keys.url()).href);
  await keys.context().clearCookies();
  await keys.reload();
  await section(keys, "forgot").getByLabel("E-mail address").fill("ada@example.com");
  await keys.getByRole("button", { name: "Send a link" }).click();
  await said(keys, "a link was sent");
  let link;
  for (const end = Date.now() + 20000; !link && Date.now() < end; await keys.waitForTimeout(100))
    for (const file of readdirSync(MAILS))
      link ??= readFileSync(join(MAILS, file), "utf8").replace(/=\r?\n/g, "").match(/\/reset-password#token=[\w-]+/)?.[0];
  const visitor = await open(link);
  await visitor.locator("#reset-password:not([hidden])").waitFor();
  await visitor.reload();
  await accessible(visitor, "Reset password");
  await section(visitor, "reset-password").getByLabel("New password").fill("another lamp, red shade");
  await visitor.getByRole("button", { name: "Set password" }).click();
  await said(visitor, "Your password is set");
  is("the token is removed from the URL", visitor.url(), new URL("/", visitor.url()).href);
  await signIn(visitor, "ada@example.com", "another lamp, red shade");
  is("the new password signs in", await visitor.locator("#who").innerText(), "ada@example.com");
  await hold(visitor, "/reset-password", refused);

  const verify = await open("/verify-email#token=x");
  await verify.locator("#verify-email:not([hidden])").waitFor();
  await accessible(verify, "Verify e-mail");
  await verify.getByRole("button", { name: "Confirm address" }).click();
  await verify.locator("#wrong:not(:empty)").waitFor();
  is("an invalid token is reported", await heading(verify), "Confirm your e-mail address");
});
