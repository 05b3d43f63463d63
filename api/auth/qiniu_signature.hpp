#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/http/message.hpp"

namespace millrace::auth {

/// The two parts of "Qiniu <AccessKey>:<Sign>" or "QBox <AccessKey>:<Sign>".
struct QiniuCredential {
  bool is_qbox = false;
  std::string_view access_key;
  std::string_view signature;  // URL-safe Base64 of 20 bytes, 28 characters
};

/// Takes an Authorization header apart; nothing when it is of another form. The views are into
/// `header`.
std::optional<QiniuCredential> read_credential(std::string_view header);

/// Returns what a client of the "Qiniu" scheme signs: the request line, Host, Content-Type and
/// X-Qiniu- headers, an empty line, and the body where its content type says so. `host` replaces
/// the Host header, for servers behind a proxy.
std::string string_to_sign(const http::Request& request, std::string_view host);

/// Returns what a client of the older "QBox" scheme signs: path, query, and a form body. It signs
/// neither method nor host.
std::string qbox_string_to_sign(const http::Request& request);

/// Says whether the body is a part of string_to_sign().
bool signs_body(const http::Request& request);

/// Returns the URL-safe Base64, padded, of HMAC-SHA1 (RFC 2104) of `text`.
std::string sign(std::string_view secret_key, std::string_view text);

/// Compares two signatures in time that depends on their lengths only.
bool equal_signatures(std::string_view left, std::string_view right);

}  // namespace millrace::auth
