// Nothing of this page comes from elsewhere: no validator, no fonts, no analytics.
SwaggerUIBundle({
  urls: ["1.0", "1.0.4"].map((version) => ({ name: `TR-03165 ${version}`, url: `/sptsm/${version}/openapi.json` })),
  dom_id: "#page",
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
