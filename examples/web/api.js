// Talks to the API: tokens, refresh, problems. Knows nothing of the page.

const prefix = document.querySelector("meta[name=api]").content;
const kept = "refresh_token";

// The access token lives in memory alone: it is good for minutes, and nothing that reads a
// storage finds it. The refresh token is in sessionStorage, so that a reload keeps one signed
// in: it ends with the tab, goes to no other tab and, other than a cookie, with no request by
// itself, so no other site can use it. What could read it is a script in this page: hence the
// strict Content-Security-Policy, and no text is ever put in as HTML.
let access = null;
let refreshing = null;

// A refusal (RFC 9457). `errors` lists every bad field.
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.status = body.status;
    this.code = body.code;
    this.errors = body.errors ?? [];
  }
}

async function send(method, path, { body, headers = {}, token = access } = {}) {
  let answer, text;
  try {
    answer = await fetch(prefix + path, {
      method,
      cache: "no-store",
      credentials: "omit",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
    });
    text = await answer.text();
  } catch {
    throw new Problem({ status: 0, code: "unreachable", detail: "the service cannot be reached: try again in a moment" });
  }
  const read = text ? JSON.parse(text) : null;
  if (!answer.ok)
    throw new Problem(read);
  return { body: read, headers: answer.headers };
}

function keep(tokens) {
  access = tokens?.access_token ?? null;
  if (tokens)
    sessionStorage.setItem(kept, tokens.refresh_token);
  else
    sessionStorage.removeItem(kept);
}

export function mayResume() {
  return sessionStorage.getItem(kept) !== null;
}

// A refresh token is good for one use: of requests that run at once, one refreshes for all.
export function refresh() {
  refreshing ??= send("POST", "/auth/refresh",
    { body: { refresh_token: sessionStorage.getItem(kept) }, token: null })
    .then(({ body }) => keep(body))
    .catch((problem) => {
      if (problem.status === 401)
        keep(null);
      throw problem;
    })
    .finally(() => { refreshing = null; });
  return refreshing;
}

export async function call(method, path, options) {
  if (!access && mayResume())
    await refresh();
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.code !== "token_expired")
      throw problem;
  }
  await refresh();
  return send(method, path, options);
}

export async function signIn(email, password) {
  keep((await send("POST", "/auth/login", { body: { email, password }, token: null })).body);
}

export async function signOut() {
  const token = sessionStorage.getItem(kept);
  keep(null);
  if (token)
    await send("POST", "/auth/logout", { body: { refresh_token: token } });
}

// For a POST that may be sent twice: the second does nothing.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
