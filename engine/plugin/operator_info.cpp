#include "engine/plugin/operator_info.hpp"

#include <algorithm>
#include <array>

#include "engine/base/json_numbers.hpp"
#include "engine/plugin/nearest.hpp"
#include "engine/plugin/parameter_rules.hpp"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 7> kRoles{"input", "filter", "augment", "preprocess",
                                                 "train", "label",  "output"};
constexpr std::array<std::string_view, 3> kStabilities{"stable", "alpha", "experimental"};
constexpr std::array<std::string_view, 12> kColumnTypes{"any",    "number",    "bool",    "int32",
                                                        "int64",  "float32",   "float64", "utf8",
                                                        "binary", "timestamp", "list",    "struct"};

Error bad(std::string_view member, std::string_view wanted) {
  return Error{Code::DataInvalid, "\"" + std::string{member} + "\" must be " + std::string{wanted}};
}

Result<void> read_flag(std::string_view name, const Json& value, bool& flag) {
  if (!value.is_boolean()) return bad(name, "true or false");
  flag = value.get<bool>();
  return {};
}

// One word, or in "reads" and "may_read" several with "|" between them.
bool is_column_type(std::string_view member, std::string_view type) {
  const auto bar = type.find('|');
  if (bar != std::string_view::npos && (member == "reads" || member == "may_read")) {
    return is_column_type(member, type.substr(0, bar)) &&
           is_column_type(member, type.substr(bar + 1));
  }
  return std::find(kColumnTypes.begin(), kColumnTypes.end(), type) != kColumnTypes.end();
}

Result<void> read_columns(std::string_view name, const Json& value, Json& columns) {
  const bool is_nothing_known = value.is_null() && name == "emits";
  if (!value.is_object() && !is_nothing_known) return bad(name, "an object: column -> type");
  for (const auto& [column, type] : value.items()) {
    if (!type.is_string() || !is_column_type(name, type.get_ref<const std::string&>())) {
      return Error{
          Code::DataInvalid,
          "\"" + std::string{name} + "\": the type of column \"" + column +
              "\" must be one of any, number, bool, int32, int64, float32, float64, utf8, binary, "
              "timestamp, list, struct"};
    }
  }
  columns = value;
  return {};
}

Result<void> read_ports(const Json& value, std::vector<std::string>& ports) {
  if (!value.is_array()) return bad("ports", "an array of names");
  std::vector<std::string> names;
  for (const auto& port : value) {
    if (!port.is_string() || port.get_ref<const std::string&>().empty())
      return bad("ports", "an array of names");
    names.push_back(port.get<std::string>());
  }
  ports = std::move(names);
  return {};
}

Result<void> read_hints(const Json& value, Json& hints) {
  if (!value.is_object()) return bad("hints", "an object");
  hints = value;
  return {};
}

Result<void> read_count(std::string_view name, const Json& value, std::string_view wanted,
                        std::int64_t& count) {
  const auto number = whole_number(value);
  if (!number || *number < 0) return bad(name, wanted);
  count = *number;
  return {};
}

// All rows of a sequence number and at most so many of them: the engine could keep only one of the
// two.
Result<void> check_together(const OperatorInfo& info) {
  if (!info.whole_sequence || info.grain == 0) return {};
  return Error{Code::DataInvalid, "\"whole_sequence\" and \"grain\" exclude each other"};
}

struct Trait {
  std::string_view name;
  Result<void> (*read)(const Json& value, OperatorInfo& info);
};

