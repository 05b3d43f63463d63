#pragma once

namespace millrace::tool {

/// Tells whether the program was started under one of its documented names as the registry's
/// client, `maisie` or `mai`.
bool is_registry_program(const char* path);

/// Runs the registry's commands as that program does: `config` for `client-config`, `--output json`
/// for `--json`, exit code 0 though the server refused, 1 without input, 2 for wrong usage.
int run_registry_program(int count, char** arguments);

}  // namespace millrace::tool
