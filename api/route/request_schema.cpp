#include "api/route/request_schema.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "api/http/form_upload.hpp"
#include "api/route/json_text.hpp"
#include "api/route/request_fields.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

constexpr std::string_view kBody = "body";

constexpr std::array<std::string_view, 10> kMembers{
    "path", "query", "header", "fields", "file", "body", "type", "envelope", "named", "responses"};
// What a declaration has besides that of an operator's parameter.
constexpr std::array<const char*, 7> kOwnMembers{"also",    "missing", "nullable", "commas",
                                                 "example", "format",  "as_text"};

Error wrong(std::string_view where, std::string_view what) {
  return {Code::DataInvalid, fmt::format("route schema: {}: {}", where, what)};
}

Result<void> read_names(const Json& declaration, const char* member,
                        std::vector<std::string>& names) {
  const auto found = declaration.find(member);
  if (found == declaration.end()) return {};
  if (!found->is_array()) return wrong(member, "must be a list of names");
  for (const Json& name : *found) {
    if (!name.is_string()) return wrong(member, "must be a list of names");
    names.push_back(name.get<std::string>());
  }
  return {};
}

/// Gathers the values of one request, and what is wrong with them.
class Reader {
 public:
  explicit Reader(const Reading& reading) : reading_{reading} {}

  void read(const Parameter& parameter, std::optional<RequestFields::Found> found, Place usual) {
    const auto& rule = parameter.own();
    std::optional<Json> value;
    if (found) {
      usual = found->place;
      auto coerced = reading_.coerce(parameter, std::move(found->value), usual);
      if (!coerced.ok()) {
        return add(parameter, std::move(coerced).error(), usual);
      }
      value = *std::move(coerced);
    }
    if (!value) value = rule.fallback;
    if (!value) {
      if (rule.is_mandatory) add_missing(parameter, usual);
      return;
    }
    if (value->is_null()) return values_.put(rule.name, nullptr);
    // A body that may be anything is looked at by its route alone, and so is a text of JSON.
    if (parameter.is_text || (parameter.is_body && rule.type == ParameterRule::Type::Any))
      return values_.put(rule.name, *std::move(value));
    std::vector<Fault> faults;
    ValueChecker{nullptr, faults}.check_member(rule, *value);
    if (faults.empty()) return values_.put(rule.name, *std::move(value));
    add(parameter, std::move(faults), usual);
  }

  void add(RequestFault fault) { faults_.push_back(std::move(fault)); }

  [[nodiscard]] bool has_text(std::string_view name) const { return !values_.text(name).empty(); }

  Result<Values, Refusal> take() && {
    if (faults_.empty()) return std::move(values_);
    if (!reading_.tells_all) faults_.resize(1);
    return refusal(std::move(faults_));
  }

 private:
  // A body is the root of its place.
  static std::string path_of(const Parameter& parameter) {
    return parameter.is_body ? std::string{} : "/" + parameter.own().name;
  }

  void add(const Parameter& parameter, Unfit unfit, Place place) {
    Json steps = Json::array();
    if (!parameter.is_body) steps.push_back(parameter.own().name);
    Json::json_pointer below;
    for (const auto& step : unfit.below) {
      step.is_string() ? below /= step.get<std::string>() : below /= step.get<std::size_t>();
      steps.push_back(step);
    }
    add({.place = place,
         .path = path_of(parameter) + below.to_string(),
         .code = std::move(unfit.code),
         .text = std::move(unfit.text),
         .steps = std::move(steps)});
    for (auto& another : unfit.more) add(parameter, std::move(another), place);
  }

  void add(const Parameter& parameter, std::vector<Fault> faults, Place place) {
    for (auto& fault : faults) {
      if (parameter.is_body) fault.pointer.erase(0, 1 + kBody.size());
      add({.place = place,
           .path = std::move(fault.pointer),
           .code = std::move(fault.kind),
           .text = std::move(fault.message)});
    }
  }

  void add_missing(const Parameter& parameter, Place place) {
    const auto& said = parameter.missing.empty() ? reading_.missing : parameter.missing;
    if (!said.empty())
      return add(
          {.place = place, .path = path_of(parameter), .code = "parameter_missing", .text = said});
    std::vector<Fault> faults;
    Json none = Json::object();
    ValueChecker{nullptr, faults}.check_members(parameter.rule, nullptr, Json::object(), none);
    add(parameter, std::move(faults), place);
  }

