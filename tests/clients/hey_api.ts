// The client of @hey-api/openapi-ts. Usage: node hey_api.js URL EMAIL
import {
  authLogin, authRegister, itemsCreate, itemsDelete, itemsList, itemsReplace, itemsShow, itemsUpdate, usersMe,
} from "./hey_api_generated";
import { client } from "./hey_api_generated/client.gen";

declare const process: { argv: string[] };
const [baseUrl, email] = process.argv.slice(2) as [string, string];
const password = "correct horse battery staple";

async function main(): Promise<void> {
  client.setConfig({ baseUrl });
  const { data: user } = await authRegister({ body: { email, password }, throwOnError: true });
  console.log("registered:", user.email);
  const { data: tokens } = await authLogin({ body: { email, password }, throwOnError: true });
  console.log("signed in:", tokens.token_type);

  client.setConfig({ auth: tokens.access_token });
  console.log("the caller:", (await usersMe({ throwOnError: true })).data.role);
  let { data: item } = await itemsCreate({ body: { title: "Lamp" }, throwOnError: true });
  console.log("created:", item.title, item.status);
  const path = { id: item.id };
  ({ data: item } = await itemsUpdate({ path, body: { description: "Brass", status: "archived" }, throwOnError: true }));
  console.log("updated:", item.title, item.description, item.status);
  ({ data: item } = await itemsReplace({ path, body: { title: "Lantern" }, throwOnError: true }));
  console.log("replaced:", item.title, item.status);
  console.log("read:", (await itemsShow({ path, throwOnError: true })).data.title);

  for (let number = 2; number < 6; number++)
    await itemsCreate({ body: { title: `Lamp ${number}` }, throwOnError: true });
  let { data: page } = await itemsList({ query: { limit: 2 }, throwOnError: true }), pages = 1;
  const titles = page.items.map(({ title }) => title);
  for (; page.next_cursor !== null; pages++) {
    ({ data: page } = await itemsList({ query: { limit: 2, cursor: page.next_cursor }, throwOnError: true }));
    titles.push(...page.items.map(({ title }) => title));
  }
  console.log("listed:", titles.join(", "), "in", pages, "pages");

  console.log("deleted:", (await itemsDelete({ path, throwOnError: true })).response.status);
  const { error: missing } = await itemsShow({ path });
  console.log("then:", missing?.status, missing?.code);
  const { error: invalid } = await itemsList({ query: { cursor: "unknown" } });
  console.log("invalid:", invalid?.status, invalid?.code, ...(invalid?.errors ?? []).map(({ field, code }) => `${field} ${code}`));
}

void main();
