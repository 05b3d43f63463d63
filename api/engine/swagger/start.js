"use strict";
// The validator badge would ask a server of others; everything here comes from this one.
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: document.getElementById("api").dataset.document,
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    persistAuthorization: false,
  });
});
