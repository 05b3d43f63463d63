#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/audience/dialect.hpp"
#include "api/engine/documents.hpp"
#include "tests/api_http/client.hpp"
#include "tests/api_route/place.hpp"

namespace millrace::test {

/// The twelve endpoints of the dialect behind a listener, at its root and below /audience, without
/// their work: each checks what it can without a database, and answers with the values that it was
/// given, by name.
class Wire {
 public:
  explicit Wire(audience::Settings settings = {});
  ~Wire();

  struct Answer {
    int status = 0;
    std::string text;
    std::map<std::string, std::string> headers;  // names in lower case
    [[nodiscard]] Json body() const { return Json::parse(text); }
    [[nodiscard]] const std::string& header(const std::string& name) const;
  };
  /// `headers` are lines with their ends. A body that is empty is sent as none.
  [[nodiscard]] Answer send(std::string_view method, std::string_view target,
                            std::string_view body = {}, std::string_view headers = {}) const;
  [[nodiscard]] Answer post(std::string_view target, std::string_view body) const {
    return send("POST", target, body, "Content-Type: application/json\r\n");
  }
  /// What begins every absolute address.
  [[nodiscard]] std::string base() const;

 private:
  Place place_;
  std::unique_ptr<api::Documents> documents_;  // outlives the mounts
  std::shared_ptr<api::Mount> root_, mount_;
  std::unique_ptr<TestServer> server_;
};

inline audience::Settings reference_profile() { return {.profile = audience::Profile::Reference}; }

}  // namespace millrace::test
