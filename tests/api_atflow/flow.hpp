#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/app/app.hpp"
#include "engine/base/json.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// A server with the fixture of the atflow specification (7.2): key ak-test/sk-test, zone z0, six
/// pictures and the list pulp.jsonlist whose fifth line is bad. The dialect stands at the root of a
/// port of its own.
class Flow {
 public:
  explicit Flow(Json settings = Json::object(), std::size_t workers = 2);
  ~Flow();

  struct Answer {
    int status = 0;
    std::string text;
    Json body;  // null when the text is no JSON
    [[nodiscard]] std::string err() const { return body.value("err", ""); }
    [[nodiscard]] std::string id() const { return body.value("id", ""); }
  };
  /// Sends a signed request, as application/json when there is a body.
  Answer q(std::string_view method, std::string_view path, std::string_view body = {});
  /// Sends a request with these header lines and nothing signed.
  Answer plain(std::string_view method, std::string_view path,
               const std::vector<std::string>& headers = {}, std::string_view body = {});
  /// Polls a job until it has ended, and returns it; fails after a minute.
  Json wait(const std::string& id);
  /// Submits a mix, which must be accepted, and waits for its end.
  Json run_mix(const Json& body);

  /// Stops the server, which must lose nothing, and starts it again on the same data.
  void restart();

  /// The folder that the server was given as --root.
  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "root"; }
  [[nodiscard]] std::filesystem::path store() const { return folder_.path() / "data" / "store"; }
  /// The records of a list file in the store: "out/e4.jsonlist" of zone z0.
  [[nodiscard]] std::vector<Json> records(const std::string& key) const;
  [[nodiscard]] std::string file(const std::string& key) const;
  [[nodiscard]] bool exists(const std::string& key) const;
  [[nodiscard]] std::string host() const;

  /// Width and height of a picture in the store.
  [[nodiscard]] std::pair<int, int> size_of(const std::string& url) const;

 private:
  void start();

  TemporaryFolder folder_;
  Json settings_;
  std::size_t workers_;
  std::unique_ptr<api::App> app_;
  std::uint16_t port_ = 0;
};

/// The mix of example E4: source -> flip1 -> result.
Json mix_e4();
/// The mix input -> augment `ops` for every record -> output, into out/NAME.
Json mix_of(const std::string& ops, const std::string& name);

}  // namespace millrace::test
