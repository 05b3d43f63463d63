#include "api/app/app.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <spdlog/spdlog.h>

#include "api/atflow/dialect.hpp"
#include "api/audience/dialect.hpp"
#include "api/auth/secret_file.hpp"
#include "api/engine/api.hpp"
#include "api/maisie/dialect.hpp"
#include "api/maisie/upload_sweep.hpp"
#include "engine/base/descriptor_limit.hpp"
#include "engine/base/private_files.hpp"

#include <fmt/format.h>

namespace millrace::api {

// In the order in which they are needed; the server goes first.
struct App::State {
  AppSettings settings;
  std::unique_ptr<Engine> engine;
  std::shared_ptr<atflow::Authenticator> atflow_keys;           // shared with the dialect
  std::shared_ptr<audience::SharedSettings> audience_settings;  // shared with its dialect
  maisie::SharedRegistry registry;                              // the same
  std::unique_ptr<Api> api;
  std::unique_ptr<http::Server> server;
  std::vector<Address> addresses;
  bool is_stopped = false;

  [[nodiscard]] Result<BrowserGuard> guard(std::string_view address) const;
  Result<void> make_server();
  Result<void> listen(std::string dialect, const std::string& address, std::uint16_t port,
                      http::Site site);
};

namespace {

constexpr std::string_view kAudience = "audience";

// Takes over what the settings of the audience dialect say about the server as a whole.
void apply(const audience::Settings& chosen, AppSettings& settings) {
  if (!chosen.listen_address.empty())
    settings.mounts.push_back({std::string{kAudience}, chosen.listen_address, chosen.listen_port});
  auto& jobs = settings.engine.jobs;
  if (chosen.max_jobs > 0) jobs.max_jobs = chosen.max_jobs;
  if (chosen.worker_queues.empty()) return;
  jobs.served.insert(chosen.worker_queues.begin(), chosen.worker_queues.end());
  jobs.served.insert("default");  // of the other dialects
}

// What the registry's dialect shares: its secret lies in the data folder, made at the first start.
Result<maisie::SharedRegistry> open_registry(const AppSettings& settings, Engine& engine) {
  auto chosen = settings.maisie;
  chosen.require_auth = chosen.require_auth || settings.exposure.require_auth;
  MR_TRY(auto secret, auth::open_secret_file(settings.engine.data / "secret"));
  MR_TRY(auto tokens, auth::TokenIssuer::make(std::move(secret), chosen.token_lifetime));
  const auto& clock = engine.catalog().clock();
  return std::make_shared<maisie::Registry>(std::move(chosen), std::move(tokens), clock,
                                            *engine.store().blobs(), engine.catalog());
}

}  // namespace

App::App() : state_{std::make_unique<State>()} {}

App::~App() { stop(); }

Result<BrowserGuard> App::State::guard(std::string_view address) const {
  return BrowserGuard::make(settings.allowed_origins, settings.allowed_hosts,
                            is_loopback_address(address));
}

Result<void> App::State::make_server() {
  auto chosen = settings.server;
  const auto open_files = raise_descriptor_limit();
  const auto most = most_connections(open_files);
  if (most == 0)
    return Error{Code::Exhausted,
                 fmt::format("serve: {} open files are too few to serve anything: raise the hard "
                             "limit (ulimit -Hn, LimitNOFILE) to 1024 at the least",
                             open_files)};
  if (chosen.connections > most) {
    spdlog::warn(
        "connections cut to what the limit of open files allows asked={} connections={} "
        "open_files={}",
        chosen.connections, most, open_files);
    chosen.connections = most;
  }
  if (chosen.body_folder.empty()) {
    chosen.body_folder = settings.engine.data / "bodies";
    if (auto made = make_private_folder(chosen.body_folder); !made.ok())
      return std::move(made).error().within("serve: folder for the bodies of requests");
  }
  server = std::make_unique<http::Server>(std::move(chosen));
  return {};
}

Result<void> App::State::listen(std::string dialect, const std::string& address, std::uint16_t port,
                                http::Site site) {
  http::ListenerSettings listener;
  listener.address = address;
  listener.port = port;
  listener.limits = settings.limits;
  MR_TRY(listener.proxies, http::TrustedProxies::read(settings.trusted_proxies));
  if (settings.tls) listener.tls = std::make_unique<http::TlsSettings>(*settings.tls);
  MR_TRY(const auto bound, server->listen(std::move(listener), std::move(site)));
  addresses.push_back({std::move(dialect), address, bound});
  return {};
}

Result<std::unique_ptr<App>> App::open(AppSettings settings) {
  std::unique_ptr<App> app{new App};  // the constructor is private
  State& state = *app->state_;
  if (settings.atflow_settings.empty())
    settings.atflow_settings = settings.engine.data / "atflow.json";
  if (settings.audience_settings.empty())
    settings.audience_settings = settings.engine.data / "audience.env";
  if (settings.share.empty()) settings.share = share_folder();
  state.settings = std::move(settings);

  MR_TRY(auto keys, atflow::load_settings(state.settings.atflow_settings));
  keys.server.apply(state.settings.engine);
  if (!keys.server.listen_address.empty()) {
    state.settings.mounts.push_back(
        {"atflow", keys.server.listen_address, keys.server.listen_port});
  }
  MR_TRY(auto chosen,
         audience::load_settings(state.settings.audience_settings, state.settings.environment));
  apply(chosen, state.settings);
  const auto connections = chosen.connections;
  state.audience_settings = std::make_shared<audience::SharedSettings>(std::move(chosen));
  if (state.settings.read_connections) {
    MR_TRY(state.settings.engine.connections, state.settings.read_connections());
  }
  MR_TRY(state.engine, Engine::open(state.settings.engine));
  MR_CHECK(state.engine->set_connections(kAudience, connections));
  state.atflow_keys = std::make_shared<atflow::Authenticator>(std::move(keys), system_clock());
  std::vector<Dialect> dialects;
  dialects.push_back(atflow::make_dialect(state.atflow_keys));
  MR_TRY(auto source_tables,
         audience::read_source_tables(state.settings.share / "maps/audience_tables.json"));
  dialects.push_back(audience::make_dialect(state.audience_settings, std::move(source_tables)));
  MR_TRY(auto registry, open_registry(state.settings, *state.engine));
  dialects.push_back(maisie::make_dialect(registry));
  state.registry = std::move(registry);
  for (const Dialect& dialect : dialects)
    MR_CHECK(check_exposure(dialect, state.settings.address, state.settings.exposure));
  MR_TRY(state.api, Api::open(*state.engine, std::move(dialects),
                              {.share = state.settings.share,
                               .roots = state.settings.roots,
                               .request_time = state.settings.request_time,
                               .version = state.settings.version}));
  MR_CHECK(state.make_server());
  state.api->count(*state.server);
  MR_TRY(auto guard, state.guard(state.settings.address));
  MR_CHECK(state.listen("", state.settings.address, state.settings.port,
                        state.api->main_site(std::move(guard))));
  for (const auto& mount : state.settings.mounts) {
    MR_TRY(auto its_guard, state.guard(mount.address));
    MR_TRY(auto site, state.api->site_of(mount.dialect, std::move(its_guard)));
    MR_TRY(const Dialect* dialect, state.api->dialect(mount.dialect));
    MR_CHECK(check_exposure(*dialect, mount.address, state.settings.exposure));
    if (!dialect->requires_sign_in && !is_loopback_address(mount.address))
      spdlog::warn("whoever reaches the port may do everything there dialect={} address={}",
                   mount.dialect, mount.address);
    MR_CHECK(state.listen(mount.dialect, mount.address, mount.port, std::move(site)));
  }
  return app;
}

Result<void> App::start() {
  MR_CHECK(state_->engine->start());
  state_->server->start();
  maisie::sweep_uploads_now_and_then(state_->registry, state_->engine->scheduler());
  return state_->engine->announce(state_->addresses.front().url(state_->settings.tls.has_value()));
}

Result<void> App::reload() {
  MR_TRY(auto keys, atflow::load_settings(state_->settings.atflow_settings));
  MR_TRY(auto chosen,
         audience::load_settings(state_->settings.audience_settings, state_->settings.environment));
  if (const auto& read = state_->settings.read_connections) {
    MR_TRY(auto connections, read());
    MR_CHECK(state_->engine->set_connections({}, std::move(connections)));
  }
  MR_CHECK(state_->engine->set_connections(kAudience, chosen.connections));
  state_->audience_settings->exchange(std::move(chosen));
  state_->atflow_keys->exchange(std::move(keys));
  return {};
}

bool App::stop(std::chrono::milliseconds patience) {
  if (state_->is_stopped || !state_->server) return true;
  state_->is_stopped = true;
  state_->api->end_waiting();
  state_->server->stop(patience);
  return state_->engine->jobs().drain_for(patience);
}

std::string App::Address::url(bool is_tls) const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", is_tls ? "https" : "http", is_v6 ? "[" : "", host,
                     is_v6 ? "]" : "", port);
}

const std::vector<App::Address>& App::addresses() const { return state_->addresses; }

Engine& App::engine() { return *state_->engine; }

std::size_t most_connections(std::size_t open_files) {
  constexpr std::size_t kEach = 3, kLeastLeft = 256;
  const auto left = std::max(open_files / 4, kLeastLeft);
  return open_files > left ? (open_files - left) / kEach : 0;
}

}  // namespace millrace::api
