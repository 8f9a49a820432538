// What is peculiar to TR 1.0 and its document, tsm-rest-api-1.0.0.yaml.
import { type Api, type Exception, violation } from "./client.js";
import { binaryUploads } from "./exceptions.js";
import type { components } from "./official.js";

type Schemas = components["schemas"];

export const exceptions: Exception[] = [
  binaryUploads,
  {
    // components/responses/200Binary_*: application/octet-data. TR 4.1.6.5.6, .7.7 and .8.7, and the document of
    // 1.0.4: application/octet-stream.
    name: "media type of downloads",
    operations: [
      "GET /executable-load-files/{elfId}/binary",
      "GET /personalization-scripts/{personalizationScriptId}/binary",
      "GET /certificates/{certificateId}/binary",
    ],
    when: (answer, octets) => violation(answer, octets).includes("application/octet-data"),
  },
  {
    // components/schemas/SecureComponentProfile/osVersion: pattern, length 3 to 7. TR 4.1.4.5: "vendor specific
    // encoding"; the document of 1.0.4 has no pattern.
    name: "osVersion of the vendor's encoding",
    operations: ["GET /secure-component-profiles", "GET /secure-component-profiles/{scpId}"],
    when: (answer, octets) => /osVersion must (match pattern|NOT have more than 7)/.test(violation(answer, octets)),
  },
];

export const loadFile = (name: string, file: Blob) => ({ "elf-filename": name, "elf-file": file });
export const script = (name: string, file: Blob) => ({ "script-filename": name, "script-file": file });
export const certificate = (name: string, file: Blob) => ({ "cert-filename": name, "cert-file": file });

export const featureConfig: Schemas["FeatureConfig"] = { cspFull: true, genericOptions: { pace: true } };

export const personalization = (certificateId: string, personalizationScriptId: string)
  : Schemas["PersonalizationConfig"] =>
  ({ certificateId, personalizationScriptId, provideAttestationToken: false, includeKeyDiversificationData: false });

export const profileLink = (scpId: string, flavorId: string) => ({ [scpId]: [flavorId] });

/** The document has the TR's paths of 4.1.6.5.10 and 4.1.6.5.12, misprints included (AMB-017). */
export const loadFileFlavors = (api: Api, elfId: string, serviceId: string) =>
  api.GET("/services/{serviceId}/executable-load-files/{elfId}/flavors", { params: { path: { serviceId, elfId } } });
export const loadFileVersions = (api: Api, elfId: string, servideId: string) =>
  api.GET("/executable-load-files/{elfId}/services/{servideId}/versions", { params: { path: { elfId, servideId } } });

