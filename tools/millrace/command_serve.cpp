#include <charconv>
#include <memory>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/server_module.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

struct ServeArguments {
  std::string listen = "127.0.0.1:8080";
  std::vector<std::string> mounts;
  bool require_auth = false;
  bool allow_anonymous = false;
  std::string tls_certificate, tls_key;
  std::vector<std::filesystem::path> roots;
  bool allow_private = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> zones{"z0"};
  std::filesystem::path store;
  std::filesystem::path atflow_settings, audience_settings;
  maisie::Settings maisie;
  std::int64_t token_seconds = 900;
  std::int64_t upload_seconds = 86'400;
  std::vector<std::string> trusted_proxies;
  std::vector<std::string> queues, served_queues;
  int queue_jobs = JobSettings{}.queue_jobs;
  int max_jobs = JobSettings{}.max_jobs;
  std::size_t max_queued = 100'000;
  int keep_days = 30;
  std::int64_t lease_seconds = 30;
  http::ServerSettings server;
  http::Limits limits;
  std::vector<std::string> allowed_origins, allowed_names;
  std::int64_t patience_seconds = 10;
  std::int64_t request_seconds = api::kRequestTime.count();
};

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// Reads "HOST:PORT"; a host with colons stands in brackets.
Result<HostPort> read_host_port(const std::string& text) {
  const Error wrong{Code::InvalidArgument,
                    "an address to listen on is HOST:PORT, such as 127.0.0.1:8080: " + text};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  HostPort read{text.substr(0, colon), 0};
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + colon + 1, end, read.port);
  if (failed != std::errc{} || stop != end) return wrong;
  if (read.host.front() == '[' && read.host.back() == ']')
    read.host = read.host.substr(1, read.host.size() - 2);
  if (read.host.empty()) return wrong;
  return read;
}

// Reads "DIALECT@HOST:PORT".
Result<api::AppSettings::MountAt> read_mount(const std::string& text) {
  const auto at = text.find('@');
  if (at == std::string::npos || at == 0) {
    return Error{Code::InvalidArgument,
                 "--mount takes DIALECT@HOST:PORT, such as atflow@127.0.0.1:8000: " + text};
  }
  MR_TRY(auto place, read_host_port(text.substr(at + 1)));
  return api::AppSettings::MountAt{text.substr(0, at), std::move(place.host), place.port};
}

// Reads "NAME=JOBS" into the queues; 0: as many jobs as there are workers.
Result<void> read_queue(const std::string& text, std::map<std::string, int>& queues) {
  const auto equals = text.rfind('=');
  int jobs = 0;
  const auto* end = text.data() + text.size();
  const bool is_read = equals != std::string::npos && equals > 0 &&
                       std::from_chars(text.data() + equals + 1, end, jobs).ptr == end && jobs >= 0;
  if (!is_read)
    return Error{Code::InvalidArgument, "--queue takes NAME=JOBS, such as slow=2: " + text};
  MR_CHECK(check_queue_name(text.substr(0, equals)));
  queues[text.substr(0, equals)] = jobs;
  return {};
}

Result<api::AppSettings> settings_of(const Program& program, const ServeArguments& arguments) {
  api::AppSettings settings;
  settings.engine = program.engine_settings();
  settings.read_connections = [program] { return program.read_connections(); };
  MR_CHECK(settings.read_connections());  // a wrong one is told before anything is opened
  settings.engine.store.folder = arguments.store;
  settings.engine.store.zones = arguments.zones;
  settings.engine.store.fetch.allow_private = arguments.allow_private;
  settings.engine.store.fetch.allowed_hosts = arguments.allowed_hosts;
  settings.engine.jobs.max_queued = arguments.max_queued;
  settings.engine.jobs.lease = std::chrono::seconds{arguments.lease_seconds};
  settings.engine.jobs.keep_ended = std::chrono::hours{24 * arguments.keep_days};
  for (const auto& queue : arguments.queues)
    MR_CHECK(read_queue(queue, settings.engine.jobs.queues));
  settings.engine.jobs.queue_jobs = arguments.queue_jobs;
  settings.engine.jobs.max_jobs = arguments.max_jobs;
  for (const auto& queue : arguments.served_queues) {
    MR_CHECK(check_queue_name(queue));
    settings.engine.jobs.served.insert(queue);
  }
  MR_TRY(auto place, read_host_port(arguments.listen));
  settings.address = std::move(place.host);
  settings.port = place.port;
  for (const auto& text : arguments.mounts) {
    MR_TRY(auto mount, read_mount(text));
    settings.mounts.push_back(std::move(mount));
  }
  settings.exposure.require_auth = arguments.require_auth;
  settings.exposure.allow_anonymous = arguments.allow_anonymous;
  if (arguments.tls_certificate.empty() != arguments.tls_key.empty()) {
    return Error{Code::InvalidArgument, "--tls-certificate and --tls-key are given together"};
  }
  if (!arguments.tls_key.empty())
    settings.tls = http::TlsSettings{arguments.tls_certificate, arguments.tls_key};
  settings.server = arguments.server;
  settings.limits = arguments.limits;
  settings.allowed_origins = arguments.allowed_origins;
  settings.allowed_hosts = arguments.allowed_names;
  for (const auto& root : arguments.roots) {
    settings.roots.push_back(std::filesystem::absolute(root));
    std::error_code failed;
    if (!std::filesystem::is_directory(root, failed))
      spdlog::warn("no such folder: jobs open nothing there until it is made root={}",
                   settings.roots.back().string());
  }
  settings.atflow_settings = arguments.atflow_settings;
  settings.audience_settings = arguments.audience_settings;
  settings.environment = process_environment();
  settings.trusted_proxies = arguments.trusted_proxies;
  settings.maisie = arguments.maisie;
  settings.maisie.token_lifetime = std::chrono::seconds{arguments.token_seconds};
  settings.maisie.upload_lifetime = std::chrono::seconds{arguments.upload_seconds};
  settings.request_time = std::chrono::seconds{arguments.request_seconds};
  settings.version = MILLRACE_VERSION;
  return settings;
}

