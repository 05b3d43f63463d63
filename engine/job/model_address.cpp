#include "engine/job/model_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kModelForms =
    "write model:ID, model:PROJECT/NAME, or the latter with @VERSION or @STAGE behind it";

Error bad_address(std::string_view what, std::string_view text) {
  return {Code::InvalidArgument,
          fmt::format("address: {}; {}: {}", what, kModelForms, printable(text)), "uri_syntax"};
}

bool is_all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Ids and versions, which begin with 1.
std::optional<std::int64_t> number_of_model(std::string_view text) {
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 1) return std::nullopt;
  return number;
}

// Resolves the escapes of a name; false where it is none: empty, not UTF-8, with a control
// character, or with what has to be escaped.
bool decode_name(std::string_view text, std::string& name) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/' || text[i] == '@') return false;
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    unsigned byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() != 2 || read.ec != std::errc{} || read.ptr != end) return false;
    name += static_cast<char>(byte);
    i += 2;
  }
  return !name.empty() && is_utf8(name) && !has_control_character(name);
}

Json is_equal_to(std::string_view column, const Json& value) {
  return {{"column", column}, {"op", "="}, {"value", value}};
}

// Asks for the rows of a registry for one who sees it.
class RegistryReader {
 public:
  RegistryReader(Catalog& catalog, std::string_view address, std::string_view owner,
                 Clock::Steady until)
      : catalog_{catalog}, address_{address}, owner_{owner}, until_{until} {}

  Result<std::string> content(const ModelAddress& model) const {
    auto id = model.id;
    if (id == 0) {
      MR_TRY(const auto project, project_id(model.project));
      MR_TRY(id, model.stage.empty() ? versioned(project, model) : in_force(project, model));
    }
    MR_TRY(const Batch rows, ask("models", {"file_sha256"}, {is_equal_to("id", id)}));
    if (rows.rows() == 0) return missing(fmt::format("there is no model {}", id));
    const auto sha256 = rows.column<std::string_view>("file_sha256")[0];
    if (!sha256) return missing(fmt::format("model {} has no file", id));
    return std::string{*sha256};
  }

 private:
  [[nodiscard]] Error missing(std::string_view what) const {
    return {Code::NotFound, fmt::format("model: {}: {}", what, printable(address_))};
  }
  [[nodiscard]] Result<Batch> ask(std::string_view entity, const Json::array_t& columns,
                                  const Json::array_t& where) const {
    // Two are enough to tell one from several; the newest version stands first.
    Json query{{"entity", entity}, {"columns", columns}, {"where", where}, {"limit", 2}};
    if (entity == "model_versions") query["order"] = Json::array_t{"-version"};
    return catalog_.query(query, owner_, until_);
  }
  [[nodiscard]] Result<std::int64_t> project_id(const std::string& name) const {
    MR_TRY(const Batch rows, ask("projects", {"id"}, {is_equal_to("name", name)}));
    if (rows.rows() == 0) return missing("no project has the name \"" + printable(name) + '"');
    if (rows.rows() > 1) {
      return Error{Code::Conflict,
                   fmt::format("model: several projects have that name; write model:ID: {}",
                               printable(address_))};
    }
    return rows.column<std::int64_t>("id").value(0);
  }
  [[nodiscard]] Result<std::int64_t> versioned(std::int64_t project,
                                               const ModelAddress& model) const {
    Json::array_t where{is_equal_to("project_id", project), is_equal_to("name", model.name)};
    if (model.version != 0) where.push_back(is_equal_to("version", model.version));
    MR_TRY(const Batch rows, ask("model_versions", {"model_id", "version"}, where));
    if (rows.rows() > 0) return rows.column<std::int64_t>("model_id").value(0);
    return missing(model.version == 0 ? "no model of the project has that name"
                                      : "there is no such version of that name");
  }
  [[nodiscard]] Result<std::int64_t> in_force(std::int64_t project,
                                              const ModelAddress& model) const {
    MR_TRY(const Batch rows,
           ask("stages", {"model_id"},
               {is_equal_to("project_id", project), is_equal_to("model_name", model.name),
                is_equal_to("stage", model.stage)}));
    if (rows.rows() > 0) {
      if (const auto id = rows.column<std::int64_t>("model_id")[0]) return *id;
    }
    return missing("no model of that name is in force in the stage");
  }

  Catalog& catalog_;
  const std::string_view address_, owner_;
  const Clock::Steady until_;
};

}  // namespace

Result<ModelAddress> parse_model_address(std::string_view text) {
  if (!is_model_address(text)) return bad_address("not an address of a model", text);
  if (text.size() > ModelAddress::kMostBytes)
    return bad_address("an address of a model has 255 bytes at the most", text);
  auto rest = text.substr(text.find(':') + 1);
  ModelAddress model;
  if (is_all_digits(rest)) {
    const auto id = number_of_model(rest);
    if (!id) return bad_address("there is no such id", text);
    model.id = *id;
    return model;
  }
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    const auto behind = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (is_all_digits(behind)) {
      const auto version = number_of_model(behind);
      if (!version) return bad_address("versions are numbered from 1", text);
      model.version = *version;
    } else if (!decode_name(behind, model.stage)) {
      return bad_address("behind @ is to stand a version or a stage", text);
    }
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || !decode_name(rest.substr(0, slash), model.project) ||
      !decode_name(rest.substr(slash + 1), model.name))
    return bad_address("a project and a name are to stand with a slash between", text);
  return model;
}

Result<std::string> find_model_content(Catalog& catalog, std::string_view address,
                                       std::string_view owner, Clock::Steady until) {
  MR_TRY(const ModelAddress model, parse_model_address(address));
  return RegistryReader{catalog, address, owner, until}.content(model);
}

}  // namespace millrace
