#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/plugin/operator_info.hpp"

struct mr_operator;

namespace millrace {

/// All operators there are: the manifests beside the plugins tell of them, and a plugin is loaded
/// when one of its operators is first used. Fixed after open(); loading is internal and safe. [any
/// thread]
class Registry {
 public:
  /// Reads the plugin folders in order; an operator id found twice is an error naming both files. A
  /// plugin without a manifest, or newer than its manifest, is loaded to ask it. One that fails to
  /// load is an error with the path, the ABI wanted, the ABI found and the remedy.
  static Result<std::unique_ptr<Registry>> open(const std::vector<std::filesystem::path>& folders);
  ~Registry();

  /// Adds the operators of one shared library that lies elsewhere (millrace plugin check, tests).
  Result<std::vector<std::string>> add(const std::filesystem::path& library);

  /// Returns null when there is no such operator. The four bare types of the mix format are short
  /// names: input is input.list, filter is filter.label, augment is augment.apply, output is
  /// output.list.
  [[nodiscard]] const OperatorInfo* find(std::string_view id) const;
  /// The same, for those who keep it.
  [[nodiscard]] std::shared_ptr<const OperatorInfo> share(std::string_view id) const;
  /// Returns the operator with the traits that its plan() gave for some parameters (apply_traits).
  /// There are few such: those that were asked for lately are shared.
  Result<std::shared_ptr<const OperatorInfo>> with_traits(const OperatorInfo& info,
                                                          const Json& traits);
  /// Returns the known id or short name nearest to `id` by edit distance, empty when none is near.
  [[nodiscard]] std::string nearest(std::string_view id) const;
  /// All operators, sorted by id.
  [[nodiscard]] std::vector<const OperatorInfo*> all() const;
  /// Returns the C table, loading the plugin when this is the first use of it.
  Result<const mr_operator*> table(const OperatorInfo& info);

 private:
  Registry();
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes the manifest of a library, `NAME.json` beside `NAME.so`: run by the build after linking.
Result<void> write_manifest(const std::filesystem::path& library);

}  // namespace millrace
