"use strict";

// Signs a request by the keys that Authorize was given, ACCESSKEY:SECRETKEY, as operations want
// whose sign-in is "Qiniu ACCESSKEY:SIGNATURE" (docs/running-the-server.md, "A signed request").
// Whatever else stands in the header, a token or a signature, goes as it is.
const kKeys = /^([^\s:]+):(.+)$/;

async function hmacSha1(secret, text) {
  if (!window.crypto.subtle)
    throw new Error(
      "This browser signs only on pages of https or of 127.0.0.1: open the page there, or " +
        "authorize with a signature that was made elsewhere.",
    );
  const encoder = new TextEncoder();
  const hmac = {name: "HMAC", hash: "SHA-1"};
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

const inBase64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");

// Called by Swagger UI with each request that it is about to send.
async function signedByKeys(request) {
  const keys = kKeys.exec(request.headers?.Authorization ?? "");
  if (!keys) return request;
  const [, accessKey, secretKey] = keys;
  const {host, pathname, search} = new URL(request.url, document.baseURI);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const type = request.headers["Content-Type"];
  const lines = [`${request.method.toUpperCase()} ${pathname}${search}`, `Host: ${host}`];
  if (type) lines.push(`Content-Type: ${type}`);
  lines.push(`X-Qiniu-Date: ${date}`, "", type ? (request.body ?? "") : "");
  const signature = inBase64Url(await hmacSha1(secretKey, lines.join("\n")));
  request.headers["X-Qiniu-Date"] = date;
  request.headers.Authorization = `Qiniu ${accessKey}:${signature}`;
  return request;
}