int serve(const Program& program, const ServeArguments& arguments) {
  const auto settings = settings_of(program, arguments);
  if (!settings.ok()) {
    report(settings.error(), program.json);
    return kUsage;
  }
  const auto module = load_server_module();
  if (!module.ok()) return report(module.error(), program.json);
  int code = kFailed;
  module->serve(*settings,
                {program.json, program.quiet, std::chrono::seconds{arguments.patience_seconds}},
                code);
  return code;
}

void add_network_options(CLI::App& command, ServeArguments& arguments) {
  command
      .add_option("--listen", arguments.listen,
                  "HOST:PORT of the main port; port 0: the system chooses")
      ->capture_default_str();
  command
      .add_option("--mount", arguments.mounts,
                  "DIALECT@HOST:PORT, serves one dialect at the root of a port of its own")
      ->take_all()
      ->allow_extra_args(false);
  command.add_flag("--require-auth", arguments.require_auth,
                   "Ask for a sign-in where a dialect's document asks for none");
  command.add_flag("--allow-anonymous", arguments.allow_anonymous,
                   "Serve such a dialect beyond this machine all the same");
  command.add_option("--tls-certificate", arguments.tls_certificate,
                     "Certificate chain (PEM) for all ports");
  command.add_option("--tls-key", arguments.tls_key, "Its key (PEM)");
  command
      .add_option("--trusted-proxy", arguments.trusted_proxies,
                  "Address or network of a proxy, such as 10.0.0.5 or 10.0.0.0/8, whose "
                  "X-Forwarded-For or Forwarded says where a request came from; several")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--http-threads", arguments.server.threads,
                  "Threads that read and write connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command
      .add_option("--connections", arguments.server.connections,
                  "Connections at the most, and not more than the limit of open files allows (a "
                  "quarter of it)")
      ->capture_default_str()
      ->check(positive_fault, "POSITIVE");
  command
      .add_option("--request-time", arguments.request_seconds,
                  "Seconds that a request may take which is answered from the catalog; then 504")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  command
      .add_option("--patience", arguments.patience_seconds,
                  "Seconds that running requests, and then running operators, get when the server "
                  "stops")
      ->capture_default_str()
      ->check(CLI::Range(0, 3600));
}

void add_body_options(CLI::App& command, ServeArguments& arguments) {
  command
      .add_option("--body-memory", arguments.server.body_memory_bytes,
                  "Bytes of request bodies in memory at the most; beyond: 503")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(false));
  command
      .add_option(
          "--body-files", arguments.server.body_file_bytes,
          "Bytes of large request bodies that wait in files of the data folder; beyond: 503")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(false));
  command
      .add_option(
          "--body-rate", arguments.limits.body_rate,
          "Bytes a second that a request body brings at least, on average after 30 s; else: "
          "408; 0: any")
      ->capture_default_str();
}

void add_browser_options(CLI::App& command, ServeArguments& arguments) {
  command
      .add_option("--allow-origin", arguments.allowed_origins,
                  "ORIGIN such as https://models.example.org: its web pages may use the server, as "
                  "those of this machine may; several")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--allow-host", arguments.allowed_names,
                  "HOST or HOST:PORT that a loopback port answers to besides loopback names, which "
                  "a proxy in front of it may send; several")
      ->take_all()
      ->allow_extra_args(false);
}

