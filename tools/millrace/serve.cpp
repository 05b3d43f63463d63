// The module of the server: what `millrace serve` and `millrace limits` load.
#include <cstdio>
#include <memory>
#include <signal.h>
#include <string>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "api/app/app.hpp"
#include "api/app/limits.hpp"
#include "api/http/trusted_proxies.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/server_module.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// One line, when requests are answered.
void tell_ready(const api::App& app, bool is_tls, bool json) {
  Json mounts = Json::array();
  std::string text;
  for (const auto& address : app.addresses()) {
    const auto url = address.url(is_tls);
    if (address.dialect.empty()) {
      text = "millrace serves " + url;
    } else {
      text += fmt::format(", {} at {}", address.dialect, url);
      mounts.push_back({{"dialect", address.dialect}, {"address", url}});
    }
  }
  if (json) {
    print_json({{"address", app.addresses().front().url(is_tls)}, {"mounts", std::move(mounts)}},
               -1);
  } else {
    print(text + "\n");
  }
}

// The signals that the server takes in one place. Blocked before any thread is made, so that all
// threads inherit that.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Returns at the first SIGINT or SIGTERM; SIGHUP reads keys and connections anew.
void serve_until_told(api::App& app, const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0 || signal != SIGHUP) return;
    if (const auto reloaded = app.reload(); reloaded.ok()) {
      spdlog::info("keys and connections read anew");
    } else {
      spdlog::error("keys and connections stay as they are error={}", reloaded.error().message);
    }
  }
}

int serve(const api::AppSettings& settings, const ServeManner& manner) {
  if (const auto read = http::TrustedProxies::read(settings.trusted_proxies); !read.ok()) {
    report(read.error(), manner.json);
    return kUsage;
  }
  const bool is_tls = settings.tls.has_value();
  const auto signals = block_signals();
  const auto app = api::App::open(settings);
  if (!app.ok()) {
    const auto code = report(app.error(), manner.json);
    return app.error().code == Code::Conflict ? kUnavailable : code;
  }
  if (const auto started = (*app)->start(); !started.ok())
    return report(started.error(), manner.json);
  tell_ready(**app, is_tls, manner.json);
  serve_until_told(**app, signals);
  // The next one ends the program at once: what was accepted is on disk.
  ::signal(SIGINT, [](int) { ::_exit(kInterrupted); });
  ::signal(SIGTERM, [](int) { ::_exit(kInterrupted); });
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  if (!manner.quiet) complain("draining; once more ends the program at once");
  if ((*app)->stop(manner.patience)) return kOk;
  complain(
      "an operator does not stop; the program ends without it, and its job is resumed at the next "
      "start");
  std::fflush(nullptr);
  ::_exit(kFailed);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void millrace_serve(const api::AppSettings& settings,
                                                           const ServeManner& manner, int& code) {
  code = serve(settings, manner);
}

__attribute__((visibility("default"))) void millrace_server_limits(Limits& limits) {
  limits = api::all_limits();
}

__attribute__((visibility("default"))) const char* millrace_server_build() {
  return kServerModuleBuild.data();
}

}  // extern "C"

}  // namespace millrace::tool
