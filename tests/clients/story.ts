// A service provider's whole catalog, played by the client of the official document: load files, scripts, certificates,
// configurations, a Service with Flavors and Versions, publishing, links, every list, changes, and the end of it all.
//
// node story.js PROXY SERVER OPERATIONS.json CAP CAP_WITH_GP_API CERTIFICATE; the long-term token is in TSMS_TOKEN.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Api, first, form, gone, good, officialClient, refused } from "./client.js";
import * as dialect from "./dialect.js";
import type { components } from "./official.js";

type Schemas = components["schemas"];

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const SCRIPT = '{"version":1,"commands":[]}';

const argument = (n: number): string => process.argv[n + 2] ?? assert.fail(`argument ${n} is missing`);
const octetsOf = (file: string) => new Uint8Array(readFileSync(file));
const blob = (octets: Uint8Array | string) => new Blob([octets as BlobPart], { type: "application/octet-stream" });
const idOf = (entity: { readonly id?: string }): string => entity.id ?? assert.fail("an answer without id");
const uploaded = { bodySerializer: form };

interface Files {
  cap: Uint8Array;
  capWithGpApi: Uint8Array;
  certificate: Uint8Array;
}

async function certificateOf(api: Api, files: Files): Promise<string> {
  const made = good(await api.POST("/certificates", {
    body: dialect.certificate("spos.pem", blob(files.certificate)), ...uploaded,
  }));
  const path = { certificateId: idOf(made) };
  assert.equal(made.fileName, "spos.pem");
  const again = good(await api.PUT("/certificates/{certificateId}", {
    params: { path }, body: dialect.certificate("new.pem", blob(files.certificate)), ...uploaded,
  }));
  assert.equal(again.fileName, "new.pem");
  assert.deepEqual(good(await api.GET("/certificates/{certificateId}", { params: { path } })), again);
  assert.deepEqual(good(await api.GET("/certificates")), [again]);
  const binary = good(await api.GET("/certificates/{certificateId}/binary", {
    params: { path }, parseAs: "arrayBuffer",
  }));
  assert.deepEqual(new Uint8Array(binary), files.certificate);
  return path.certificateId;
}

async function scriptOf(api: Api): Promise<string> {
  const made = good(await api.POST("/personalization-scripts", {
    body: dialect.script("perso.json", blob(SCRIPT)), ...uploaded,
  }));
  const path = { personalizationScriptId: idOf(made) };
  const one = "/personalization-scripts/{personalizationScriptId}" as const;
  const again = good(await api.PUT(one, {
    params: { path }, body: dialect.script("new.json", blob(SCRIPT)), ...uploaded,
  }));
  assert.equal(again.creationDate, made.creationDate);
  assert.deepEqual(good(await api.GET(one, { params: { path } })), again);
  assert.deepEqual(good(await api.GET("/personalization-scripts")), [again]);
  const binary = good(await api.GET(`${one}/binary`, { params: { path }, parseAs: "text" }));
  assert.equal(binary, SCRIPT);
  return path.personalizationScriptId;
}

async function loadFilesOf(api: Api, files: Files) {
  const made = good(await api.POST("/executable-load-files", {
    body: dialect.loadFile("app.cap", blob(files.cap)), ...uploaded,
  }));
  const path = { elfId: idOf(made) };
  const again = good(await api.PUT("/executable-load-files/{elfId}", {
    params: { path }, body: dialect.loadFile("new.cap", blob(files.cap)), ...uploaded,
  }));
  assert.equal(again.fileName, "new.cap");
  assert.equal(again.aid, made.aid);
  assert.deepEqual(good(await api.GET("/executable-load-files/{elfId}", { params: { path } })), again);
  assert.deepEqual(good(await api.GET("/executable-load-files")), [again]);
  const binary = good(await api.GET("/executable-load-files/{elfId}/binary", {
    params: { path }, parseAs: "arrayBuffer",
  }));
  assert.deepEqual(new Uint8Array(binary), files.cap);

  const module = first(good(await api.GET("/executable-load-files/{elfId}/executable-modules", { params: { path } })));
  const same = good(await api.GET("/executable-load-files/{elfId}/executable-modules/{emId}", {
    params: { path: { ...path, emId: idOf(module) } },
  }));
  assert.deepEqual(same, module);

  const other = good(await api.POST("/executable-load-files", {
    body: dialect.loadFile("gp.cap", blob(files.capWithGpApi)), ...uploaded,
  }));
  good(await api.GET("/executable-load-files/{elfId}", { params: { path: { elfId: idOf(other) } } }));
  assert.equal(good(await api.GET("/executable-load-files")).length, 2);
  return { elfId: path.elfId, emId: idOf(module), otherElfId: idOf(other) };
}

