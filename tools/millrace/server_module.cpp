#include "tools/millrace/server_module.hpp"

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <fmt/format.h>

namespace millrace::tool {

Result<ServerModule> load_server_module() {
  namespace dll = boost::dll;
  const auto path = dll::program_location().parent_path().parent_path() / "lib" / "millrace" /
                    "millrace_server.so";
  try {
    // Never unloaded: its threads may live as long as the program.
    static auto* const module = new dll::shared_library{path, dll::load_mode::rtld_now};
    const std::string_view build = module->get<ServerModuleBuild>("millrace_server_build")();
    if (build != kServerModuleBuild) {
      return Error{Code::Conflict,
                   fmt::format("the module of the server is of another build: {} (this program: "
                               "{}); install both from one package",
                               build, kServerModuleBuild)};
    }
    return ServerModule{&module->get<Serve>("millrace_serve"),
                        &module->get<ServerLimits>("millrace_server_limits")};
  } catch (const std::exception& failure) {
    return Error{Code::NotFound,
                 fmt::format("the module of the server cannot be loaded: {}; install it beside the "
                             "program, or build it: target millrace_server",
                             path.string()),
                 failure.what()};
  }
}

}  // namespace millrace::tool
