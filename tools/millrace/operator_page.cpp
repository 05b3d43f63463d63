#include "tools/millrace/operator_page.hpp"

#include <map>

#include "tools/millrace/output.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// A cell of a table: one line, without the character that ends it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|\n", at)) != std::string::npos; at += 2) {
    text.replace(at, 1, text[at] == '|' ? "\\|" : "  ");
  }
  return text;
}

std::string code(const Json& value) {
  return "`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
}

std::string range_of(const Json& declaration) {
  std::string text;
  const auto add = [&](const char* member, std::string_view sign) {
    const auto found = declaration.find(member);
    if (found != declaration.end())
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", sign, code(*found));
  };
  add("minimum", "≥");
  add("exclusiveMinimum", ">");
  add("maximum", "≤");
  add("exclusiveMaximum", "<");
  add("minLength", "length ≥");
  add("maxLength", "length ≤");
  add("minItems", "elements ≥");
  add("maxItems", "elements ≤");
  if (const auto choices = declaration.find("enum"); choices != declaration.end()) {
    for (const Json& choice : *choices) text += (text.empty() ? "" : ", ") + code(choice);
  }
  return text;
}

std::string default_of(const Json& declaration) {
  if (declaration.value("mandatory", false)) return "mandatory";
  const auto found = declaration.find("default");
  return found == declaration.end() ? "none" : code(*found);
}

std::string columns(std::string_view title, const Json& columns) {
  if (!columns.is_object() || columns.empty()) return {};
  std::string text;
  for (const auto& [name, type] : columns.items()) {
    text += fmt::format("{}`{}` ({})", text.empty() ? "" : ", ", name,
                        type.is_string() ? type.get<std::string>() : "any");
  }
  return fmt::format("| {} | {} |\n", title, text);
}

std::string how_it_runs(const OperatorInfo& info) {
  std::string text =
      info.replicable ? "several instances side by side" : "one instance, batch after batch";
  if (info.blocking) text += "; on the threads that may wait";
  if (info.instances > 0) text += fmt::format("; at most {} at once", info.instances);
  if (info.grain > 0) text += fmt::format("; at most {} rows a call", info.grain);
  return text;
}

}  // namespace

std::string operator_page(const OperatorInfo& info) {
  std::string page = fmt::format("# {}\n\n{}\n\n", info.id, info.doc);
  if (!info.params.empty()) {
    page += "| parameter | type | unit | default | range | meaning |\n|---|---|---|---|---|---|\n";
    for (const auto& [name, declaration] : info.params.items()) {
      page +=
          fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", name,
                      declaration.value("type", std::string{"any"}),
                      declaration.value("unit", std::string{}), cell(default_of(declaration)),
                      cell(range_of(declaration)), cell(declaration.value("doc", std::string{})));
    }
    page += "\n";
  }
  page += "| | |\n|---|---|\n";
  page += fmt::format("| stability | {} |\n", to_json(info).value("stability", std::string{}));
  page += fmt::format("| plugin | {} {} |\n", info.plugin, info.version);
  page += fmt::format("| runs as | {} |\n", how_it_runs(info));
  if (!info.read_by.empty())
    page += fmt::format("| emits places for | [{0}]({0}.md) |\n", info.read_by);
  if (!info.lazy.empty())
    page += fmt::format("| writes recipes for | [{0}]({0}.md) |\n", info.lazy);
  page += columns("reads", info.reads) + columns("may read", info.may_read) +
          columns("adds", info.adds) + columns("emits", info.emits);
  if (!info.ports.empty())
    page += fmt::format("| output ports | {} |\n", fmt::join(info.ports, ", "));
  if (!info.limits.empty()) page += "\n| limit | value | meaning |\n|---|---|---|\n";
  for (const auto& [name, limit] : info.limits.items()) {
    page +=
        fmt::format("| `{}` | {} {} | {} |\n", name, grouped(limit.value("value", std::int64_t{0})),
                    limit.value("unit", std::string{}), cell(limit.value("doc", std::string{})));
  }
  return page;
}

std::string operator_index(const std::vector<const OperatorInfo*>& operators) {
  std::map<std::string, std::string> by_role;
  for (const OperatorInfo* info : operators) {
    const auto end = info->doc.find(". ");
    by_role[info->role] +=
        fmt::format("| [{0}]({0}.md) | {1} |\n", info->id,
                    cell(end == std::string::npos ? info->doc : info->doc.substr(0, end + 1)));
  }
  std::string page =
      "# Operators\n\nThese pages are made from the operators' declarations by `millrace operators "
      "pages`.\n";
  for (const auto& [role, rows] : by_role) {
    page += fmt::format("\n## {}\n\n| operator | what it does |\n|---|---|\n{}", role, rows);
  }
  return page;
}

}  // namespace millrace::tool
