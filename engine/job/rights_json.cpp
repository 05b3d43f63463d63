#include "engine/job/rights_json.hpp"

#include "engine/base/quoted.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Appends a text to an array that has been begun.
void append_item(std::string& array, std::string_view text) {
  if (array.back() != '[') array += ',';
  append_quoted(array, text);
}

}  // namespace

std::string to_text(const StoreRights& rights) {
  std::string text = fmt::format(R"({{"any_file":{},"roots":[)", rights.any_file);
  for (const auto& root : rights.roots) append_item(text, root.string());
  text += R"(],"grants":[)";
  for (const auto& grant : rights.grants) append_item(text, grant);
  return text + fmt::format(R"(],"blobs":{},"objects_only":{},"databases":{}}})", rights.blobs,
                            rights.objects_only, rights.databases);
}

StoreRights read_rights(const Json& rights) {
  StoreRights read;
  // An empty list of grants opens all buckets, so a row without a readable one must not become
  // that.
  read.grants = {"/"};
  if (!rights.is_object()) return read;
  if (const auto any = rights.find("any_file"); any != rights.end() && any->is_boolean())
    read.any_file = any->get<bool>();
  if (const auto blobs = rights.find("blobs"); blobs != rights.end() && blobs->is_boolean())
    read.blobs = blobs->get<bool>();
  if (const auto only = rights.find("objects_only"); only != rights.end() && only->is_boolean())
    read.objects_only = only->get<bool>();
  if (const auto may = rights.find("databases"); may != rights.end() && may->is_boolean())
    read.databases = may->get<bool>();
  if (const auto roots = rights.find("roots"); roots != rights.end() && roots->is_array()) {
    for (const Json& root : *roots) {
      if (root.is_string()) read.roots.emplace_back(root.get<std::string>());
    }
  }
  if (const auto grants = rights.find("grants"); grants != rights.end() && grants->is_array()) {
    read.grants.clear();
    for (const Json& grant : *grants) {
      if (grant.is_string()) read.grants.push_back(grant.get<std::string>());
    }
  }
  return read;
}

std::string to_text(const PipelineRules& rules) {
  return fmt::format(R"({{"strict_mix":{},"relaxed_roles":{},"max_nodes":{}}})", rules.strict_mix,
                     rules.relaxed_roles, rules.max_nodes);
}

PipelineRules read_rules(const Json& rules) {
  PipelineRules read;
  if (!rules.is_object()) return read;
  if (const auto strict = rules.find("strict_mix"); strict != rules.end() && strict->is_boolean()) {
    read.strict_mix = strict->get<bool>();
  }
  if (const auto relaxed = rules.find("relaxed_roles");
      relaxed != rules.end() && relaxed->is_boolean()) {
    read.relaxed_roles = relaxed->get<bool>();
  }
  if (const auto most = rules.find("max_nodes");
      most != rules.end() && most->is_number_unsigned()) {
    read.max_nodes = most->get<std::size_t>();
  }
  return read;
}

}  // namespace millrace