void add_registry_options(CLI::App& command, ServeArguments& arguments) {
  command.add_flag(
      "--enforce-private", arguments.maisie.enforce_private,
      "Private models of the registry are there for their user only; part of --require-auth");
  command.add_flag(
      "--owners-only", arguments.maisie.owners_only,
      "A model of the registry is changed, hidden, labelled and deleted by the user who "
      "uploaded it alone");
  command
      .add_option("--max-upload", arguments.maisie.max_upload_bytes,
                  "Largest request to the registry, which takes the files of models")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(false));
  command
      .add_option("--upload-lifetime", arguments.upload_seconds,
                  "Seconds after which an upload that nobody goes on with is removed")
      ->capture_default_str()
      ->check(CLI::Range(1, 31'536'000));
  command
      .add_option("--open-uploads", arguments.maisie.max_open_uploads,
                  "Uploads that a user may have begun and not finished")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command
      .add_option("--token-lifetime", arguments.token_seconds, "Seconds that a token is good for")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'592'000));
  command.add_option("--public-address", arguments.maisie.public_base,
                     "What links of the registry begin with, such as https://models.example.com; "
                     "default: as the request was addressed");
}

void add_work_options(CLI::App& command, ServeArguments& arguments) {
  command
      .add_option("--root", arguments.roots,
                  "Folder below which pipelines that came over HTTP may open files; several")
      ->take_all()
      ->delimiter(':')
      ->allow_extra_args(false);
  command.add_flag("--allow-private", arguments.allow_private,
                   "Fetch from loopback, link-local and private addresses too");
  command
      .add_option("--allowed-host", arguments.allowed_hosts,
                  "HOST or HOST:PORT that may be fetched from whatever its address; several")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--store", arguments.store,
                     "Folder of the store; default: store, in the data folder");
  command.add_option("--zone", arguments.zones, "Name of a zone of the store; several")
      ->take_all()
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      .add_option("--queue", arguments.queues,
                  "NAME=JOBS, a queue and how many of its jobs run at once; several")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--queue-jobs", arguments.queue_jobs,
                  "How many jobs of any other queue run at once; 0: as many as --workers")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command
      .add_option("--max-jobs", arguments.max_jobs,
                  "How many jobs of all queues run at once; 0: as many as \"default\" and those of "
                  "--queue together")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command
      .add_option("--serve-queue", arguments.served_queues,
                  "NAME, a queue whose jobs run here; several. Without it all do; jobs of others "
                  "wait for a server that serves theirs")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--max-queued", arguments.max_queued, "Jobs that may wait; more are refused")
      ->capture_default_str();
  command
      .add_option("--keep-days", arguments.keep_days,
                  "Days after which ended jobs are removed with their journal and idempotency key; "
                  "0: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 36'500));
  command
      .add_option("--lease", arguments.lease_seconds,
                  "Seconds after which another server at the same catalog takes over the jobs of "
                  "one that is not heard of")
      ->capture_default_str()
      ->check(CLI::Range(1, 3'600));
  command.add_option(
      "--atflow-settings", arguments.atflow_settings,
      "Settings and keys of the atflow dialect; default: atflow.json, in the data folder");
  command.add_option(
      "--audience-settings", arguments.audience_settings,
      "Settings of the audience dialect, lines such as MAX_BODY_MB=64, which the environment goes "
      "before; default: audience.env, in the data folder");
}

}  // namespace

void add_serve(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("serve", "Runs the server: the engine's own API and the dialects");
  const auto arguments =
      std::make_shared<ServeArguments>();  // shared with the callback, which runs later
  add_network_options(*command, *arguments);
  add_body_options(*command, *arguments);
  add_browser_options(*command, *arguments);
  add_registry_options(*command, *arguments);
  add_work_options(*command, *arguments);
  command->footer(
      "Prints one line with its address when it is ready. SIGTERM and SIGINT drain, SIGHUP reads "
      "keys anew.\n"
      "Examples:\n"
      "  millrace serve --data /var/lib/millrace --listen 127.0.0.1:8080\n"
      "  millrace serve --mount atflow@127.0.0.1:8000 --root /srv/pictures\n"
      "Exit code: 0 stopped, 2 wrong command line, 5 the data folder or a port is in use.");
  command->callback([&program, arguments] {
    if (program.app->get_option("--log-level")->count() == 0) program.log_level = "info";
    program.action = [&program, arguments] { return serve(program, *arguments); };
  });
}

}  // namespace millrace::tool
