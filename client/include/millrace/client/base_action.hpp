#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <millrace/client/config.hpp>
#include <millrace/client/json.hpp>
#include <millrace/client/reply.hpp>

namespace millrace::client {

namespace detail {
struct HttpRequest;
}

/// What a resource is configured with: a ready Config, the name of a file, a dictionary of
/// settings, or nothing, which looks for a file `.maisie`.
class ConfigSource {
 public:
  ConfigSource() = default;
  ConfigSource(const char* filename) : source_{std::filesystem::path{filename}} {}
  ConfigSource(const std::string& filename) : source_{std::filesystem::path{filename}} {}
  ConfigSource(std::filesystem::path filename) : source_{std::move(filename)} {}
  ConfigSource(Json dictionary) : source_{std::move(dictionary)} {}
  ConfigSource(std::shared_ptr<Config> config) : source_{std::move(config)} {}

  /// Builds the Config, or returns the ready one. Throws ConfigInitializationError.
  [[nodiscard]] std::shared_ptr<Config> open() const;

 private:
  std::variant<std::monostate, std::filesystem::path, Json, std::shared_ptr<Config>> source_;
};

struct ListOptions {
  std::optional<std::string> query{};  // objects whose name contains it
  std::optional<int> page{};           // unset: the setting api_page
  std::optional<int> per_page{};       // unset: the setting api_per_page
  /// Further parameters of the list, such as {"hyperparam", "lr"}; a name may be repeated.
  std::vector<std::pair<std::string, std::string>> filters{};
};

/// What every resource has. Objects come as a JSON array, whose elements keep the server's order
/// of keys; when the server refuses or does not answer, that is logged and the array is empty.
/// [one thread at a time for all resources of one Config; blocks]
class BaseAction {
 public:
  /// Returns the object, alone in the array.
  Json get(std::int64_t id);
  /// Returns one page of objects.
  Json get_all(const ListOptions& options = {});
  /// Changes the fields that `data` has; returns the object as it is then.
  Json update(std::int64_t id, const Json& data);
  /// Deletes an object; returns it as it was.
  Json remove(std::int64_t id);

  /// The answer to the last request of the last call, with the pagination of a list.
  [[nodiscard]] const Reply& last_reply() const { return last_reply_; }
  [[nodiscard]] const std::shared_ptr<Config>& config() const { return config_; }

 protected:
  /// `path` is the resource's, such as "models".
  BaseAction(const ConfigSource& source, std::string path);
  ~BaseAction() = default;
  BaseAction(const BaseAction&) = default;
  BaseAction& operator=(const BaseAction&) = default;

  using Fields = std::vector<std::pair<std::string, std::optional<std::string>>>;

  /// Posts a form; a field without a value is left out. `what` as of send().
  Json create(const Fields& fields, const std::string& what = {});
  /// Returns one page of the list at `what`.
  Json list(const std::string& what, const ListOptions& options);
  /// Sends a request below the resource's address with the header of sign-in; `what` follows that
  /// address ("7/"). Returns the data as an array.
  Json send(detail::HttpRequest request, const std::string& what);
  /// Returns a setting as a field, nothing when it is unset or null.
  [[nodiscard]] std::optional<std::string> setting(std::string_view name) const;
  /// Takes the answer of a request that was not made by send().
  void set_last_reply(Reply reply) { last_reply_ = std::move(reply); }

 private:
  std::shared_ptr<Config> config_;  // shared with other resources
  std::string path_;
  Reply last_reply_;
};

}  // namespace millrace::client
