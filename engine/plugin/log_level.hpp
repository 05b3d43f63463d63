#pragma once

#include <string_view>

#include <spdlog/common.h>

#include <millrace/abi.h>

namespace millrace {

/// The level of the process's log for one of the MR_LOG_ numbers.
inline spdlog::level::level_enum log_level(int level) {
  switch (level) {
    case MR_LOG_ERROR:
      return spdlog::level::err;
    case MR_LOG_WARN:
      return spdlog::level::warn;
    case MR_LOG_INFO:
      return spdlog::level::info;
    default:
      return spdlog::level::debug;
  }
}

/// The word for it in journals and record logs.
inline std::string_view level_word(int level) {
  switch (level) {
    case MR_LOG_ERROR:
      return "error";
    case MR_LOG_WARN:
      return "warn";
    case MR_LOG_INFO:
      return "info";
    default:
      return "debug";
  }
}

}  // namespace millrace
