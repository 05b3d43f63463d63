#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>

#include "engine/plugin/nearest.hpp"
#include "engine/plugin/operator_info.hpp"
#include "engine/plugin/registry.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/operator_page.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// The first sentence of an operator's doc: what fits on a line of the list.
std::string first_sentence(const std::string& doc) {
  const auto end = doc.find(". ");
  auto sentence = end == std::string::npos ? doc : doc.substr(0, end + 1);
  constexpr std::size_t kLongest = 90;
  if (sentence.size() > kLongest)
    sentence = sentence.substr(0, sentence.rfind(' ', kLongest)) + " ...";
  return sentence;
}

constexpr std::array<std::string_view, 7> kRoles{"input", "filter", "augment", "preprocess",
                                                 "train", "label",  "output"};

// What the command line says of a role that there is not; empty: there is one.
std::string role_fault(const std::string& role) {
  if (std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end()) return {};
  const auto nearest = nearest_name(role, kRoles);
  return "there is no role \"" + role + "\"" +
         (nearest.empty() ? fmt::format("; there are {}", fmt::join(kRoles, ", "))
                          : fmt::format("; did you mean \"{}\"?", nearest));
}

int list_operators(const Program& program, const std::string& role) {
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows{{"OPERATOR", "VERSION", "STABILITY", "WHAT IT DOES"}};
  for (const auto* info : (*registry)->all()) {
    if (!role.empty() && info->role != role) continue;
    auto json = to_json(*info);
    rows.push_back({info->id, info->version, json.value("stability", std::string{}),
                    first_sentence(info->doc)});
    list.push_back(std::move(json));
  }
  if (program.json) {
    print_json({{"operators", std::move(list)}});
  } else {
    print(table(rows));
  }
  return kOk;
}

std::string parameter_text(const std::string& name, const Json& declaration) {
  std::string facts = declaration.value("type", std::string{"any"});
  const auto add = [&](const char* member, std::string_view words) {
    const auto found = declaration.find(member);
    if (found == declaration.end()) return;
    facts += fmt::format(", {} {}", words,
                         found->is_string() ? found->get<std::string>() : found->dump());
  };
  if (declaration.value("mandatory", false)) facts += ", mandatory";
  add("default", "default");
  add("minimum", "at least");
  add("exclusiveMinimum", "more than");
  add("maximum", "at most");
  add("exclusiveMaximum", "less than");
  add("unit", "in");
  add("enum", "one of");
  add("access", "to");
  auto text = fmt::format("  {}  ({})\n", name, facts);
  const auto doc = declaration.value("doc", std::string{});
  if (!doc.empty()) text += "      " + doc + "\n";
  return text;
}

std::string traits_text(const OperatorInfo& info) {
  std::string text =
      info.replicable ? "replicable" : (info.stateless ? "serial, stateless" : "serial");
  if (info.blocking) text += ", on the waiting pool";
  if (info.grain > 0) text += fmt::format(", at most {} rows a call", info.grain);
  if (info.instances > 0) text += fmt::format(", {} at once at the most", info.instances);
  if (!info.read_by.empty()) text += fmt::format(", emits places for {}", info.read_by);
  if (!info.lazy.empty()) text += fmt::format(", makes recipes for {}", info.lazy);
  return text;
}

std::string columns_text(std::string_view title, const Json& columns) {
  if (!columns.is_object() || columns.empty()) return {};
  std::string text;
  for (const auto& [name, type] : columns.items()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                        type.is_string() ? type.get<std::string>() : "any");
  }
  return fmt::format("{}: {}\n", title, text);
}

int show_operator(const Program& program, const std::string& id) {
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  const auto* info = (*registry)->find(id);
  if (info == nullptr) {
    const auto nearest = (*registry)->nearest(id);
    return report(
        Error{Code::NotFound, fmt::format("there is no operator \"{}\"{}", id,
                                          nearest.empty() ? "; millrace operators list shows all"
                                                          : "; did you mean \"" + nearest + "\"?")},
        program.json);
  }
  if (program.json) {
    print_json(to_json(*info));
    return kOk;
  }
  auto text =
      fmt::format("{}  ({}, plugin {} {})\n\n", info->id,
                  to_json(*info).value("stability", std::string{}), info->plugin, info->version);
  if (!info->doc.empty()) text += info->doc + "\n\n";
  text += info->params.empty() ? "It takes no parameters.\n" : "Parameters\n";
  for (const auto& [name, declaration] : info->params.items())
    text += parameter_text(name, declaration);
  text += "\nRuns: " + traits_text(*info) + "\n";
  text += columns_text("Reads", info->reads) + columns_text("Adds", info->adds) +
          columns_text("Emits", info->emits);
  if (!info->ports.empty()) text += fmt::format("Output ports: {}\n", fmt::join(info->ports, ", "));
  print(text);
  return kOk;
}

int write_pages(const Program& program, const std::filesystem::path& folder) {
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  const auto all = (*registry)->all();
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream file{folder / name, std::ios::binary};
    file << text;
    return file.good();
  };
  bool is_written = write("README.md", operator_index(all));
  for (const auto* info : all)
    is_written = is_written && write(info->id + ".md", operator_page(*info));
  if (!is_written)
    return report(Error{Code::Io, "cannot write the pages: " + folder.string()}, program.json);
  return kOk;
}

}  // namespace

void add_operators(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("operators", "Shows which operators there are and what they take");
  command->require_subcommand(1);
  command->fallthrough();

  auto* list = command->add_subcommand("list", "Lists all operators");
  const auto role = std::make_shared<std::string>();  // shared with the callback, which runs later
  list->add_option("--role", *role,
                   "Only this role: input, filter, augment, preprocess, train, label, output")
      ->check(role_fault);
  list->footer("Example:\n  millrace operators list --role filter");
  list->callback([&program, role] {
    program.action = [&program, role] { return list_operators(program, *role); };
  });

  auto* show = command->add_subcommand(
      "show", "Shows one operator: its parameters, units, ranges and defaults");
  const auto id = std::make_shared<std::string>();  // as above
  show->add_option("ID", *id, "Id of the operator, or one of input, filter, augment, output")
      ->required();
  show->footer(
      "Examples:\n  millrace operators show filter.label\n  millrace operators show augment "
      "--json");
  auto* pages = command->add_subcommand("pages", "Writes the documentation pages of all operators");
  const auto folder = std::make_shared<std::filesystem::path>();  // as above
  pages->add_option("FOLDER", *folder, "Takes README.md and a page for each operator")->required();
  pages->footer("Example:\n  millrace operators pages docs/operators");
  pages->callback([&program, folder] {
    program.action = [&program, folder] { return write_pages(program, *folder); };
  });
  show->callback(
      [&program, id] { program.action = [&program, id] { return show_operator(program, *id); }; });
}

}  // namespace millrace::tool