  const Reading& reading_;
  Values values_;
  std::vector<RequestFault> faults_;
};

std::optional<RequestFields::Found> found_in(
    const std::vector<std::pair<std::string, std::string>>& pairs, const Parameter& parameter,
    Place place) {
  const bool is_list = parameter.own().type == ParameterRule::Type::Array;
  auto text = find_text(pairs, parameter.own().name, is_list);
  for (const auto& other : parameter.also) {
    auto more = find_text(pairs, other, is_list);
    if (!more) continue;
    if (!text) {
      text = std::move(more);
    } else if (is_list) {
      text->insert(text->end(), more->begin(), more->end());
    }
  }
  if (!text) return std::nullopt;
  return RequestFields::Found{*std::move(text), place};
}

std::optional<RequestFields::Found> found_in(const RequestFields& fields,
                                             const Parameter& parameter,
                                             const std::vector<Place>& order) {
  const bool is_list = parameter.own().type == ParameterRule::Type::Array && !parameter.has_commas;
  auto found = fields.find(parameter.own().name, is_list, order);
  for (const auto& other : parameter.also)
    if (!found) found = fields.find(other, is_list, order);
  return found;
}

std::optional<RequestFields::Found> found_in(const http::Headers& headers,
                                             const Parameter& parameter) {
  const auto text = headers.find(parameter.own().name);
  if (!text) return std::nullopt;
  return RequestFields::Found{Json(*text), Place::Header};
}

bool has_file(const http::Request& request, std::string_view name) {
  auto* form = request.upload ? request.upload->form() : nullptr;
  if (form == nullptr) return false;
  const auto& files = form->files();
  return std::any_of(files.begin(), files.end(),
                     [name](const http::FormFile& file) { return file.name == name; });
}

// The members of the envelope go before all other fields.
std::optional<RequestFault> unpack(RequestFields& fields, const std::string& envelope,
                                   const Reading& reading) {
  auto found = fields.find(envelope, false, reading.order);
  if (!found || found->value.is_null()) return std::nullopt;
  const auto fault = [&](std::string text) {
    return RequestFault{found->place, "/" + envelope, "parameter_type", std::move(text)};
  };
  if (found->value.is_string()) {
    auto parsed = read_text(found->value.get_ref<const std::string&>());
    if (!parsed.ok()) return fault("is not JSON: " + parsed.error().message);
    found->value = *std::move(parsed);
  }
  if (!found->value.is_object()) return fault("must be a JSON object");
  fields.put_first(std::move(found->value));
  return std::nullopt;
}

}  // namespace

