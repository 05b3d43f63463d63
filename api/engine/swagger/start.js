"use strict";

// Swagger UI begins each field of a form with a made-up value ("string", 0) and sends them all. Here
// a field begins with what the document gives for it, else empty, and is left out while it is empty.
const formsAsDocumented = ({React}) => {
  const isGiven = (property, isRequired) =>
    ["default", "example", "examples"].some((name) => property.has(name)) ||
    (isRequired && property.has("enum"));
  const emptyUnlessGiven = (schema) =>
    schema?.update("properties", (properties) =>
      properties?.map((property, name) =>
        isGiven(property, schema.get("required")?.includes(name))
          ? property
          : property.set("default", property.get("type") === "array" ? [] : ""),
      ),
    );
  const isForm = (type) => /^(multipart\/|application\/x-www-form-urlencoded)/.test(type);
  const withProps = (Original, change) => (props) =>
    React.createElement(Original, {...props, ...change(props)});
  return {
    wrapComponents: {
      RequestBody: (Original) =>
        withProps(Original, ({requestBody, contentType}) =>
          isForm(contentType) && {
            requestBody: requestBody.updateIn(["content", contentType, "schema"], emptyUnlessGiven),
          },
        ),
      ParameterIncludeEmpty: (Original) =>
        withProps(Original, ({isIncludedOptions}) => ({
          isIncludedOptions: {...isIncludedOptions, defaultValue: false},
        })),
    },
  };
};

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: document.getElementById("api").dataset.document,
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // The badge would ask a server of others; everything here comes from this one.
    validatorUrl: null,
    persistAuthorization: false,
    plugins: [formsAsDocumented],
    requestInterceptor: signedByKeys,
    oauth2RedirectUrl: new URL("docs/oauth2-redirect", document.baseURI).href,
  });
});
