#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "api/http/message.hpp"
#include "api/route/work_lane.hpp"
#include "engine/base/ids.hpp"

namespace millrace {
class Engine;
}

namespace millrace::api {

/// The journal of one job as server-sent events, from a line on until the job has ended. Each line
/// is an event whose id is its number, whose name is its kind and whose data is {"time": ...,
/// "body": ...}; between them come events "progress" without an id while the job runs. Woken by the
/// job service, reads on the control pool. [any thread] Owned by the body that it makes, and by
/// work under way.
class JobEvents : public std::enable_shared_from_this<JobEvents> {
 public:
  JobEvents(Engine& engine, WorkLane& lane, JobId job, std::int64_t after)
      : engine_{engine}, lane_{lane}, job_{job}, last_{after} {}

  http::EventBody body();

 private:
  void start(http::EventBody::Sink sink);
  [[nodiscard]] bool is_watching();
  void stop();
  void wake();
  void read();          // [control pool, one at a time]
  bool send_journal();  // false: the client is gone
  bool send_progress();

  Engine& engine_;
  WorkLane& lane_;
  const JobId job_;
  std::int64_t last_;           // number of the last line that was sent; of read() alone
  std::string progress_;        // what was sent last; of read() alone
  http::EventBody::Sink sink_;  // set before the first read()
  std::mutex mutex_;            // guards the rest
  std::uint64_t watch_ = 0;
  bool is_watching_ = false, is_stopped_ = false;
  bool is_reading_ = false, is_stale_ = false;
};

}  // namespace millrace::api
