#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/abi.h>
#include <millrace/batch.hpp>

/// A JSON value of the fake host; elements of an array are members without names.
struct mr_value {
  int kind = MR_NULL;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string string{};
  std::vector<std::pair<std::string, mr_value>> members{};
};

/// One call, and all that a plugin did through it.
struct mr_context {
  std::string job = "job-7";
  std::string node = "node";
  std::uint64_t seed = 42;
  std::int64_t sequence = 3;
  unsigned attempt = 1;
  std::uint32_t where_size = sizeof(mr_where);  // how much of it this host knows
  bool is_stopping = false;
  std::int32_t emit_code = MR_OK;
  std::string last_error{};
  std::map<std::string, std::string> objects{};  // of the store, staged ones too
  std::map<std::string, std::string> staged{};
  const mr_operator* next_type = nullptr;  // what emitted batches are fed to, when set
  void* next_self = nullptr;
  mr_context* next_context = nullptr;

  std::int32_t code = MR_OK;
  std::string message{};
  std::vector<std::string> faults{};  // "kind pointer message"
  std::map<std::string, std::string> traits{};
  std::vector<std::pair<std::string, millrace::Batch>> emitted{};
  std::vector<std::string> logs{};
  std::vector<std::string> progress{};
  std::map<std::string, std::int64_t> counts{};
  std::vector<std::string> events{};
  std::vector<std::string> metrics{};
  std::map<std::string, std::string> results{};
  std::string state{};
  std::string queried{};
  std::list<mr_value> parsed{};
};

namespace millrace::sdk_test {

/// The services of a host that keeps everything in the context.
const mr_host& fake_host();

mr_value json_bool(bool value);
mr_value json_integer(std::int64_t value);
mr_value json_number(double value);
mr_value json_string(std::string_view value);
mr_value json_array(std::vector<mr_value> elements);
mr_value json_object(std::vector<std::pair<std::string, mr_value>> members);

/// A plugin loaded for ever, as the engine does.
class LoadedPlugin {
 public:
  /// Fails the test when the library does not load or lacks the symbol.
  explicit LoadedPlugin(const char* path, const mr_host* host = &fake_host());
  [[nodiscard]] const mr_plugin& table() const { return *table_; }
  /// The operator of an id; null when there is none.
  [[nodiscard]] const mr_operator* find(std::string_view id) const;
  /// Whether the library exports a symbol.
  [[nodiscard]] bool exports(const char* symbol) const;

 private:
  void* library_ = nullptr;
  const mr_plugin* table_ = nullptr;
};

std::string_view view(mr_text text);

}  // namespace millrace::sdk_test
