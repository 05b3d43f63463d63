#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http/message.hpp"
#include "api/route/reading.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// What pydantic 1.8 under FastAPI 0.68 takes for an object, besides one.
enum class LooseObjects {
  Refused,
  Taken  // "", [] and a list of pairs, as dict() takes them
};

/// Returns the reading of a dialect whose document was written for FastAPI 0.68 with pydantic 1.8.
/// Values are turned into what is declared as pydantic's validators do it; codes and texts of
/// faults are its "type" and "msg", and RequestFault::steps its "loc" without the place. A date is
/// "YYYY-MM-DD" afterwards. Null stands where a declaration is nullable. A body must be there; it
/// is JSON as Python reads it, by its media type application/json or application/*+json, or without
/// one. A broken one is refused with the code "json": with 422 and the values of
/// json.JSONDecodeError, "msg", "doc" (cut behind kMostShownDocument bytes), "pos", "lineno" and
/// "colno"; or, where the bytes are no text or over a limit, with 400 and none.
Reading pydantic_reading(LooseObjects loose = LooseObjects::Refused);

inline constexpr std::size_t kMostShownDocument = 1u << 20;
/// Faults of one value; what is wrong besides is not told.
inline constexpr std::size_t kMostUnfit = 100;

}  // namespace millrace::api
