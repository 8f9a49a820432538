// What is peculiar to TR 1.0.4 and its document, tsm-rest-api-1.0.4.yaml.
import { type Api, type Exception, violation } from "./client.js";
import { binaryDownloads, binaryUploads } from "./exceptions.js";
import type { components } from "./official.js";

type Schemas = components["schemas"];

export const exceptions: Exception[] = [
  binaryUploads,
  binaryDownloads,
  {
    // "oneOf: [ExecutableLoadFile, CAP]" at the answers of load files. CAP is allOf ExecutableLoadFile, and neither
    // requires anything: every CAP is both, so none is exactly one.
    name: "a CAP is not exactly one of ExecutableLoadFile and CAP",
    operations: [
      "GET /executable-load-files",
      "GET /executable-load-files/{elfId}",
      "GET /services/{serviceId}/flavors/{flavorId}/executable-load-files",
      "GET /secure-component-profiles/{scpId}/elfs",
    ],
    when: (answer, octets) => violation(answer, octets).includes("must match exactly one schema in oneOf"),
  },
];

export const loadFile = (name: string, file: Blob) => ({ elfFilename: name, elfFile: file });
export const script = (name: string, file: Blob) => ({ scriptFilename: name, scriptFile: file });
export const certificate = (name: string, file: Blob) => ({ certFilename: name, certFile: file });

export const featureConfig: Schemas["FeatureConfig"] = {
  useCspFull: true, genericOptions: { pace: true }, keyProvisioningMode: 1, keyIndex: "1",
};

export const personalization = (certificateId: string, personalizationScriptId: string)
  : Schemas["PersonalizationConfig"] =>
  ({
    certificateId, personalizationScriptId, provideAttestationToken: false,
    includeSecurityDomainDiversificationData: false,
  });

export const profileLink = (scpId: string, flavorId: string) => ({ [scpId]: flavorId });

export const loadFileFlavors = (api: Api, elfId: string, serviceId: string) =>
  api.GET("/executable-load-files/{elfId}/services/{serviceId}/flavors", { params: { path: { elfId, serviceId } } });
export const loadFileVersions = (api: Api, elfId: string, serviceId: string) =>
  api.GET("/executable-load-files/{elfId}/services/{serviceId}/versions", { params: { path: { elfId, serviceId } } });
