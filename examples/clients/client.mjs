#!/usr/bin/env node
// A client in JavaScript, for Node 18 or later and browsers: the practices that every client should
// follow.
//
//	API=http://127.0.0.1:8000/api/v1 EMAIL=ada@example.com PASSWORD=… ./client.mjs
//
// The tokens of the last sign-in are kept in the file TOKENS, so the next run needs no password.
import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

// An error response (RFC 9457). `code` is stable; `errors` lists every invalid field.
class Problem extends Error {
  constructor(body) {
    super(`${body.status} ${body.code}: ${body.detail}`);
    this.status = body.status;
    this.code = body.code;
    this.errors = body.errors ?? [];
  }
}

class Client {
  #tokens = null;
  #refreshing = null;

  constructor({ api, email, password, path }) {
    Object.assign(this, { api, email, password, path });
    try {
      this.#tokens = JSON.parse(readFileSync(path, "utf8"));
    } catch { /* no file yet */ }
  }

  // One request: { body, headers }, or Problem.
  async send(method, path, { body, headers = {}, token = this.#tokens?.access_token } = {}) {
    const response = await fetch(this.api + path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30000),
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
    });
    const text = await response.text();
    if (!response.ok)
      throw new Problem(JSON.parse(text));
    return { body: text ? JSON.parse(text) : null, headers: response.headers };
  }

  // Writes a file that only this user can read, atomically.
  #keep(tokens) {
    this.#tokens = tokens;
    writeFileSync(`${this.path}.new`, JSON.stringify(tokens), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  async signIn() {
    const { email, password } = this;
    this.#keep((await this.send("POST", "/auth/login", { body: { email, password }, token: null })).body);
  }

  // A refresh token is valid once: concurrent requests share one refresh.
  async refresh() {
    this.#refreshing ??= this.send("POST", "/auth/refresh",
      { body: { refresh_token: this.#tokens.refresh_token }, token: null })
      .then(({ body }) => this.#keep(body), () => this.signIn())
      .finally(() => { this.#refreshing = null; });
    await this.#refreshing;
  }

  // Like send; repeats the request with new tokens if the access token has expired.
  async call(method, path, options) {
    if (!this.#tokens)
      await this.signIn();
    try {
      return await this.send(method, path, options);
    } catch (problem) {
      if (problem.code !== "token_expired")
        throw problem;
    }
    console.log("refreshed");
    await this.refresh();
    return this.send(method, path, options);
  }

  // Every page of a list; with cursors, no row is repeated or skipped.
  async *pages(path) {
    for (let cursor = ""; cursor !== null;) {
      const { body } = await this.call("GET", `${path}?limit=10${cursor}`);
      yield body.items;
      cursor = body.next_cursor && `&cursor=${body.next_cursor}`;
    }
  }
}

const client = new Client({
  api: process.env.API ?? "http://127.0.0.1:8000/api/v1",
  email: process.env.EMAIL,
  password: process.env.PASSWORD,
  path: process.env.TOKENS ?? "tokens.json",
});
const me = (await client.call("GET", "/users/me")).body;
console.log("signed in as", me.email);

// A POST that can be repeated: a lost response does not create a second item.
const create = { body: { title: "Lamp" }, headers: { "Idempotency-Key": randomUUID() } };
const item = (await client.call("POST", "/items", create)).body;
const again = (await client.call("POST", "/items", create)).body;
console.log("created once:", item.id === again.id ? "yes" : "no");

// Changes the item only if it is still the version that was read.
const path = `/items/${item.id}`;
const tag = (await client.call("GET", path)).headers.get("ETag");
const change = (status) => client.call("PATCH", path, { body: { status }, headers: { "If-Match": tag } });
console.log("changed to", (await change("archived")).body.status);
await change("draft").catch((problem) => console.log("not changed again:", problem.code));

await client.call("POST", "/items", { body: { title: "", color: "red" } }).catch((problem) =>
  console.log("refused:", problem.errors.map((e) => `${e.field} ${e.code}`).join(", ")));

let count = 0, pages = 0;
for await (const items of client.pages("/items")) {
  count += items.length;
  pages++;
}
console.log(`listed ${count} items in ${pages} pages`);

await client.call("DELETE", path);
console.log("deleted: 204");
