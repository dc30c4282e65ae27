// The pages of examples/next: rendered on the server with the cookie, sign-in by a server action.
import { execFileSync } from "node:child_process";
import { browser, hold, is, open, run } from "./browser_start.mjs";

const { URL: site, PASSWORD, DATABASE_URL } = process.env;
const email = "admin@example.com";
const sql = (text) => execFileSync("psql", ["-Xq", "-d", DATABASE_URL, "-c", text]);

async function signIn(page, password = PASSWORD) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

// What the server renders for the cookie of the browser, without its scripts.
const rendered = async () => {
  const [cookie] = await browser.cookies(site);
  return (await fetch(site, { headers: cookie ? { Cookie: `${cookie.name}=${cookie.value}` } : {}, redirect: "manual" })).text();
};

await run(async () => {
  const page = await open("/");
  is("without a session: the sign-in", new URL(page.url()).pathname, "/sign-in");
  await signIn(page, "wrong-horse-battery");
  await page.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
  is("a wrong password sets no cookie", (await browser.cookies(site)).length, 0);
  await signIn(page);
  await page.locator("#who", { hasText: email }).waitFor();
  const [cookie] = await browser.cookies(site);
  is("the cookie", `${cookie.name} ${cookie.httpOnly} ${cookie.sameSite}`, "session true Lax");
  is("scripts can read no credential", await page.evaluate(() => JSON.stringify([document.cookie, localStorage.length, sessionStorage.length])), '["",0,0]');
  is("the server renders the page of the user", (await rendered()).includes(email), true);

  await page.getByLabel("Title").fill("Brass lamp");
  await page.getByRole("button", { name: "Add item" }).click();
  await page.getByText("Brass lamp").waitFor();
  is("an item is added by a server action", (await rendered()).includes("Brass lamp"), true);
  await page.reload();
  is("a reload keeps the user signed in", await page.locator("#who").innerText(), email);
  await hold(page, "/");

  // A page of another site cannot use the action.
  const forged = await fetch(site, { method: "POST", headers: { Cookie: `${cookie.name}=${cookie.value}`, Origin: "https://evil.example", "Next-Action": "0".repeat(42) }, body: "[]" });
  is("a forged action is refused", forged.status >= 400, true);

  sql("UPDATE sessions SET ended_at = now()");
  await page.goto(site);
  is("a session that has ended: the sign-in", new URL(page.url()).pathname, "/sign-in");
  await signIn(page);
  await page.locator("#who").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  is("the sign-out clears the cookie", (await browser.cookies(site)).length, 0);
  is("the server renders nothing without it", (await rendered()).includes(email), false);
});