const std::array<Trait, 17> kTraits{{
    {"replicable",
     [](const Json& v, OperatorInfo& info) { return read_flag("replicable", v, info.replicable); }},
    {"stateless",
     [](const Json& v, OperatorInfo& info) { return read_flag("stateless", v, info.stateless); }},
    {"grain",
     [](const Json& v, OperatorInfo& info) {
       return read_count("grain", v, "a number of rows, 0 or more", info.grain);
     }},
    {"instances",
     [](const Json& v, OperatorInfo& info) {
       return read_count("instances", v, "a number of instances, 0 or more", info.instances);
     }},
    {"whole_sequence",
     [](const Json& v, OperatorInfo& info) {
       return read_flag("whole_sequence", v, info.whole_sequence);
     }},
    {"blocking",
     [](const Json& v, OperatorInfo& info) { return read_flag("blocking", v, info.blocking); }},
    {"resources",
     [](const Json& v, OperatorInfo& info) -> Result<void> {
       MR_TRY(info.resources, read_resources(v));
       return {};
     }},
    {"lazy",
     [](const Json& v, OperatorInfo& info) -> Result<void> {
       if (!v.is_string()) return bad("lazy", "the id of the operator that makes its rows real");
       info.lazy = v.get<std::string>();
       return {};
     }},
    {"read_by",
     [](const Json& v, OperatorInfo& info) -> Result<void> {
       if (!v.is_string()) return bad("read_by", "the id of the operator that reads its places");
       info.read_by = v.get<std::string>();
       return {};
     }},
    {"passes_lazy",
     [](const Json& v, OperatorInfo& info) {
       return read_flag("passes_lazy", v, info.passes_lazy);
     }},
    {"accepts_any",
     [](const Json& v, OperatorInfo& info) {
       return read_flag("accepts_any", v, info.accepts_any);
     }},
    {"ports", [](const Json& v, OperatorInfo& info) { return read_ports(v, info.ports); }},
    {"reads",
     [](const Json& v, OperatorInfo& info) { return read_columns("reads", v, info.reads); }},
    {"emits",
     [](const Json& v, OperatorInfo& info) { return read_columns("emits", v, info.emits); }},
    {"may_read",
     [](const Json& v, OperatorInfo& info) { return read_columns("may_read", v, info.may_read); }},
    {"adds", [](const Json& v, OperatorInfo& info) { return read_columns("adds", v, info.adds); }},
    {"hints", [](const Json& v, OperatorInfo& info) { return read_hints(v, info.hints); }},
}};

const Trait* find_trait(std::string_view name) {
  const auto* found = std::find_if(kTraits.begin(), kTraits.end(),
                                   [&](const Trait& trait) { return trait.name == name; });
  return found == kTraits.end() ? nullptr : found;
}

Result<void> read_stability(const Json& value, OperatorInfo& info) {
  const auto* word = std::find_if(kStabilities.begin(), kStabilities.end(),
                                  [&](auto known) { return value == known; });
  if (word == kStabilities.end()) return bad("stability", "stable, alpha or experimental");
  info.stability = static_cast<OperatorInfo::Stability>(word - kStabilities.begin());
  return {};
}

Result<void> read_conformance(const Json& value, OperatorInfo& info) {
  constexpr std::string_view wanted = "{\"skip\": {check: reason}}";
  if (!value.is_object()) return bad("conformance", wanted);
  for (const auto& [key, skips] : value.items()) {
    if (key != "skip" || !skips.is_object()) return bad("conformance", wanted);
    for (const auto& [check, reason] : skips.items()) {
      if (!reason.is_string() || reason.get_ref<const std::string&>().empty())
        return bad("conformance", wanted);
    }
  }
  info.conformance = value;
  return {};
}

Result<void> read_examples(const Json& value, OperatorInfo& info) {
  if (!value.is_array()) return bad("examples", "an array of objects");
  for (const auto& example : value) {
    if (!example.is_object()) return bad("examples", "an array of objects");
  }
  info.examples = value;
  return {};
}

bool is_word(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '_';
         });
}

Result<void> read_limits(const Json& value, OperatorInfo& info) {
  constexpr std::string_view wanted =
      "{\"part.what\": {\"value\": 1 or more, \"unit\": ..., \"doc\": ...}}";
  if (!value.is_object()) return bad("limits", wanted);
  const auto is_text = [](const Json& limit, const char* member) {
    const auto found = limit.find(member);
    return found != limit.end() && found->is_string() &&
           !found->get_ref<const std::string&>().empty();
  };
  for (const auto& [name, limit] : value.items()) {
    const auto dot = name.find('.');
    if (dot == std::string::npos || !is_word(name.substr(0, dot)) ||
        !is_word(name.substr(dot + 1)) || !limit.is_object() || limit.size() != 3 ||
        whole_number(limit.value("value", Json{})).value_or(0) < 1 || !is_text(limit, "unit") ||
        !is_text(limit, "doc"))
      return bad("limits", wanted);
  }
  info.limits = value;
  return {};
}

Error unknown_member(const std::string& name) {
  std::vector<std::string_view> known{"doc",      "params",      "stability",
                                      "examples", "conformance", "limits"};
  for (const auto& trait : kTraits) known.push_back(trait.name);
  const auto nearest = nearest_name(name, known);
  return Error{Code::DataInvalid,
               "unknown member \"" + name + "\"" +
                   (nearest.empty() ? "" : "; did you mean \"" + std::string{nearest} + "\"?")};
}

Result<void> read_member(const std::string& name, const Json& value, OperatorInfo& info) {
  if (name == "doc") {
    if (!value.is_string()) return bad("doc", "a string");
    info.doc = value.get<std::string>();
    return {};
  }
  if (name == "params") {
    MR_TRY(info.rules, ParameterRules::read(value));
    info.params = value;
    return {};
  }
  if (name == "stability") return read_stability(value, info);
  if (name == "examples") return read_examples(value, info);
  if (name == "conformance") return read_conformance(value, info);
  if (name == "limits") return read_limits(value, info);
  if (const Trait* trait = find_trait(name)) return trait->read(value, info);
  return unknown_member(name);
}

