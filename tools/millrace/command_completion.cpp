#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// One level of the command line: the words that lead to it, and what may follow.
struct Level {
  std::string path;  // "jobs list"; empty: the program itself
  std::vector<std::pair<std::string, std::string>> commands;  // name, description
  std::vector<std::pair<std::string, std::string>> options;   // "--data", description
};

std::vector<CLI::App*> subcommands(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}

void collect(CLI::App& app, const std::string& path, std::vector<Level>& levels) {
  Level level{path, {}, {}};
  for (auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames())
      level.options.emplace_back("--" + name, option->get_description());
  }
  // The options of the program may stand behind a subcommand too.
  if (!levels.empty()) {
    const auto& shared = levels.front().options;
    level.options.insert(level.options.end(), shared.begin(), shared.end());
  }
  for (auto* command : subcommands(app))
    level.commands.emplace_back(command->get_name(), command->get_description());
  levels.push_back(std::move(level));
  for (auto* command : subcommands(app)) {
    collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
            levels);
  }
}

std::string words(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [word, description] : pairs) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Walks the words on the line as far as they are subcommands, then offers what may follow there,
// else files.
std::string bash_script(const std::vector<Level>& levels) {
  std::string commands;
  std::string options;
  for (const auto& level : levels) {
    commands += fmt::format("    '{}') echo '{}' ;;\n", level.path, words(level.commands));
    options += fmt::format("    '{}') echo '{}' ;;\n", level.path, words(level.options));
  }
  return R"(# bash completion of millrace. Load it with: source <(millrace completion bash)
_millrace_commands() {
  case "$1" in
)" + commands +
         R"(  esac
}
_millrace_options() {
  case "$1" in
)" + options +
         R"(  esac
}
_millrace() {
  local current=${COMP_WORDS[COMP_CWORD]} path='' word next
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    for next in $(_millrace_commands "$path"); do
      if [ "$next" = "$word" ]; then path="${path:+$path }$word"; break; fi
    done
  done
  local words
  case "$current" in
    -*) words=$(_millrace_options "$path") ;;
    *) words=$(_millrace_commands "$path") ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _millrace millrace
)";
}

// The same for zsh, whose compadd takes the words.
std::string zsh_script(const std::vector<Level>& levels) {
  std::string commands;
  std::string options;
  for (const auto& level : levels) {
    commands += fmt::format("    '{}') reply=({}) ;;\n", level.path, words(level.commands));
    options += fmt::format("    '{}') reply=({}) ;;\n", level.path, words(level.options));
  }
  return R"(#compdef millrace
# zsh completion of millrace. Load it with: source <(millrace completion zsh)
_millrace_commands() {
  reply=()
  case "$1" in
)" + commands +
         R"(  esac
}
_millrace_options() {
  reply=()
  case "$1" in
)" + options +
         R"(  esac
}
_millrace() {
  local path_so_far='' word
  local -a reply
  for word in ${words[2,CURRENT-1]}; do
    _millrace_commands "$path_so_far"
    if (( ${reply[(Ie)$word]} )); then path_so_far="${path_so_far:+$path_so_far }$word"; fi
  done
  if [[ ${words[CURRENT]} == -* ]]; then _millrace_options "$path_so_far"; else _millrace_commands "$path_so_far"; fi
  if (( ${#reply} )); then compadd -- $reply; else _files; fi
}
compdef _millrace millrace
)";
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return quoted + "'";
}

std::string fish_script(const std::vector<Level>& levels) {
  std::string script =
      "# fish completion of millrace. Load it with: millrace completion fish | source\n"
      "function __millrace_at\n"
      "  set -l words (commandline -opc | string match -v -- '-*')\n"
      "  test (string join ' ' -- $words[2..]) = \"$argv\"\n"
      "end\n";
  for (const auto& level : levels) {
    const auto condition = fmt::format("-n '__millrace_at {}'", level.path);
    for (const auto& [name, description] : level.commands) {
      script += fmt::format("complete -c millrace -f {} -a {} -d {}\n", condition, name,
                            fish_quoted(description));
    }
    const auto begins = level.path.empty()
                            ? std::string{}
                            : fmt::format("-n '__fish_seen_subcommand_from {}' ",
                                          level.path.substr(level.path.rfind(' ') + 1));
    for (const auto& [name, description] : level.options) {
      script += fmt::format("complete -c millrace {}-l {} -d {}\n", begins, name.substr(2),
                            fish_quoted(description));
    }
  }
  return script;
}

}  // namespace

void add_completion(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("completion", "Writes a completion script for a shell");
  const auto shell = std::make_shared<std::string>();  // shared with the callback, which runs later
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(millrace completion bash)\n"
      "  millrace completion fish > ~/.config/fish/completions/millrace.fish");
  command->callback([&app, &program, shell] {
    program.action = [&app, shell] {
      std::vector<Level> levels;
      collect(app, "", levels);
      print(*shell == "bash" ? bash_script(levels)
                             : (*shell == "zsh" ? zsh_script(levels) : fish_script(levels)));
      return kOk;
    };
  });
}

}  // namespace millrace::tool
