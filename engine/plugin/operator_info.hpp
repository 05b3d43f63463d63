#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/plugin/resources.hpp"

namespace millrace {

class ParameterRules;

/// What the engine knows of an operator without loading its plugin: read from the plugin's manifest
/// or from its table.
struct OperatorInfo {
  enum class Stability { Stable, Alpha, Experimental };

  std::string id;    // "filter.min_area"
  std::string role;  // "filter"
  std::string doc;
  std::string plugin;            // name of the plugin
  std::string version;           // of the plugin
  Json params = Json::object();  // declaration: name -> {type, default, minimum, maximum, enum,
                                 // unit, doc, items, ...}
  Stability stability = Stability::Stable;

  // Traits. A plan() hook may replace them for given parameters.
  bool replicable =
      false;  // several instances may work side by side; each call depends on its batch alone
  std::int64_t instances =
      0;                   // replicable: work at once at the most; 0: as many as there are threads
  bool stateless = false;  // serial, but nothing of one batch is needed for the next
  std::int64_t grain = 0;  // rows that one call should get at the most; 0: a whole batch
  bool whole_sequence = false;  // gets all rows of a sequence number as one batch
  bool blocking =
      false;  // spends its time waiting (files, network, database): runs on the waiting pool
  Resources resources;  // threads and memory of its own, while it runs
  std::string
      lazy;  // what leaves it is a recipe; the operator of this id makes it real before it is used
  std::string read_by;  // inputs: what leaves it are places in what it reads; the operator of this
                        // id, right behind it, reads them
  bool passes_lazy = false;        // handles recipes without making them real (filters on labels)
  bool accepts_any = false;        // takes batches of any schema (default when `reads` is empty)
  std::vector<std::string> ports;  // names of output ports besides the main one
  Json reads = Json::object();     // columns it needs: name -> type word ("utf8", "number", "any")
  Json may_read = Json::object();  // columns it uses where a batch has them: name -> type word
  Json emits;  // inputs: the columns it makes, name -> type; null: not known before it runs
  Json adds = Json::object();   // columns it adds: name -> type
  Json hints = Json::object();  // for planner passes: {"where": ...}, {"accepts": ["where",
                                // "columns"]}, {"turns": true}

  Json examples = Json::array();  // what the docs page shows and the conformance suite runs:
                                  // docs/writing-a-plugin.md
  Json conformance =
      Json::object();  // {"skip": {"empty": "why"}}: declared exceptions from the suite

  Json limits = Json::object();  // what it bounds, beside its parameters: "learn.labels" ->
                                 // {value, unit, doc}, as `millrace limits` shows them

  /// `params` in the form that check_parameters() reads quickly. Made by read_declaration(); an
  /// info made by hand may leave it null. Immutable, shared by all copies of the info.
  std::shared_ptr<const ParameterRules> rules;
};

/// Reads a declaration (mr_operator.declaration, or an element of a manifest). Unknown members are
/// errors.
Result<OperatorInfo> read_declaration(std::string_view id, std::string_view role,
                                      std::string_view declaration);
/// The same for a declaration that has been parsed.
Result<OperatorInfo> info_from_json(std::string_view id, std::string_view role,
                                    const Json& declaration);

/// Replaces traits by what a plan() hook said of them (CheckedParams::traits). DataInvalid names a
/// member that is no trait or has the wrong type.
Result<void> apply_traits(OperatorInfo& info, const Json& traits);

/// Writes what `millrace operators show --json`, GET /operators and the manifest hold.
Json to_json(const OperatorInfo& info);

}  // namespace millrace