async function sposConfigOf(api: Api, certificateId: string): Promise<string> {
  const made = good(await api.POST("/spos-configs", { body: { url: "https://spos.example/a", certificateId } }));
  const path = { sposConfigId: idOf(made) };
  const changed = good(await api.PUT("/spos-configs/{sposConfigId}", {
    params: { path }, body: { ...made, url: "https://spos.example/b" },
  }));
  assert.equal(changed.url, "https://spos.example/b");
  assert.deepEqual(good(await api.GET("/spos-configs/{sposConfigId}", { params: { path } })), changed);
  assert.deepEqual(good(await api.GET("/spos-configs")), [changed]);
  return path.sposConfigId;
}

async function configOf(api: Api, ids: { certificateId: string; personalizationScriptId: string }): Promise<string> {
  // Nothing but what is mandatory: the answer has what the document promises all the same.
  const bare = good(await api.POST("/application-configs", {
    body: {
      instanceAid: "D27600018500000101", installConfig: {},
    },
  }));
  const selectable: boolean | undefined = bare.activationConfig?.makeSelectable;
  assert.equal(selectable, true);
  assert.equal(bare.personalizationConfig?.provideAttestationToken, false);
  assert.equal(bare.personalizationConfig?.certificateId, undefined);
  const path = { applicationConfigId: idOf(bare) };
  const one = "/application-configs/{applicationConfigId}" as const;
  // What was read can be written back as it is.
  assert.deepEqual(good(await api.PUT(one, { params: { path }, body: bare })), bare);

  const full = good(await api.PUT(one, {
    params: { path },
    body: {
      ...bare, name: "main",
      installConfig: { applicationSpecificInstallParameter: "C9020102", privileges: ["GlobalService"] },
      activationConfig: { makeSelectable: true, accessibleViaApdu: true, accessibleViaNfc: false },
      personalizationConfig: dialect.personalization(ids.certificateId, ids.personalizationScriptId),
    },
  }));
  assert.equal(full.personalizationConfig?.certificateId, ids.certificateId);
  assert.deepEqual(good(await api.GET(one, { params: { path } })), full);
  assert.deepEqual(good(await api.GET("/application-configs")), [full]);
  return path.applicationConfigId;
}

async function serviceOf(api: Api, sposConfigId: string): Promise<string> {
  const bare = good(await api.POST("/services", { body: { name: "Wallet" } }));
  assert.ok(!("sposConfigId" in bare));
  const path = { serviceId: idOf(bare) };
  assert.deepEqual(good(await api.PUT("/services/{serviceId}", { params: { path }, body: bare })), bare);
  const full = good(await api.PUT("/services/{serviceId}", {
    params: { path },
    body: { ...bare, sposConfigId, spParameters: { colour: "blue" }, accessAuthorizedDeviceApps: ["A".repeat(40)] },
  }));
  assert.equal(full.sposConfigId, sposConfigId);
  assert.deepEqual(good(await api.GET("/services/{serviceId}", { params: { path } })), full);
  assert.deepEqual(good(await api.GET("/services")), [full]);
  return path.serviceId;
}

