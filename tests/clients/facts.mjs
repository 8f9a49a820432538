// Are the facts of tests/e2e/official_rest_api.json those of the official document?
// node facts.mjs DOCUMENT FACTS.json DIALECT OPERATIONS.json: also writes "METHOD path" of every operation.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import yaml from "js-yaml";

const [documentFile, factsFile, dialect, out] = process.argv.slice(2);
const document = yaml.load(readFileSync(documentFile, "utf8"));
const facts = JSON.parse(readFileSync(factsFile, "utf8"));
const limitNames = ["minLength", "maxLength", "pattern", "minimum", "maximum"];

function kindOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.type === "array") return `${kindOf(schema.items)}[]`;
  if (schema.type === "object") return `Map<${kindOf(schema.additionalProperties)}>`;
  return schema.type + (schema.format === "uuid" ? ":uuid" : "");
}

// CAP is the only type of load file: its attributes are those of ExecutableLoadFile (AMB-073).
const entityOf = (name) => (name === "CAP" ? "ExecutableLoadFile" : name);
const schemas = {}, limits = {}, required = {};
for (const [name, schema] of Object.entries(document.components.schemas)) {
  assert.notEqual(schema.nullable, true);
  for (const [attribute, part] of Object.entries(schema.properties ?? {})) {
    assert.ok(!part.nullable, `${name}.${attribute} may be null: AMB-244 has to be read again`);
    (schemas[entityOf(name)] ??= {})[attribute] = kindOf(part);
    const found = Object.fromEntries(limitNames.filter((l) => l in part).map((l) => [l, part[l]]));
    if (Object.keys(found).length > 0) (limits[entityOf(name)] ??= {})[attribute] = found;
  }
  if (schema.required) required[name] = schema.required;
}
assert.deepEqual(facts.schemas[dialect], schemas);
assert.deepEqual(facts.limits[dialect], limits);
assert.deepEqual(facts.required[dialect], required);

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [operation.operationId, `${method.toUpperCase()} ${path}`]));
assert.deepEqual(operations.map(([id]) => id).sort(), Object.keys(facts.operations).sort());
writeFileSync(out, JSON.stringify(operations.map(([, name]) => name)));