Result<RequestSchema::Parameters> RequestSchema::read_parameters(const Json& document,
                                                                 const char* member) {
  Parameters parameters;
  const auto found = document.find(member);
  if (found == document.end()) return parameters;
  if (!found->is_object()) return wrong(member, "must be an object");
  for (const auto& [name, declared] : found->items()) {
    if (!declared.is_object()) return wrong(name, "must be an object");
    Parameter parameter;
    MR_CHECK(read_names(declared, "also", parameter.also));
    parameter.missing = declared.value("missing", std::string{});
    parameter.is_nullable = declared.value("nullable", true);
    parameter.has_commas = declared.value("commas", false);
    parameter.is_text = declared.value("as_text", false);
    parameter.format = declared.value("format", std::string{});
    Json own = declared;
    for (const char* added : kOwnMembers) own.erase(added);
    auto rules = ParameterRules::read(Json{{name, std::move(own)}});
    if (!rules.ok()) return rules.error().within(fmt::format("route schema: {}", member));
    parameter.rule = (*rules)->all();
    if (parameter.has_commas && parameter.own().type != ParameterRule::Type::Array)
      return wrong(name, "commas are between the items of an array");
    if (!parameter.format.empty() && parameter.format != "date")
      return wrong(name, "the only format is date");
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Result<RequestSchema::Parameters> RequestSchema::read_body_rule(const Json& document) {
  const auto found = document.find(kBody);
  if (found == document.end()) return Parameters{};
  if (!found->is_object()) return wrong(kBody, "must be an object");
  Json own = *found;
  for (const char* added : {"example", "shown"}) own.erase(added);
  auto rules = ParameterRules::read(Json{{kBody, std::move(own)}});
  if (!rules.ok()) return rules.error().within("route schema");
  Parameter body;
  body.rule = (*rules)->all();
  body.is_body = true;
  return Parameters{std::move(body)};
}

Result<void> RequestSchema::read_files() {
  const auto files = document_.find("file");
  if (files == document_.end()) return {};
  if (!files->is_object()) return wrong("file", "must be an object");
  for (const auto& [name, declared] : files->items()) {
    if (!declared.is_object()) return wrong(name, "must be an object");
    if (!declared.value("mandatory", false)) continue;
    files_.push_back(
        {.name = name,
         .missing = declared.value("missing", fmt::format("\"{}\" is missing; it must be "
                                                          "a file of a form",
                                                          name)),
         .instead = declared.value("instead", std::string{})});
    const auto& instead = files_.back().instead;
    if (!instead.empty() && !declares(instead))
      return wrong(name, "instead is a field that is declared");
  }
  return {};
}

Result<RequestSchema> RequestSchema::read(std::string_view text) {
  RequestSchema schema;
  MR_TRY(schema.document_, read_own(text));
  const auto& document = schema.document_;
  if (!document.is_object()) return Error{Code::DataInvalid, "route schema: must be an object"};
  for (const auto& [name, value] : document.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end())
      return Error{Code::DataInvalid, fmt::format("route schema: unknown member \"{}\"", name)};
  }
  MR_TRY(schema.path_, read_parameters(document, "path"));
  MR_TRY(schema.query_, read_parameters(document, "query"));
  MR_TRY(schema.header_, read_parameters(document, "header"));
  MR_TRY(schema.fields_, read_parameters(document, "fields"));
  for (const auto& each : schema.fields_)
    if (each.is_text) schema.as_text_.push_back(each.own().name);
  MR_TRY(schema.body_, read_body_rule(document));
  MR_CHECK(schema.read_files());
  if (!schema.body_.empty() && !schema.fields_.empty())
    return wrong("fields", "a body that is declared as a whole has none");
  schema.envelope_ = document.value("envelope", std::string{});
  return schema;
}

Result<Values, Refusal> RequestSchema::values(const http::Request& request,
                                              const Reading& reading) const {
  Reader reader{reading};
  for (const auto& each : path_)
    reader.read(each, found_in(request.path_values, each, Place::Path), Place::Path);
  for (const auto& each : query_)
    reader.read(each, found_in(request.query, each, Place::Query), Place::Query);
  for (const auto& each : header_)
    reader.read(each, found_in(request.headers, each), Place::Header);
  if (!fields_.empty()) {
    auto read = RequestFields::read(request, reading, as_text_);
    if (!read.ok()) {
      auto refused = std::move(read).error();
      if (refused.faults.empty()) return refused;
      for (auto& fault : refused.faults) reader.add(std::move(fault));
      return std::move(reader).take();
    }
    auto& fields = *read;
    if (!envelope_.empty()) {
      if (auto fault = unpack(fields, envelope_, reading)) reader.add(*std::move(fault));
    }
    for (const auto& each : fields_)
      reader.read(each, found_in(fields, each, reading.order), reading.order.front());
  }
  for (const auto& file : files_) {
    if (has_file(request, file.name) || reader.has_text(file.instead)) continue;
    reader.add({Place::File, "/" + file.name, "parameter_missing", file.missing});
  }
  if (!body_.empty() && !document_.contains("type")) {
    std::optional<RequestFields::Found> found;
    if (!request.body.empty()) {
      auto body = read_body(request, reading.last_key_counts);
      if (!body.ok())
        return refusal(Code::DataInvalid, "json",
                       fmt::format("body is not valid JSON: {}", body.error().message));
      found = {*std::move(body), Place::Body};
    }
    reader.read(body_.front(), std::move(found), Place::Body);
  }
  return std::move(reader).take();
}

std::vector<RequestFault> RequestSchema::check_body(Json body) const {
  if (body_.empty()) return {};
  static const Reading kStrict;
  Reader reader{kStrict};
  reader.read(body_.front(), RequestFields::Found{std::move(body), Place::Body}, Place::Body);
  auto read = std::move(reader).take();
  return read.ok() ? std::vector<RequestFault>{} : std::move(read).error().faults;
}

bool RequestSchema::declares(std::string_view name) const {
  const auto are = [name](const Parameters& parameters) {
    return std::any_of(parameters.begin(), parameters.end(),
                       [name](const Parameter& one) { return one.own().name == name; });
  };
  return are(path_) || are(query_) || are(header_) || are(fields_);
}

}  // namespace millrace::api