interface Catalog {
  serviceId: string;
  flavorId: string;
  tag: string;
  scpId: string;
  elfId: string;
  emId: string;
  otherElfId: string;
  applicationConfigId: string;
  certificateId: string;
  personalizationScriptId: string;
  sposConfigId: string;
}

async function flavorOf(api: Api, ids: Omit<Catalog, "flavorId" | "tag" | "scpId">): Promise<string> {
  const path = { serviceId: ids.serviceId };
  const { executableModuleId, applicationConfigId } = { ...ids, executableModuleId: ids.emId };
  const bare = good(await api.POST("/services/{serviceId}/flavors", { params: { path }, body: {} }));
  assert.deepEqual(bare.applicationInstantiationConfigs, []);
  const one = { params: { path: { ...path, flavorId: idOf(bare) } } };
  assert.deepEqual(good(await api.PUT("/services/{serviceId}/flavors/{flavorId}", { ...one, body: bare })), bare);
  const full = good(await api.PUT("/services/{serviceId}/flavors/{flavorId}", {
    ...one,
    body: {
      ...bare, name: "main", description: "for all", spParameters: { shape: "round" },
      executableLoadFileIds: [ids.elfId],
      applicationInstantiationConfigs: [{ executableModuleId, applicationConfigId }],
      featureConfig: dialect.featureConfig, contextSpecificAttributes: { patch: "1" },
    },
  }));
  assert.deepEqual(full.featureConfig, dialect.featureConfig);
  assert.equal(first(full.applicationInstantiationConfigs ?? []).priority, 255);
  assert.deepEqual(good(await api.GET("/services/{serviceId}/flavors/{flavorId}", one)), full);
  assert.deepEqual(good(await api.GET("/services/{serviceId}/flavors", { params: { path } })), [full]);

  const files = "/services/{serviceId}/flavors/{flavorId}/executable-load-files" as const;
  const linked = good(await api.POST(files, { ...one, body: [ids.otherElfId] }));
  assert.deepEqual(linked.executableLoadFileIds, [ids.elfId, ids.otherElfId]);
  assert.equal(good(await api.GET(files, one)).length, 2);
  return one.params.path.flavorId;
}

async function versionOf(api: Api, ids: Omit<Catalog, "tag">): Promise<string> {
  const path = { serviceId: ids.serviceId };
  const versions = "/services/{serviceId}/versions" as const;
  const allowedDeployments = { [ids.flavorId]: [ids.scpId] };
  const made = good(await api.POST(versions, { params: { path }, body: { tag: "1.0.0", allowedDeployments } }));
  const one = { params: { path: { ...path, tag: made.tag } } };
  assert.deepEqual(good(await api.PUT(`${versions}/{tag}`, { ...one, body: made })), made);
  assert.deepEqual(good(await api.GET(`${versions}/{tag}`, one)), made);
  assert.deepEqual(good(await api.GET(versions, { params: { path } })), [made]);

  const flavors = `${versions}/{tag}/flavors` as const;
  const profiles = `${versions}/{tag}/secure-component-profiles` as const;
  assert.deepEqual(good(await api.PUT(flavors, { ...one, body: [ids.flavorId] })).allowedDeployments, {});
  assert.deepEqual(good(await api.POST(flavors, { ...one, body: allowedDeployments })), made);
  const none = good(await api.PUT(profiles, { ...one, body: [ids.scpId] }));
  assert.deepEqual(none.allowedDeployments, { [ids.flavorId]: [] });
  const link = dialect.profileLink(ids.scpId, ids.flavorId);
  assert.deepEqual(good(await api.POST(profiles, { ...one, body: link })), made);
  assert.equal(idOf(first(good(await api.GET(flavors, one)))), ids.flavorId);
  assert.equal(idOf(first(good(await api.GET(profiles, one)))), ids.scpId);
  const associated = good(await api.GET(`${flavors}/{flavorId}/secure-component-profiles`, {
    params: { path: { ...one.params.path, flavorId: ids.flavorId } },
  }));
  assert.equal(idOf(first(associated)), ids.scpId);
  return made.tag;
}

