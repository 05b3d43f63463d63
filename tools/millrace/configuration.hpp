#pragma once

#include <string>

namespace CLI {
class App;
}

namespace millrace::tool {

/// Gives every option of the program and its subcommands the environment variable MILLRACE_NAME
/// ("--edge-bytes" is MILLRACE_EDGE_BYTES), and the program its configuration file: --config, else
/// $MILLRACE_CONFIG, else millrace/config.toml below $XDG_CONFIG_HOME or ~/.config when there is
/// one. A flag wins over the environment, that over the file. A key of the file that is no option
/// is an error.
void add_configuration(CLI::App& app);

/// Returns the name of the environment variable of an option.
std::string environment_name(const std::string& option);

}  // namespace millrace::tool
