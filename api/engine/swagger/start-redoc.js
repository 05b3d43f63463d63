"use strict";
// The search would run a script that is no file of this server.
window.addEventListener("load", () => {
  const place = document.getElementById("api");
  Redoc.init(place.dataset.document, { disableSearch: true, nativeScrollbars: true }, place);
});
