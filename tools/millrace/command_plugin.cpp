#include <algorithm>
#include <cctype>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>

#include <CLI/CLI.hpp>

#include <millrace/testing.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemplateName = "url_suffix";

bool is_word(const std::string& name) {
  const auto is_letter = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || std::isdigit(c) != 0 || c == '_';
  };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), is_letter);
}

// "url_suffix" -> "MinArea", the name of the class.
std::string class_name(std::string_view word) {
  std::string name;
  bool is_first = true;
  for (const char c : word) {
    if (c == '_') {
      is_first = true;
      continue;
    }
    name += is_first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    is_first = false;
  }
  return name;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto place = text.find(from); place != std::string::npos;
       place = text.find(from, place + to.size())) {
    text.replace(place, from.size(), to);
  }
}

// The template's names become the new ones.
std::string renamed(std::string text, const std::string& name) {
  replace_all(text, kTemplateName, name);
  replace_all(text, class_name(kTemplateName), class_name(name));
  return text;
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{Code::Io, "cannot read: " + path.string()};
  return text.str();
}

Result<void> write_file(const fs::path& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary};
  file << text;
  file.close();
  if (!file) return Error{Code::Io, "cannot write: " + path.string()};
  return {};
}

// Copies the template into a new folder of that name; returns the files made.
Result<std::vector<std::string>> make_plugin(const std::string& name, const fs::path& folder) {
  const auto source = share_folder() / "template";
  std::error_code failed;
  if (!fs::is_directory(source, failed)) {
    return Error{Code::NotFound,
                 "the template is not installed (install the component sdk): " + source.string()};
  }
  if (fs::exists(folder, failed)) {
    return Error{Code::InvalidArgument,
                 "exists already, and nothing was changed: " + folder.string()};
  }
  std::vector<std::pair<fs::path, std::string>> files;
  for (const auto& entry : fs::directory_iterator{source}) {
    if (!entry.is_regular_file()) continue;
    MR_TRY(auto text, read_file(entry.path()));
    files.emplace_back(folder / renamed(entry.path().filename().string(), name),
                       renamed(std::move(text), name));
  }
  std::sort(files.begin(), files.end());
  if (!fs::create_directories(folder, failed)) {
    return system_error("cannot make the folder", folder.string(), failed.value());
  }
  std::vector<std::string> made;
  for (const auto& [path, text] : files) {
    MR_CHECK(write_file(path, text));
    made.push_back(path.string());
  }
  return made;
}

int new_plugin(const Program& program, const std::string& name, const std::string& folder) {
  if (!is_word(name)) {
    return report(
        Error{Code::InvalidArgument,
              "a plugin's name has small letters, digits and \"_\", and begins with a letter: " +
                  name},
        program.json);
  }
  const auto made = make_plugin(name, folder.empty() ? fs::path{name} : fs::path{folder});
  if (!made.ok()) return report(made.error(), program.json);
  if (program.json) {
    print_json({{"files", *made}});
  } else {
    for (const auto& file : *made) print(file + "\n");
  }
  if (!program.quiet && !program.json)
    complain("next: cmake -B build && cmake --build build, in that folder");
  return kOk;
}

int check_plugin(const Program& program, const std::string& library) {
  std::error_code failed;
  if (!fs::is_regular_file(library, failed)) {
    return report(Error{Code::NotFound, "no such library: " + library}, program.json);
  }
  std::vector<testing::ConformanceFinding> findings;
  try {
    findings = testing::check_conformance(fs::absolute(library).string());
  } catch (const std::exception& caught) {  // the plugin does not load
    return report(Error{Code::DataInvalid, caught.what()}, program.json);
  }
  if (program.json) {
    Json list = Json::array();
    for (const auto& finding : findings) {
      list.push_back({{"operator", finding.operator_id},
                      {"check", finding.check},
                      {"message", finding.message}});
    }
    print_json({{"conforms", findings.empty()}, {"findings", std::move(list)}});
  } else {
    for (const auto& finding : findings) {
      print(fmt::format("{}: {}: {}\n", finding.operator_id, finding.check, finding.message));
    }
    if (findings.empty() && !program.quiet) {
      print(fmt::format("{}: conforms, {} checks for each operator\n", library,
                        testing::conformance_checks().size()));
    }
  }
  return findings.empty() ? kOk : kFailed;
}

}  // namespace

void add_plugin(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("plugin", "Begins a new plugin, or checks one");
  command->require_subcommand(1);
  command->fallthrough();

  struct New {
    std::string name, folder;
  };
  const auto made = std::make_shared<New>();  // shared with the callback, which runs later
  auto* create = command->add_subcommand(
      "new", "Writes a plugin with one operator, its build file and its test");
  create
      ->add_option("NAME", made->name,
                   "Name of the plugin and of its operator: small letters, digits, \"_\"")
      ->required();
  create->add_option("--folder", made->folder, "Folder to make; default: NAME");
  create->footer(
      "Example:\n  millrace plugin new sharpness && cd sharpness && cmake -B build && cmake "
      "--build build");
  create->callback([&program, made] {
    program.action = [&program, made] { return new_plugin(program, made->name, made->folder); };
  });

  auto* check =
      command->add_subcommand("check", "Runs the conformance suite on every operator of a plugin");
  const auto library = std::make_shared<std::string>();  // as above
  check->add_option("LIBRARY", *library, "The plugin, a .so file")->required();
  check->footer(
      "Example:\n  millrace plugin check build/sharpness.so\nExit code: 0 conforms, 1 does "
      "not (or does not load), 4 no such file.");
  check->callback([&program, library] {
    program.action = [&program, library] { return check_plugin(program, *library); };
  });
}

}  // namespace millrace::tool
