#pragma once

#include <future>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/job/job_store.hpp"
#include "tests/fixtures/catalog_place.hpp"

namespace millrace::test {

using namespace std::chrono_literals;

inline constexpr auto kLease = 30s;

// A store of jobs whose asynchronous calls are waited for.
struct Jobs {
  explicit Jobs(SqlDialect kind, const Clock& clock = system_clock())
      : place{kind}, catalog{place.open(clock)}, store{*catalog} {}

  template <class T, class Call>
  static Result<T> wait(const Call& call) {
    std::promise<Result<T>> answer;
    call([&answer](Result<T> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
  }

  Result<JobStore::Submission> try_submit(JobRequest request) {
    return wait<JobStore::Submission>(
        [&](auto done) { store.submit(std::move(request), {}, std::move(done)); });
  }
  JobId submit(JobRequest request = {}) {
    if (request.pipeline->is_null()) request.pipeline = Json{{"ops", Json::array()}};
    return must(try_submit(std::move(request))).id;
  }
  Result<JobStore::Lease> lease(JobId id, std::int64_t not_before_us = 0) {
    return wait<JobStore::Lease>(
        [&](auto done) { store.lease(id, not_before_us, "me", kLease, std::move(done)); });
  }
  Result<JobStore::Interrupted> take_over(JobId id) {
    return wait<JobStore::Interrupted>(
        [&](auto done) { store.take_over(id, "me", kLease, std::move(done)); });
  }
  // Lets all leases run out: by the engine's clock, or at a shared catalog by the database's.
  void expire(ManualClock& clock) {
    clock.advance(kLease + 1s);
    if (catalog->dialect() == SqlDialect::MySql) must(store.expire_leases());
  }
  Result<JobStore::Followers> finish(const JobStore::Lease& lease, JobState state,
                                     const JobStore::Ending& ending = {}) {
    return wait<JobStore::Followers>(
        [&](auto done) { store.finish(lease, state, ending, std::move(done)); });
  }
  Result<void> begin_publish(const JobStore::Lease& lease, const std::vector<std::string>& uris) {
    return wait<void>([&](auto done) { store.begin_publish(lease, uris, {}, std::move(done)); });
  }
  Result<std::int64_t> requeue(const JobStore::Lease& lease, const std::optional<Error>& error,
                               std::chrono::milliseconds time) {
    return wait<std::int64_t>(
        [&](auto done) { store.requeue(lease, error, time, std::move(done)); });
  }
  Result<JobStore::Renewed> renew(const JobStore::Lease& lease) {
    return wait<JobStore::Renewed>([&](auto done) { store.renew(lease, kLease, std::move(done)); });
  }
  std::vector<std::string> journal(JobId id) {
    std::vector<std::string> kinds;
    std::int64_t last = 0;
    for (const JobEvent& event : must(store.events(id, 0, 1'000))) {
      CHECK(event.sequence == ++last);
      kinds.push_back(event.kind);
    }
    return kinds;
  }

  CatalogPlace place;
  std::unique_ptr<Catalog> catalog;
  JobStore store;
};

template <class T>
void check_refused(const Result<T>& result) {
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == Code::Conflict);
}

}  // namespace millrace::test
