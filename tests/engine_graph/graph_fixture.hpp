#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/graph.hpp"
#include "engine/graph/plan.hpp"
#include "engine/plugin/registry.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::test {

/// Services that know addresses by their first letters: "bad:" is malformed, "denied:" is
/// forbidden, the rest is fine.
class AddressServices : public Services {
 public:
  std::string_view job() const override { return "test"; }
  std::uint64_t seed() const override { return 0; }
  bool stopping() const override { return false; }
  void log(std::string_view, int, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view, std::string_view, std::int64_t) override {}
  void record_event(std::string_view, const RecordLogEvent&) override {}
  Result<void> set_result(std::string_view, std::string_view) override { return {}; }
  Result<void> check_uri(std::string_view uri, bool for_writing) override;
  Result<ObjectStat> stat(std::string_view) override { return absent(); }
  /// "./" in an address means nothing, and "lost:" leads nowhere.
  Result<std::string> identify(std::string_view uri) override;
  Result<void> list(std::string_view, const EachListed&) override { return absent(); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view) override { return absent(); }
  Result<void> put(std::string_view, std::string_view) override { return absent(); }
  Result<ObjectWriter*> stage(std::string_view) override { return absent(); }
  Result<Batch> catalog_query(const Json&) override { return absent(); }
  Result<Batch> catalog_change(const Json&) override { return absent(); }

 private:
  static Error absent() { return {Code::NotFound, "the test has no store"}; }
};

/// The registry with the operators of graph_operators.cpp.
Registry& test_registry();

Json parsed(std::string_view text);

/// Binds, reads and validates a document.
Validation validated(std::string_view document, const PipelineRules& rules = {},
                     const Json& given = nullptr);

/// The faults as "kind pointer", in the order reported.
std::vector<std::string> faults_of(std::string_view document, const PipelineRules& rules = {},
                                   const Json& given = nullptr);

/// The message of the first fault of a kind, empty when there is none.
std::string message_of(std::string_view kind, std::string_view document,
                       const PipelineRules& rules = {});

/// The plan of a document that is known to be valid.
std::shared_ptr<const Plan> planned(std::string_view document);

/// The names of a plan's nodes, those of a chain joined by "+".
std::vector<std::string> names_of(const Plan& plan);

/// The atflow rules as the dialect sets them.
PipelineRules mix_rules();

}  // namespace millrace::test