/** Every list of what is related, with the one thing that it has to hold. */
async function relations(api: Api, ids: Catalog) {
  const at = { params: { path: ids } }; // more parameters than a path has are ignored
  const holds = (list: { readonly id?: string }[], id: string) => assert.deepEqual(list.map(idOf), [id]);
  const holdsVersion = (list: Schemas["Version"][]) => assert.deepEqual(list.map((v) => v.tag), [ids.tag]);
  const scp = "/secure-component-profiles/{scpId}" as const;
  assert.equal(good(await api.GET(`${scp}/elfs`, at)).length, 2);
  holds(good(await api.GET(`${scp}/services`, at)), ids.serviceId);
  holds(good(await api.GET(`${scp}/services/{serviceId}/flavors`, at)), ids.flavorId);
  holdsVersion(good(await api.GET(`${scp}/services/{serviceId}/versions`, at)));
  const flavor = "/services/{serviceId}/flavors/{flavorId}" as const;
  holds(good(await api.GET(`${flavor}/application-configs`, at)), ids.applicationConfigId);
  holdsVersion(good(await api.GET(`${flavor}/versions`, at)));
  const elf = "/executable-load-files/{elfId}" as const;
  holds(good(await api.GET(`${elf}/executable-modules/{emId}/application-configs`, at)), ids.applicationConfigId);
  holds(good(await api.GET(`${elf}/services`, at)), ids.serviceId);
  holds(good(await api.GET(`${elf}/services/{serviceId}/secure-component-profiles`, at)), ids.scpId);
  holds(good(await dialect.loadFileFlavors(api, ids.elfId, ids.serviceId)), ids.flavorId);
  holdsVersion(good(await dialect.loadFileVersions(api, ids.elfId, ids.serviceId)));
  const config = "/application-configs/{applicationConfigId}" as const;
  holds(good(await api.GET(`${config}/executable-modules`, at)), ids.emId);
  holds(good(await api.GET(`${config}/flavors`, at)), ids.flavorId);
  holds(good(await api.GET(`${config}/services`, at)), ids.serviceId);
  const script = "/personalization-scripts/{personalizationScriptId}" as const;
  holds(good(await api.GET(`${script}/application-configs`, at)), ids.applicationConfigId);
  holds(good(await api.GET(`${script}/flavors`, at)), ids.flavorId);
  holds(good(await api.GET(`${script}/services`, at)), ids.serviceId);
  const certificate = "/certificates/{certificateId}" as const;
  holds(good(await api.GET(`${certificate}/application-configs`, at)), ids.applicationConfigId);
  holds(good(await api.GET(`${certificate}/flavors`, at)), ids.flavorId);
  holds(good(await api.GET(`${certificate}/services`, at)), ids.serviceId);
  holds(good(await api.GET(`${certificate}/spos-configs`, at)), ids.sposConfigId);
  holds(good(await api.GET("/spos-configs/{sposConfigId}/services", at)), ids.serviceId);
}

/** Refusals are answers too: the proxy reads them as GeneralError. */
async function refusals(api: Api, ids: Catalog, oldScpId: string) {
  const at = { params: { path: ids } };
  refused(1009, await api.GET("/services/{serviceId}", { params: { path: { serviceId: UNKNOWN } } }));
  refused(1010, await api.DELETE("/executable-load-files/{elfId}", at));
  refused(1010, await api.DELETE("/certificates/{certificateId}", at));
  refused(1005, await api.PUT("/services/{serviceId}", { ...at, body: { id: UNKNOWN, name: "x" } }));
  const { certificateId } = ids;
  refused(1008, await api.POST("/spos-configs", { body: { url: "http://a.example", certificateId } }));
  refused(1016, await api.POST("/services/{serviceId}/versions/{tag}/flavors", {
    ...at, body: { [ids.flavorId]: [oldScpId] },
  }));
}

