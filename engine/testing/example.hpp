#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/operator_info.hpp"
#include "engine/testing/example_databases.hpp"
#include "engine/testing/memory_services.hpp"
#include "engine/testing/plugin_finder.hpp"

namespace millrace::testing {

/// One example of an operator, ready to run: parameters, rows to feed, and what the store and the
/// catalog hold.
struct Example {
  std::string name;               // "example 0", for findings
  Json params = Json::object();   // as declared
  Json checked = Json::object();  // with defaults
  OperatorInfo info;              // with the traits that plan() gave for these parameters
  Json rows = Json::object();     // column -> values
  Json types = Json::object();    // column -> type word
  std::map<std::string, std::string, std::less<>> objects;
  Json catalog;  // columns of the answer; null: none
  ExampleDatabases::Statements databases;

  [[nodiscard]] bool is_source() const { return info.role == "input"; }
  /// The rows repeated `times` over, as one batch.
  [[nodiscard]] Batch make_rows(std::size_t times = 1) const;
  /// Services that hold the objects and the databases, and answer for the catalog.
  [[nodiscard]] std::shared_ptr<MemoryServices> make_services() const;
};

/// Reads the declared examples of an operator, or makes one up from the columns that it declares to
/// read. The error says what is wrong with the declaration.
Result<std::vector<Example>> make_examples(const FoundOperator& found);

}  // namespace millrace::testing