Result<void> check_id(std::string_view id, std::string_view role) {
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
    return Error{Code::DataInvalid,
                 "unknown role \"" + std::string{role} +
                     "\"; known: input, filter, augment, preprocess, train, label, output"};
  }
  // What prepares rows is called by what it does to them: sample.by_label.
  const auto kind = id.substr(0, id.find('.'));
  const bool is_kind =
      kind == role || (role == "preprocess" && is_word(kind) &&
                       std::find(kRoles.begin(), kRoles.end(), kind) == kRoles.end());
  if (!is_kind || kind.size() == id.size() || !is_word(id.substr(kind.size() + 1))) {
    return Error{
        Code::DataInvalid,
        "the id must be \"" + std::string{role} +
            ".\" and a name of small letters, digits and \"_\"" +
            (role == "preprocess" ? "; another word that is no role may stand for it" : "")};
  }
  return {};
}

}  // namespace

Result<OperatorInfo> read_declaration(std::string_view id, std::string_view role,
                                      std::string_view declaration) {
  const auto context = "operator \"" + std::string{id} + "\"";
  if (const auto checked = check_id(id, role); !checked.ok())
    return checked.error().within(context);
  const auto document = parse_json(declaration);
  if (!document.ok()) return document.error().within(context + ": declaration");
  return info_from_json(id, role, *document);
}

Result<OperatorInfo> info_from_json(std::string_view id, std::string_view role,
                                    const Json& declaration) {
  const auto context = "operator \"" + std::string{id} + "\": declaration";
  if (const auto checked = check_id(id, role); !checked.ok())
    return checked.error().within(context);
  if (!declaration.is_object())
    return Error{Code::DataInvalid, context + ": must be a JSON object"};
  OperatorInfo info;
  info.id = id;
  info.role = role;
  info.rules = std::make_shared<const ParameterRules>();
  for (const auto& [name, value] : declaration.items()) {
    if (const auto read = read_member(name, value, info); !read.ok())
      return read.error().within(context);
  }
  if (const auto together = check_together(info); !together.ok())
    return together.error().within(context);
  if (info.reads.empty()) info.accepts_any = declaration.value("accepts_any", true);
  return info;
}

Result<void> apply_traits(OperatorInfo& info, const Json& traits) {
  for (const auto& [name, value] : traits.items()) {
    const Trait* trait = find_trait(name);
    if (trait == nullptr) {
      return Error{Code::DataInvalid, "\"" + name + "\" is no trait that plan() may set"};
    }
    MR_CHECK(trait->read(value, info));
  }
  return check_together(info);
}

Json to_json(const OperatorInfo& info) {
  Json json = Json::object();
  json["id"] = info.id;
  json["role"] = info.role;
  json["plugin"] = info.plugin;
  json["version"] = info.version;
  json["stability"] = kStabilities.at(static_cast<std::size_t>(info.stability));
  json["doc"] = info.doc;
  json["params"] = info.params;
  const auto put_flag = [&](const char* name, bool flag) {
    if (flag) json[name] = true;
  };
  put_flag("replicable", info.replicable);
  put_flag("stateless", info.stateless);
  if (info.grain > 0) json["grain"] = info.grain;
  if (info.instances > 0) json["instances"] = info.instances;
  put_flag("whole_sequence", info.whole_sequence);
  put_flag("blocking", info.blocking);
  if (!info.resources.empty()) json["resources"] = to_json(info.resources);
  if (!info.lazy.empty()) json["lazy"] = info.lazy;
  if (!info.read_by.empty()) json["read_by"] = info.read_by;
  put_flag("passes_lazy", info.passes_lazy);
  if (info.accepts_any != info.reads.empty()) json["accepts_any"] = info.accepts_any;
  if (!info.ports.empty()) json["ports"] = info.ports;
  if (!info.reads.empty()) json["reads"] = info.reads;
  if (!info.may_read.empty()) json["may_read"] = info.may_read;
  if (!info.emits.is_null()) json["emits"] = info.emits;
  if (!info.adds.empty()) json["adds"] = info.adds;
  if (!info.hints.empty()) json["hints"] = info.hints;
  if (!info.examples.empty()) json["examples"] = info.examples;
  if (!info.conformance.empty()) json["conformance"] = info.conformance;
  if (!info.limits.empty()) json["limits"] = info.limits;
  return json;
}

}  // namespace millrace