async function publish(api: Api, ids: Catalog) {
  const at = { params: { path: ids } };
  const flavor = "/services/{serviceId}/flavors/{flavorId}" as const;
  const unlinked = good(await api.PUT(`${flavor}/executable-load-files`, { ...at, body: [ids.otherElfId] }));
  assert.deepEqual(unlinked.executableLoadFileIds, [ids.elfId]);
  assert.equal(good(await api.GET(`${flavor}/executable-load-files`, at)).length, 1);
  const published = good(await api.POST(`${flavor}/publish`, at));
  assert.equal(published.published, true);
  assert.deepEqual(good(await api.PUT(flavor, { ...at, body: published })), published);
  refused(1015, await api.POST(`${flavor}/executable-load-files`, { ...at, body: [ids.otherElfId] }));
}

async function end(api: Api, ids: Catalog) {
  const at = { params: { path: ids } };
  gone(await api.DELETE("/services/{serviceId}/versions/{tag}", at));
  gone(await api.DELETE("/services/{serviceId}/flavors/{flavorId}", at));
  gone(await api.DELETE("/services/{serviceId}", at));
  gone(await api.DELETE("/application-configs/{applicationConfigId}", at));
  gone(await api.DELETE("/executable-load-files/{elfId}", at));
  gone(await api.DELETE("/executable-load-files/{elfId}", { params: { path: { elfId: ids.otherElfId } } }));
  gone(await api.DELETE("/personalization-scripts/{personalizationScriptId}", at));
  gone(await api.DELETE("/spos-configs/{sposConfigId}", at));
  gone(await api.DELETE("/certificates/{certificateId}", at));
  assert.deepEqual(good(await api.GET("/services")), []);
  refused(1009, await api.GET("/services/{serviceId}", at));
}

async function main() {
  const { api, credential, assertComplete } = officialClient(argument(0), argument(1));
  const files: Files = {
    cap: octetsOf(argument(3)), capWithGpApi: octetsOf(argument(4)), certificate: octetsOf(argument(5)),
  };
  credential.token = "nobody";
  refused(1001, await api.POST("/auth"));
  refused(1000, await api.GET("/serviceproviders/current"));
  credential.token = process.env["TSMS_TOKEN"] ?? assert.fail("TSMS_TOKEN is not set");
  credential.token = good(await api.POST("/auth"));
  assert.match(good(await api.GET("/serviceproviders/current")).name, /^(one|two)$/);

  const profiles = good(await api.GET("/secure-component-profiles"));
  const scpOf = (name: string) => idOf(profiles.find((p) => p.name === name) ?? assert.fail(`no profile ${name}`));
  for (const profile of profiles)
    assert.deepEqual(good(await api.GET("/secure-component-profiles/{scpId}", {
      params: { path: { scpId: idOf(profile) } },
    })), profile);

  const certificateId = await certificateOf(api, files);
  const personalizationScriptId = await scriptOf(api);
  const sposConfigId = await sposConfigOf(api, certificateId);
  const uploads = { certificateId, personalizationScriptId, sposConfigId, ...await loadFilesOf(api, files) };
  const applicationConfigId = await configOf(api, uploads);
  const parts = { ...uploads, applicationConfigId, serviceId: await serviceOf(api, sposConfigId) };
  const withFlavor = { ...parts, scpId: scpOf("fit"), flavorId: await flavorOf(api, parts) };
  const ids: Catalog = { ...withFlavor, tag: await versionOf(api, withFlavor) };
  await relations(api, ids);
  await refusals(api, ids, scpOf("old"));
  await publish(api, ids);
  await end(api, ids);
  assertComplete(JSON.parse(readFileSync(argument(2), "utf8")) as string[]);
}

await main();
