// The types of openapi-typescript with openapi-fetch. Usage: node openapi_fetch.js URL EMAIL
import createClient from "openapi-fetch";
import type { paths } from "./openapi_fetch_generated";

declare const process: { argv: string[] };
const [baseUrl, email] = process.argv.slice(2) as [string, string];
const password = "correct horse battery staple";

// The data of a call that must succeed.
async function must<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await call;
  if (data === undefined)
    throw new Error(JSON.stringify(error));
  return data;
}

async function main(): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  const user = await must(client.POST("/api/v1/auth/register", { body: { email, password } }));
  console.log("registered:", user.email);
  const tokens = await must(client.POST("/api/v1/auth/login", { body: { email, password } }));
  console.log("signed in:", tokens.token_type);

  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
      return request;
    },
  });
  console.log("the caller:", (await must(client.GET("/api/v1/users/me"))).role);
  let item = await must(client.POST("/api/v1/items", { body: { title: "Lamp" } }));
  console.log("created:", item.title, item.status);
  const params = { path: { id: item.id } };
  item = await must(client.PATCH("/api/v1/items/{id}", { params, body: { description: "Brass", status: "archived" } }));
  console.log("updated:", item.title, item.description, item.status);
  item = await must(client.PUT("/api/v1/items/{id}", { params, body: { title: "Lantern" } }));
  console.log("replaced:", item.title, item.status);
  console.log("read:", (await must(client.GET("/api/v1/items/{id}", { params }))).title);

  for (let number = 2; number < 6; number++)
    await must(client.POST("/api/v1/items", { body: { title: `Lamp ${number}` } }));
  let page = await must(client.GET("/api/v1/items", { params: { query: { limit: 2 } } })), pages = 1;
  const titles = page.items.map(({ title }) => title);
  for (; page.next_cursor !== null; pages++) {
    page = await must(client.GET("/api/v1/items", { params: { query: { limit: 2, cursor: page.next_cursor } } }));
    titles.push(...page.items.map(({ title }) => title));
  }
  console.log("listed:", titles.join(", "), "in", pages, "pages");

  console.log("deleted:", (await client.DELETE("/api/v1/items/{id}", { params })).response.status);
  const { error: missing } = await client.GET("/api/v1/items/{id}", { params });
  console.log("then:", missing?.status, missing?.code);
  const { error: invalid } = await client.GET("/api/v1/items", { params: { query: { cursor: "unknown" } } });
  console.log("invalid:", invalid?.status, invalid?.code, ...(invalid?.errors ?? []).map(({ field, code }) => `${field} ${code}`));
}

void main();
