// Faults of the proxy, in every dialect.
import type { Exception } from "./client.js";

/** Prism reads request bodies that are no JSON as UTF-8 (prism-http-server, parseRequestBody): no ZIP survives that. */
export const binaryUploads: Exception = {
  name: "the proxy reads uploads as UTF-8",
  operations: ["POST /executable-load-files", "PUT /executable-load-files/{elfId}"],
  when: (answer, octets) => answer.status === 400 && octets.includes('"errorCategory":1013'),
};

/** And so it does answers (prism-http, parseResponseBody): octets that are no UTF-8 come as U+FFFD. */
export const binaryDownloads: Exception = {
  name: "the proxy reads downloads as UTF-8",
  operations: ["GET /executable-load-files/{elfId}/binary"],
  when: (answer, octets) => answer.status === 200 && octets.includes("\ufffd"),
};
