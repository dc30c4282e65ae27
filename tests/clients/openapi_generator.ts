// The typescript-fetch client of openapi-generator. Usage: node openapi_generator.js URL EMAIL
import { Configuration, ItemsApi, ProblemFromJSON, ResponseError, SignInApi, UsersApi } from "./openapi_generator_generated";
import type { Problem } from "./openapi_generator_generated";

declare const process: { argv: string[] };
const [basePath, email] = process.argv.slice(2) as [string, string];
const password = "correct horse battery staple";

async function problem(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ResponseError)
      return ProblemFromJSON(await error.response.json());
    throw error;
  }
  throw new Error("it succeeded");
}

async function main(): Promise<void> {
  const signIn = new SignInApi(new Configuration({ basePath }));
  const user = await signIn.authRegister({ registration: { email, password } });
  console.log("registered:", user.email);
  const { accessToken, tokenType } = await signIn.authLogin({ credentials: { email, password } });
  console.log("signed in:", tokenType);

  const configuration = new Configuration({ basePath, accessToken });
  console.log("the caller:", (await new UsersApi(configuration).usersMe()).role);
  const items = new ItemsApi(configuration);
  let item = await items.itemsCreate({ itemCreate: { title: "Lamp" } });
  console.log("created:", item.title, item.status);
  item = await items.itemsUpdate({ id: item.id, itemUpdate: { description: "Brass", status: "archived" } });
  console.log("updated:", item.title, item.description, item.status);
  item = await items.itemsReplace({ id: item.id, itemCreate: { title: "Lantern" } });
  console.log("replaced:", item.title, item.status);
  console.log("read:", (await items.itemsShow({ id: item.id })).title);

  for (let number = 2; number < 6; number++)
    await items.itemsCreate({ itemCreate: { title: `Lamp ${number}` } });
  let page = await items.itemsList({ limit: 2 }), pages = 1;
  const titles = page.items.map(({ title }) => title);
  for (; page.nextCursor !== null; pages++) {
    page = await items.itemsList({ limit: 2, cursor: page.nextCursor });
    titles.push(...page.items.map(({ title }) => title));
  }
  console.log("listed:", titles.join(", "), "in", pages, "pages");

  console.log("deleted:", (await items.itemsDeleteRaw({ id: item.id })).raw.status);
  const missing = await problem(items.itemsShow({ id: item.id }));
  console.log("then:", missing.status, missing.code);
  const invalid = await problem(items.itemsList({ cursor: "unknown" }));
  console.log("invalid:", invalid.status, invalid.code, ...(invalid.errors ?? []).map(({ field, code }) => `${field} ${code}`));
}

void main();
