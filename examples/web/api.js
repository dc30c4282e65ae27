// Requests to the API and its errors. Independent of the page.
//
// The session is in a cookie that no script can read (AUTH_COOKIE=on): the browser adds it by itself, to requests
// of this origin only. Nothing is stored here.

export const prefix = document.querySelector("meta[name=api]").content;

// An error response (RFC 9457). `errors` lists every invalid field.
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.status = body.status;
    this.code = body.code;
    this.errors = body.errors ?? [];
  }
}

async function send(method, path, { body, headers = {} } = {}) {
  let response, text;
  try {
    response = await fetch(prefix + path, {
      method,
      cache: "no-store",
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
    });
    text = await response.text();
  } catch {
    throw new Problem({ status: 0, code: "unreachable", detail: "the service cannot be reached; try again in a moment" });
  }
  const parsed = text ? JSON.parse(text) : null;
  if (!response.ok)
    throw new Problem(parsed);
  return { body: parsed, headers: response.headers };
}

// Whether the session has ended, or there is none.
export const isSignedOut = ({ code }) => code === "unauthenticated" || code === "invalid_token";

// Some actions need a recent sign-in. `ask` asks for the password, calls confirmSession(), and returns
// whether it succeeded.
let askPassword = async () => false;

export function onConfirmation(ask) {
  askPassword = ask;
}

export async function call(method, path, options) {
  try {
    return await send(method, path, options);
  } catch (problem) {
    if (problem.code !== "confirmation_required" || !await askPassword())
      throw problem;
  }
  return send(method, path, options);
}

export async function confirmSession(password) {
  await send("POST", "/auth/confirm", { body: { password } });
}

export async function signIn(email, password) {
  try {
    await send("POST", "/auth/login", { body: { email, password, cookie: true } });
  } catch (problem) {
    if (problem.errors?.some(({ field }) => field === "cookie"))
      throw new Problem({ status: 0, code: "off", detail: "this page needs AUTH_COOKIE=on" });
    throw problem;
  }
}

export async function signOut() {
  await send("POST", "/auth/logout");
}

// An Idempotency-Key: a repeated POST with the same key is executed once.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
