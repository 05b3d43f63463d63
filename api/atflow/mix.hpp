#pragma once

#include <cstddef>

#include "api/atflow/settings.hpp"
#include "api/route/route.hpp"

namespace millrace::atflow {

/// Nodes of a mix, and values of its JSON: a graph of a thousand nodes with all that they may say,
/// some 50 MB while it is read.
inline constexpr std::size_t kMostMixNodes = 1'000, kMostMixValues = 500'000;
/// Bytes of its body.
inline constexpr std::size_t kMostMixBytes = 16u << 20;

/// POST /v1/dataflows/mix: the body is the pipeline.
api::TranslateResult translate_mix(const api::Call& call, const Settings& settings);
/// The answer to every accepted job: its id.
api::ReplyResult reply_accepted(const api::Answered& answered, const Settings& settings);

}  // namespace millrace::atflow
