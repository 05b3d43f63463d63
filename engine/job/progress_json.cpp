#include "engine/job/progress_json.hpp"

namespace millrace {

Json to_json(const Progress& progress) {
  Json document{{"done", progress.done}};
  if (progress.total > 0) document["total"] = progress.total;
  if (!progress.unit.empty()) document["unit"] = progress.unit;
  document["per_second"] = progress.per_second;
  if (progress.seconds_left) document["seconds_left"] = *progress.seconds_left;
  document["counts"] = progress.counts;
  return document;
}

}  // namespace millrace
