// The client that the official document gives, through the proxy that checks every request and answer against it.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import { exceptions } from "./dialect.js";
import type { paths } from "./official.js";

/** Where document or proxy is at fault, not the server (DIV-070). What is listed has to occur. */
export interface Exception {
  name: string;
  /** "METHOD path", as the document spells it. */
  operations: string[];
  when(answer: Response, octets: Buffer): boolean;
}

/** The proxy's complaint about an answer, empty if it has none. */
export function violation(answer: Response, octets: Buffer): string {
  const type = answer.headers.get("content-type") ?? "";
  return type.startsWith("application/problem+json") ? octets.toString() : "";
}

function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === "object" && Object.values(value).some(holdsNull);
}

export function officialClient(proxy: string, direct: string) {
  const operationOf = new WeakMap<Request, string>();
  const played = new Set<string>();
  const met = new Set<string>();
  const credential = { token: "" };

  async function checked(request: Request): Promise<Response> {
    const operation = operationOf.get(request) ?? request.url;
    played.add(operation);
    const body = request.body ? await request.clone().arrayBuffer() : null;
    const answer = await fetch(request);
    const octets = Buffer.from(await answer.clone().arrayBuffer());
    const known = exceptions.find((e) => e.operations.includes(operation) && e.when(answer, octets));
    if (known) {
      met.add(`${known.name}: ${operation}`);
      return fetch(request.url.replace(proxy, direct), { method: request.method, headers: request.headers, body });
    }
    assert.equal(violation(answer, octets), "", operation);
    if (answer.headers.get("content-type") === "application/json")
      assert.ok(!holdsNull(JSON.parse(octets.toString())), `${operation} answers with null: ${octets}`);
    return answer;
  }

  const api = createClient<paths>({ baseUrl: proxy, fetch: checked });
  api.use({
    onRequest({ request, schemaPath }) {
      request.headers.set("Authorization", `Bearer ${credential.token}`);
      operationOf.set(request, `${request.method} ${schemaPath}`);
    },
  });

  /** Every operation was played, and every exception is still one. */
  function assertComplete(operations: string[]) {
    assert.deepEqual(operations.filter((o) => !played.has(o)), [], "operations that the story leaves out");
    const listed = exceptions.flatMap((e) => e.operations.map((o) => `${e.name}: ${o}`));
    assert.deepEqual(listed.filter((e) => !met.has(e)), [], "exceptions that are none any more: strike them");
  }
  return { api, credential, assertComplete };
}

export type Api = ReturnType<typeof officialClient>["api"];

/** The parts of a form as the document names them. */
export function form(parts: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(parts)) data.append(name, value);
  return data;
}

/** What a successful answer holds. */
export function good<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(answer.data !== undefined, `${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

export function gone(answer: { error?: unknown; response: Response }) {
  assert.equal(answer.response.status, 204, JSON.stringify(answer.error));
}

/** The answer is the error of that category (TR 4.1.5.2). */
export function refused(category: number, answer: { error?: { errorCategory: number; errorMessage: string } }) {
  assert.equal(answer.error?.errorCategory, category, answer.error?.errorMessage);
}

/** The first of a list that must not be empty. */
export function first<T>(list: T[]): T {
  const [item] = list;
  assert.ok(item !== undefined, "the list is empty");
  return item;
}
