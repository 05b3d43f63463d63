#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "api/http/message.hpp"

namespace millrace::api {

/// Which pages of other origins may read the answers of a dialect, or of one route, through a
/// browser (Fetch, 3.2). Who may change anything is decided before, by the BrowserGuard.
struct Cors {
  enum class Origins {
    None,     // none: answers carry no such headers
    Allowed,  // loopback ones, and those that the server was started with; no origin gets "*"
    Listed,   // those of `listed`
    All
  };
  Origins origins = Origins::None;
  std::vector<std::string> listed{};  // "http://localhost:3000"
  // What a preflight is told besides.
  std::string methods{};           // "DELETE, GET, OPTIONS"; empty: nothing
  std::string headers{};           // "authorization, content-type"; empty: those it asks for
  std::chrono::seconds max_age{};  // for which it holds; 0: nothing is said
  bool tells_always = false;       // all this with every answer, not to OPTIONS alone
};

/// Adds the headers to the answer of a request, which the BrowserGuard has seen.
void add_cors(const Cors& cors, const http::Request& request, http::Response& response);

}  // namespace millrace::api
