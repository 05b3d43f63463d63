#include <algorithm>
#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/registry.hpp"

namespace millrace::tool {
namespace {

constexpr std::array<const char*, 3> kDictionaries{"hyperparameters", "parameters", "metrics"};

// Returns the value of a key in one dictionary of a model, or nullptr.
const Json* value_in(const Json& model, const char* dictionary, const std::string& key) {
  const auto values = model.find(dictionary);
  if (values == model.end() || !values->is_object()) return nullptr;
  const auto found = values->find(key);
  return found == values->end() ? nullptr : &*found;
}

// Returns the keys of a dictionary over all models, in the order of their first appearance.
std::vector<std::string> keys_of(const Json& models, const char* dictionary) {
  std::vector<std::string> keys;
  for (const auto& model : models) {
    const auto values = model.find(dictionary);
    if (values == model.end() || !values->is_object()) continue;
    for (const auto& [key, value] : values->items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
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
    for (const auto& key : keys_of(models, dictionary)) {
      bool is_same = true;
      const auto* first = value_in(models[0], dictionary, key);
      for (const auto& model : models) {
        const auto* value = value_in(model, dictionary, key);
        is_same = is_same && (value == nullptr) == (first == nullptr) &&
                  (value == nullptr || *value == *first);
      }
      const auto colour = is_same ? Colour::None : differs;
      auto& row = rows.emplace_back();
      row.push_back(text_cell(std::string{dictionary} + "." + key, colour));
      for (const auto& model : models) {
        const auto* value = value_in(model, dictionary, key);
        row.push_back(text_cell(value == nullptr ? "" : value_text(*value), colour));
      }
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
    auto& keys = out[dictionary] = Json::object();
    for (const auto& key : keys_of(models, dictionary)) {
      auto& values = keys[key] = Json::array();
      for (const auto& model : models) {
        const auto* value = value_in(model, dictionary, key);
        values.push_back(value == nullptr ? Json{} : *value);
      }
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
      ->check(CLI::PositiveNumber);
  command->footer("What differs is red on a terminal.\nExample:\n  millrace models compare 3 7 12");
  command->callback([&program, ids, call] {
    program.action = [&program, ids, call] { return compare_models(program, *call, *ids); };
  });
}

}  // namespace millrace::tool
