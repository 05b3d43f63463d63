#include "api/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "api/http/commons.hpp"
#include "api/http/io_thread.hpp"
#include "api/http/listener.hpp"

namespace millrace::http {

Commons::Commons(const ServerSettings& settings)
    : body_memory{std::make_shared<BodyBudget>(settings.body_memory_bytes)},
      body_files{std::make_shared<BodyBudget>(settings.body_file_bytes)},
      body_folder{settings.body_folder.empty() ? std::filesystem::temp_directory_path()
                                               : settings.body_folder},
      most_connections{settings.connections} {}

struct Server::State {
  explicit State(const ServerSettings& settings) : commons{settings} {}

  Commons commons;
  std::vector<std::shared_ptr<IoThread>>
      threads;  // shared, weakly, with answers that are still to come
  std::atomic<std::size_t> next_thread{0};
  std::mutex mutex;  // guards the rest
  std::vector<std::shared_ptr<Listener>> listeners;
  bool is_started = false, is_stopped = false;

  [[nodiscard]] std::size_t open_connections() const {
    return commons.connections.load(std::memory_order_relaxed);
  }
};

Server::Server(ServerSettings settings) : state_{std::make_unique<State>(settings)} {
  for (std::size_t i = 0; i < std::max<std::size_t>(settings.threads, 1); ++i)
    state_->threads.push_back(std::make_shared<IoThread>(state_->commons));
}

Server::~Server() { stop(std::chrono::milliseconds{0}); }

Result<std::uint16_t> Server::listen(ListenerSettings settings, Site site) {
  auto& state = *state_;
  const auto next = [&state]() -> IoThread& {
    return *state.threads[state.next_thread.fetch_add(1, std::memory_order_relaxed) %
                          state.threads.size()];
  };
  const std::lock_guard lock{state.mutex};
  if (state.is_stopped) return Error{Code::Unavailable, "listen: the server has been stopped"};
  MR_TRY(auto listener,
         Listener::open(std::move(settings), std::move(site), *state.threads.front(), next));
  state.listeners.push_back(listener);
  if (state.is_started) listener->start();
  return listener->port();
}

void Server::start() {
  const std::lock_guard lock{state_->mutex};
  if (std::exchange(state_->is_started, true)) return;
  for (const auto& thread : state_->threads) thread->start();
  for (const auto& listener : state_->listeners) listener->start();
}

void Server::stop(std::chrono::milliseconds patience) {
  auto& state = *state_;
  const std::lock_guard lock{state.mutex};
  if (std::exchange(state.is_stopped, true) || !state.is_started) return;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (const auto& listener : state.listeners) listener->stop();
  for (const auto& thread : state.threads) thread->drain();
  while (state.open_connections() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  for (const auto& thread : state.threads) thread->cut();
  for (const auto& thread : state.threads) thread->join();
  state.commons.blocking->stop();
}

Server::Counters Server::counters() const {
  const std::lock_guard lock{state_->mutex};
  Counters counters{.open = state_->open_connections(),
                    .body_bytes = state_->commons.body_memory->used(),
                    .body_file_bytes = state_->commons.body_files->used()};
  for (const auto& listener : state_->listeners)
    counters.connections += listener->connections.load(std::memory_order_relaxed);
  for (const auto& thread : state_->threads)
    counters.requests += thread->requests.load(std::memory_order_relaxed);
  return counters;
}

}  // namespace millrace::http
