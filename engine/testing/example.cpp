#include "engine/testing/example.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/base64.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/testing/batch_json.hpp"

namespace millrace::testing {
namespace {

constexpr std::array<std::string_view, 7> kMembers{"params",  "rows",      "types", "objects",
                                                   "catalog", "databases", "doc"};

Json made_up_values(std::string_view word) {
  if (word == "bool") return Json::array({true, false, true, false});
  if (word == "int32" || word == "int64" || word == "timestamp")
    return Json::array({1, -2, 0, 1000});
  if (word == "number" || word == "float32" || word == "float64")
    return Json::array({1.5, -2.25, 0.0, 1000.5});
  if (word == "binary") return Json::array({"AAEC", "", "/w==", "iVBORw0KGgo="});
  if (word == "list") return Json::parse(R"([["a"], [], ["b", "c"], ["d"]])");
  if (word == "struct") return Json::parse(R"([{"x": 1}, {"x": 2}, {"x": 3}, {"x": 4}])");
  return Json::array({"a", "", "\xC3\xBC", "a longer text"});
}

// Of a column that may have one of several types, the first.
std::string first_type(const Json& word) {
  const auto& text = word.get_ref<const std::string&>();
  return text.substr(0, text.find('|'));
}

void make_up_rows(Example& example) {
  if (example.is_source()) return;
  Json columns = example.info.reads;
  if (columns.empty())
    columns = Json::parse(R"({"id": "int64", "value": "float64", "text": "utf8"})");
  for (const auto& [column, word] : columns.items()) {
    example.types[column] = first_type(word);
    example.rows[column] = made_up_values(first_type(word));
  }
}

Result<std::string> object_bytes(const Json& declared) {
  if (declared.is_string()) return declared.get<std::string>();
  if (declared.is_object() && declared.contains("base64") && declared["base64"].is_string()) {
    if (auto bytes = from_base64(declared["base64"].get<std::string>())) return *std::move(bytes);
    return Error{Code::DataInvalid, "not base64"};
  }
  return Error{Code::DataInvalid, "an object is its text, or {\"base64\": text}"};
}

Result<void> read_declared(const Json& declared, Example& example) {
  for (const auto& [key, value] : declared.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end()) {
      return Error{Code::DataInvalid,
                   "unknown member \"" + key +
                       "\"; known: params, rows, types, objects, catalog, databases, doc"};
    }
  }
  example.params = declared.value("params", Json::object());
  example.rows = declared.value("rows", Json::object());
  example.types = declared.value("types", Json::object());
  example.catalog = declared.value("catalog", Json{});
  const auto databases = declared.value("databases", Json::object());
  for (const auto& [name, statements] : databases.items()) {
    auto& begin = example.databases[name];
    for (const Json& statement : statements) {
      if (!statement.is_string())
        return Error{Code::DataInvalid, "a database is a list of statements: " + name};
      begin.push_back(statement.get<std::string>());
    }
  }
  const auto objects = declared.value("objects", Json::object());
  for (const auto& [uri, object] : objects.items()) {
    auto bytes = object_bytes(object);
    if (!bytes.ok()) return bytes.error().within(uri);
    example.objects[uri] = *std::move(bytes);
  }
  return {};
}

// Checks the parameters, and fills in what they decide: defaults, traits, and types of columns.
Result<void> prepare(const FoundOperator& found, Example& example) {
  if (!example.databases.empty()) MR_CHECK(ExampleDatabases::make(example.databases));
  const auto services = example.make_services();
  const auto checked = check_parameters(*found.info, found.table, example.params, *services);
  if (!checked.faults.empty()) {
    return Error{Code::DataInvalid,
                 "params" + checked.faults.front().pointer + ": " + checked.faults.front().message};
  }
  example.checked = checked.params;
  MR_CHECK(apply_traits(example.info, checked.traits));
  if (example.rows.empty()) make_up_rows(example);
  for (const auto& [column, word] : example.info.reads.items()) {
    // Where there are several, its values tell.
    const bool is_one = first_type(word) == word;
    if (!example.types.contains(column)) example.types[column] = is_one ? word : Json("any");
  }
  MR_CHECK(batch_from_json(example.rows, example.types));
  return {};
}

}  // namespace

Batch Example::make_rows(std::size_t times) const {
  std::vector<Batch> parts;
  for (std::size_t i = 0; i < times; ++i) {
    auto part = batch_from_json(rows, types);  // was made once before, when the example was read
    if (part.ok()) parts.push_back(*std::move(part));
  }
  return times == 1 ? std::move(parts.front()) : Batch::concat(std::move(parts));
}

std::shared_ptr<MemoryServices> Example::make_services() const {
  auto services = std::make_shared<MemoryServices>("job-1", 1, std::filesystem::path{});
  services->objects = objects;
  if (!databases.empty()) {
    // They were made once before, when the example was read.
    if (auto made = ExampleDatabases::make(databases); made.ok()) {
      services->connections = (*made)->connections();
      services->databases = *std::move(made);
    }
  }
  if (!catalog.is_null()) {
    services->answer = [answer = catalog](const Json&) {
      return batch_from_json(answer, Json::object());
    };
  }
  return services;
}

Result<std::vector<Example>> make_examples(const FoundOperator& found) {
  std::vector<Example> examples;
  const std::size_t count = std::max<std::size_t>(1, found.info->examples.size());
  for (std::size_t i = 0; i < count; ++i) {
    Example example;
    example.info = *found.info;
    example.name = found.info->examples.empty() ? "made-up rows" : "example " + std::to_string(i);
    if (!found.info->examples.empty()) {
      if (const auto read = read_declared(found.info->examples[i], example); !read.ok()) {
        return read.error().within(example.name);
      }
    }
    if (const auto prepared = prepare(found, example); !prepared.ok()) {
      return prepared.error().within(
          found.info->examples.empty() ? "declare an example: without parameters" : example.name);
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

}  // namespace millrace::testing
