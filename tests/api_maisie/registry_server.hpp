#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/app/app.hpp"
#include "engine/base/json.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// Names that a server allows besides loopback ones.
struct AllowedNames {
  std::vector<std::string> origins{}, hosts{};
};

/// A server with the one user admin/admin, whose registry stands at the root of a port of its own.
class RegistryServer {
 public:
  explicit RegistryServer(SqlDialect kind, maisie::Settings settings = {}, AllowedNames names = {},
                          std::vector<std::string> trusted_proxies = {},
                          std::chrono::milliseconds request_time = api::kRequestTime);
  ~RegistryServer();

  struct Answer {
    int status = 0;
    std::string text;
    std::map<std::string, std::string> headers;  // names in lower case
    Json body;                                   // null when the text is no JSON
    /// body["data"], which must be there.
    [[nodiscard]] const Json& data() const;
  };
  using Headers = std::vector<std::string>;

  Answer send(std::string_view method, std::string_view target, const Headers& headers = {},
              std::string_view body = {});
  /// The same with the token of admin, or of whoever signed in last.
  Answer as_user(std::string_view method, std::string_view target, Headers headers = {},
                 std::string_view body = {});
  Answer form(std::string_view method, std::string_view target, std::string_view body,
              Headers headers = {});
  Answer json(std::string_view method, std::string_view target, const Json& body,
              Headers headers = {});

  /// Signs in, and keeps the token for as_user(). Returns it.
  std::string sign_in(std::string_view login = "admin", std::string_view password = "admin");
  [[nodiscard]] std::string bearer() const { return "Authorization: Bearer " + token_; }

  struct Field {
    std::string name, value;
  };
  /// Uploads a model as multipart/form-data with the token; a file without a name is left out.
  Answer upload(const std::vector<Field>& fields, const std::string& file_name = "net.bin",
                std::string_view bytes = "WEIGHTS");

  /// What the server counts, as /metrics of its main port says it.
  [[nodiscard]] std::string metrics() const;

  [[nodiscard]] std::string base() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Catalog& catalog() { return app_->engine().catalog(); }
  [[nodiscard]] const CatalogPlace& place() const { return place_; }
  [[nodiscard]] Engine& engine() { return app_->engine(); }
  /// The server's folder.
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
  /// Files in the store of contents.
  [[nodiscard]] std::size_t contents() const;

 private:
  CatalogPlace place_;
  TemporaryFolder folder_;
  std::unique_ptr<api::App> app_;
  std::uint16_t port_ = 0;
  std::string token_;
};

/// The keys of an object in their order, with commas between.
std::string keys(const Json& object);

}  // namespace millrace::test
