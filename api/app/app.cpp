#include "api/app/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/atflow/dialect.hpp"
#include "api/auth/secret_file.hpp"
#include "api/engine/api.hpp"
#include "api/maisie/dialect.hpp"
#include "api/maisie/upload_sweep.hpp"

namespace millrace::api {

// In the order in which they are needed; the server goes first.
struct App::State {
  AppSettings settings;
  std::unique_ptr<Engine> engine;
  std::shared_ptr<atflow::Authenticator> atflow_keys;  // shared with the dialect
  maisie::SharedRegistry registry;  // shared with its dialect
  std::unique_ptr<Api> api;
  std::unique_ptr<http::Server> server;
  std::vector<Address> addresses;
  bool is_stopped = false;

  Result<void> listen(std::string dialect, const std::string& address, std::uint16_t port, http::Site site,
                      std::size_t body_bytes);
};

namespace {

// What the registry's dialect shares: its secret lies in the data folder, made at the first start.
Result<maisie::SharedRegistry> open_registry(const AppSettings& settings, Engine& engine) {
  auto chosen = settings.maisie;
  chosen.require_auth = chosen.require_auth || settings.exposure.require_auth;
  MR_TRY(auto secret, auth::open_secret_file(settings.engine.data / "secret"));
  MR_TRY(auto tokens, auth::TokenIssuer::make(std::move(secret), chosen.token_lifetime));
  const auto& clock = engine.catalog().clock();
  return std::make_shared<maisie::Registry>(std::move(chosen), std::move(tokens), clock, *engine.store().blobs(),
                                            engine.catalog());
}

}  // namespace

App::App() : state_{std::make_unique<State>()} {}

App::~App() { stop(); }

Result<void> App::State::listen(std::string dialect, const std::string& address, std::uint16_t port, http::Site site,
                                std::size_t body_bytes) {
  http::ListenerSettings listener;
  listener.address = address;
  listener.port = port;
  listener.limits = settings.limits;
  listener.limits.body_bytes = body_bytes;
  if (settings.tls) listener.tls = std::make_unique<http::TlsSettings>(*settings.tls);
  MR_TRY(const auto bound, server->listen(std::move(listener), std::move(site)));
  addresses.push_back({std::move(dialect), address, bound});
  return {};
}

Result<std::unique_ptr<App>> App::open(AppSettings settings) {
  std::unique_ptr<App> app{new App};  // the constructor is private
  State& state = *app->state_;
  if (settings.atflow_settings.empty()) settings.atflow_settings = settings.engine.data / "atflow.json";
  if (settings.share.empty()) settings.share = share_folder();
  state.settings = std::move(settings);

  MR_TRY(auto keys, atflow::load_settings(state.settings.atflow_settings));
  MR_TRY(state.engine, Engine::open(state.settings.engine));
  state.atflow_keys = std::make_shared<atflow::Authenticator>(std::move(keys), system_clock());
  std::vector<Dialect> dialects;
  dialects.push_back(atflow::make_dialect(state.atflow_keys));
  MR_TRY(auto registry, open_registry(state.settings, *state.engine));
  dialects.push_back(maisie::make_dialect(registry));
  state.registry = std::move(registry);
  std::size_t largest_body = 0;
  for (const Dialect& dialect : dialects) {
    MR_CHECK(check_exposure(dialect, state.settings.address, state.settings.exposure));
    largest_body = std::max(largest_body, dialect.max_body_bytes);
  }
  MR_TRY(state.api, Api::open(*state.engine, std::move(dialects),
                              {.share = state.settings.share,
                               .roots = state.settings.roots,
                               .version = state.settings.version}));
  state.server = std::make_unique<http::Server>(state.settings.http_threads);
  state.api->count(*state.server);
  MR_CHECK(state.listen("", state.settings.address, state.settings.port, state.api->main_site(), largest_body));
  for (const auto& mount : state.settings.mounts) {
    MR_TRY(auto site, state.api->site_of(mount.dialect));
    MR_TRY(const Dialect* dialect, state.api->dialect(mount.dialect));
    MR_CHECK(check_exposure(*dialect, mount.address, state.settings.exposure));
    MR_CHECK(state.listen(mount.dialect, mount.address, mount.port, std::move(site), dialect->max_body_bytes));
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
  state_->atflow_keys->exchange(std::move(keys));
  return {};
}

bool App::stop(std::chrono::milliseconds patience) {
  if (state_->is_stopped || !state_->server) return true;
  state_->is_stopped = true;
  state_->server->stop(patience);
  return state_->engine->jobs().drain_for(patience);
}

std::string App::Address::url(bool is_tls) const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", is_tls ? "https" : "http", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

const std::vector<App::Address>& App::addresses() const { return state_->addresses; }

Engine& App::engine() { return *state_->engine; }

}  // namespace millrace::api
