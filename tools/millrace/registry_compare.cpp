#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include <CLI/CLI.hpp>

#include "engine/base/json_members.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/registry.hpp"
#include "tools/millrace/whole_number.hpp"

namespace millrace::tool {
namespace {

constexpr std::array<const char*, 3> kDictionaries{"hyperparameters", "parameters", "metrics"};

// One dictionary of each model, to find the values of a key in.
class Dictionaries {
 public:
  Dictionaries(const Json& models, const char* dictionary) {
    static const Json kNone = Json::object();
    for (const auto& model : models) {
      const auto values = model.find(dictionary);
      all_.emplace_back(values != model.end() && values->is_object() ? *values : kNone);
    }
  }
  /// Returns the value of a key in each model; null where it has none.
  [[nodiscard]] std::vector<const Json*> values_of(std::string_view key) const {
    std::vector<const Json*> values;
    for (const auto& one : all_) values.push_back(one.find(key));
    return values;
  }

 private:
  std::vector<MemberIndex> all_;
};

// Returns the keys of a dictionary over all models, in the order of their first appearance.
std::vector<std::string> keys_of(const Json& models, const char* dictionary) {
  std::vector<std::string> keys;
  std::unordered_set<std::string> seen;
  for (const auto& model : models) {
    const auto values = model.find(dictionary);
    if (values == model.end() || !values->is_object()) continue;
    for (const auto& [key, value] : values->items()) {
      if (seen.insert(key).second) keys.push_back(key);
    }
  }
  return keys;
}

int compare_models(const Program& program, const RegistryCall& call,
                   const std::vector<std::int64_t>& ids) {
  return call.run([&](const std::shared_ptr<client::Config>& config) {
    client::Models models{config};
    Json found = Json::array();
    for (const auto id : ids) {
      auto one = models.get(id);
      if (!models.last_reply().ok()) return refused(program, models.last_reply());
      if (!one.empty()) found.push_back(std::move(one[0]));
    }
    if (program.json) {
      print_json(comparison_json(found));
    } else {
      print(box_table("Models side by side", comparison_rows(found, Colour::Red), is_coloured()));
    }
    return static_cast<int>(kOk);
  });
}

}  // namespace

std::vector<std::vector<Cell>> comparison_rows(const Json& models, Colour differs) {
  std::vector<std::vector<Cell>> rows(1);
  rows[0].push_back(text_cell("key"));
  for (const auto& model : models) {
    auto heading = value_text(model.value("id", Json{}));
    if (const auto name = model.find("name"); name != model.end() && name->is_string())
      heading += " " + name->get<std::string>();
    rows[0].push_back(text_cell(heading));
  }
  for (const auto* dictionary : kDictionaries) {
    const Dictionaries dictionaries{models, dictionary};
    for (const auto& key : keys_of(models, dictionary)) {
      const auto values = dictionaries.values_of(key);
      const auto* first = values.front();
      const bool is_same = std::all_of(values.begin(), values.end(), [first](const Json* value) {
        return (value == nullptr) == (first == nullptr) && (value == nullptr || *value == *first);
      });
      const auto colour = is_same ? Colour::None : differs;
      auto& row = rows.emplace_back();
      row.push_back(text_cell(std::string{dictionary} + "." + key, colour));
      for (const auto* value : values)
        row.push_back(text_cell(value == nullptr ? "" : value_text(*value), colour));
    }
  }
  return rows;
}

Json comparison_json(const Json& models) {
  Json out{{"models", Json::array()}};
  for (const auto& model : models)
    out["models"].push_back(
        {{"id", model.value("id", Json{})}, {"name", model.value("name", Json{})}});
  for (const auto* dictionary : kDictionaries) {
    const Dictionaries dictionaries{models, dictionary};
    auto& keys = out[dictionary] = Json::object();
    for (const auto& key : keys_of(models, dictionary)) {
      Json values = Json::array();
      for (const auto* value : dictionaries.values_of(key))
        values.push_back(value == nullptr ? Json{} : *value);
      append_member(keys, key, std::move(values));
    }
  }
  return out;
}

void add_models_compare(CLI::App& group, Program& program,
                        const std::shared_ptr<RegistryCall>& call) {
  auto* command = group.add_subcommand(
      "compare", "Shows hyperparameters, parameters and metrics of models side by side");
  const auto ids = std::make_shared<std::vector<std::int64_t>>();  // shared with the callback
  command->add_option("ID", *ids, "Numbers of the models")
      ->required()
      ->expected(2, 50)
      ->check(positive_fault, "POSITIVE");
  command->footer("What differs is red on a terminal.\nExample:\n  millrace models compare 3 7 12");
  command->callback([&program, ids, call] {
    program.action = [&program, ids, call] { return compare_models(program, *call, *ids); };
  });
}

}  // namespace millrace::tool
