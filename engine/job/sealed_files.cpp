#include "engine/job/sealed_files.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "engine/base/random.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kPlaceFile = "place";
constexpr std::size_t kNameBytes = 16;  // of chance: nobody else's file has that name

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_file_name(std::string_view name) {
  return name.size() == SealedFiles::kPlaceDigits + 1 + 2 * kNameBytes &&
         name[SealedFiles::kPlaceDigits] == '-' &&
         is_hex(name.substr(0, SealedFiles::kPlaceDigits)) &&
         is_hex(name.substr(SealedFiles::kPlaceDigits + 1));
}

Result<std::string> read_text(Disk& disk, std::string_view name) {
  MR_TRY(const auto file, disk.open(name));
  std::string text(file->size(), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    MR_TRY(const auto got, file->read_at(filled, std::span{text}.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

// Makes the file that names the folder. Of several engines that do so at once one gives the name.
Result<void> make_place(Disk& disk) {
  const std::string draft = fmt::format("place.{}", system_random().hex(kNameBytes));
  {
    MR_TRY(const auto file, disk.create(draft));
    MR_CHECK(file->append(system_random().hex(SealedFiles::kPlaceDigits / 2)));
    MR_CHECK(file->sync());
  }
  const auto linked = disk.link(draft, kPlaceFile);
  MR_CHECK(disk.remove(draft));
  if (!linked.ok() && linked.error().code != Code::Conflict) return linked;
  return disk.sync_folder("");
}

}  // namespace

Result<std::unique_ptr<SealedFiles>> SealedFiles::open(std::unique_ptr<Disk> disk) {
  auto place = read_text(*disk, kPlaceFile);
  if (!place.ok() && place.error().code == Code::NotFound) {
    MR_CHECK(make_place(*disk));
    place = read_text(*disk, kPlaceFile);
  }
  if (!place.ok()) return std::move(place).error().within("sealed values");
  if (place->size() != kPlaceDigits || !is_hex(*place)) {
    return Error{
        Code::DataInvalid,
        fmt::format("sealed values: the file \"{}\" is not {} hexadecimal digits; where no "
                    "job waits that has secret parameters, remove it: {}",
                    kPlaceFile, kPlaceDigits, disk->describe())};
  }
  return std::unique_ptr<SealedFiles>{new SealedFiles{std::move(disk), *std::move(place)}};
}

Result<void> SealedFiles::write_file(const std::string& name, std::string_view text) {
  MR_TRY(const auto file, disk_->create(name));
  MR_CHECK(file->append(text));
  MR_CHECK(file->sync());
  return disk_->sync_folder("");
}

Result<std::string> SealedFiles::write(const Json& values) {
  std::string name = fmt::format("{}-{}", place_, system_random().hex(kNameBytes));
  {
    const std::lock_guard lock{mutex_};
    held_.insert(name);
  }
  auto written = write_file(name, values.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (written.ok()) return name;
  static_cast<void>(disk_->remove(name));  // a sweep tries again
  release(name);
  return std::move(written).error().within("sealed values");
}

void SealedFiles::release(std::string_view name) {
  const std::lock_guard lock{mutex_};
  if (const auto found = held_.find(name); found != held_.end()) held_.erase(found);
}

Result<Json> SealedFiles::read(std::string_view name) {
  auto text = is_file_name(name)
                  ? read_text(*disk_, name)
                  : Error{Code::DataInvalid, "not the name of such a file: " + printable(name)};
  if (!text.ok() && text.error().code == Code::NotFound) {
    return Error{
        Code::NotFound,
        "sealed values: those of the job's parameters that are secret or in a file are not "
        "here any more; submit it again with them",
        std::move(text).error().message};
  }
  if (!text.ok()) return std::move(text).error().within("sealed values");
  auto values = parse_json(*text, kOwnJson);
  // What does not parse is not shown: it is secret.
  if (!values.ok() || !values->is_object())
    return Error{Code::DataInvalid, "sealed values: the file is damaged: " + printable(name)};
  return values;
}

Result<void> SealedFiles::erase(std::string_view name) {
  if (!is_file_name(name)) return {};
  auto removed = disk_->remove(name);
  if (!removed.ok() && removed.error().code == Code::NotFound) return {};
  return removed;
}

Result<std::set<std::string>> SealedFiles::sweepable(std::int64_t now_us,
                                                     std::int64_t at_least_us) {
  MR_TRY(const auto entries, disk_->list(""));
  std::set<std::string> names;
  const std::lock_guard lock{mutex_};
  for (const auto& entry : entries) {
    const bool is_ours = is_file_name(entry.name) || entry.name.starts_with("place.");
    const bool is_old = at_least_us == 0 || entry.modified_us <= now_us - at_least_us;
    if (is_ours && is_old && !entry.is_folder && !held_.contains(entry.name))
      names.insert(entry.name);
  }
  return names;
}

}  // namespace millrace
