// Types of the official document: node generate.mjs DOCUMENT OUT.ts
//
// As openapi-typescript's command line writes them, but for two things. Files are Blobs and not texts. What has a
// default may be left out: Flavor.published has one, and is refused in a request (1003). The output is no .d.ts: the
// compiler checks it like our own code.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [document, out] = process.argv.slice(2);
const blob = ts.factory.createTypeReferenceNode("Blob");
const types = await openapiTS(pathToFileURL(resolve(document)), {
  defaultNonNullable: false,
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
writeFileSync(out, astToString(types));
