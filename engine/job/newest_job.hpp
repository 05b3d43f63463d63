#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/job/job_store.hpp"

namespace millrace {

/// The newest time of creation: it never decreases from one job to the next. [writer's thread]
struct JobStore::Newest {
  std::int64_t created_us = -1;  // not read yet

  Result<std::int64_t> next(Connection& connection, std::int64_t now_us) {
    if (created_us < 0) {
      MR_TRY(const SqlRows last,
             connection.query("SELECT created_us FROM jobs ORDER BY id DESC LIMIT 1"));
      created_us = last.rows.empty() ? 0 : integer(last.rows[0].at(0));
    }
    created_us = std::max(created_us, now_us);
    return created_us;
  }
};

}  // namespace millrace
