// A typed client: `api.d.ts` is generated from the OpenAPI document, so the compiler checks requests and
// responses.
//
//	npx openapi-typescript http://127.0.0.1:8000/openapi.json -o api.d.ts && npx tsc --noEmit
import type { components, operations } from "./api";

export type Item = components["schemas"]["Item"];
export type NewItem = components["schemas"]["ItemCreate"];
export type ItemPage = components["schemas"]["ItemPage"];
export type Tokens = components["schemas"]["Tokens"];
export type Problem = components["schemas"]["Problem"];
export type ItemQuery = NonNullable<operations["items_list"]["parameters"]["query"]>;

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export class Client {
  constructor(private readonly api: string, private readonly token: Tokens["access_token"]) {}

  private async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.api + path, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
    });
    if (!response.ok)
      throw new Refused((await response.json()) as Problem);
    return (await response.json()) as T;
  }

  create(item: NewItem): Promise<Item> {
    return this.send("POST", "/items", item);
  }

  list(query: ItemQuery = {}): Promise<ItemPage> {
    const given = Object.entries(query).map(([name, value]) => [name, String(value)]);
    return this.send("GET", `/items?${new URLSearchParams(given)}`);
  }
}

// Prints the result.
export function line(item: Item): string {
  const state: Record<Item["status"], string> = { draft: "…", active: "•", archived: "×" };
  return `${state[item.status]} ${item.title}${item.description === null ? "" : `: ${item.description}`}`;
}

export function why(refused: Refused): string[] {
  if (refused.problem.code !== "validation_error")
    return [refused.problem.detail];
  return (refused.problem.errors ?? []).map((error) => `${error.field} ${error.message}`);
}
