#include "engine/store/upload_entry.hpp"

#include <vector>

#include "engine/base/json.hpp"

#include <fmt/format.h>

namespace millrace::detail {

namespace {

constexpr std::uint64_t kMostStateBytes = 1u << 20;

Error malformed(const std::string& id) {
  return {Code::DataInvalid, fmt::format("read upload: what is known of {} cannot be read", id)};
}

}  // namespace

// ".partial": a file: address may lead here, and can name no such file.
std::string upload_bytes_name(const std::string& id) {
  return fmt::format("{}/{}.partial", kUploadFolder, id);
}

std::string upload_state_name(const std::string& id) {
  return fmt::format("{}/{}.state.partial", kUploadFolder, id);
}

Result<void> save_upload(Disk& disk, const UploadEntry& entry) {
  Json state{{"owner", entry.owner}, {"length", entry.length_bytes}, {"note", entry.note}};
  if (!entry.sha256.empty()) state["sha256"] = entry.sha256;
  if (entry.unproved_from) state["unproved_from"] = *entry.unproved_from;
  const auto fresh = fmt::format("{}/{}.new.partial", kUploadFolder, entry.id);
  MR_TRY(auto file, disk.create(fresh));
  MR_CHECK(file->append(state.dump(-1, ' ', false, Json::error_handler_t::replace)));
  MR_CHECK(file->sync());
  file.reset();
  MR_CHECK(disk.rename(fresh, upload_state_name(entry.id)));
  return disk.sync_folder(kUploadFolder);
}

Result<void> load_upload(Disk& disk, UploadEntry& entry) {
  MR_TRY(const auto file, disk.open(upload_state_name(entry.id)));
  if (file->size() > kMostStateBytes) return malformed(entry.id);
  std::string text(file->size(), '\0');
  MR_TRY(const auto got, file->read_at(0, text));
  text.resize(got);
  const auto state = parse_json(text);
  const auto is_text = [&](const char* key) {
    return state->contains(key) && (*state)[key].is_string();
  };
  const auto is_number = [&](const char* key) {
    return state->contains(key) && (*state)[key].is_number_unsigned();
  };
  if (!state.ok() || !state->is_object() || !is_text("owner") || !is_text("note") ||
      !is_number("length")) {
    return malformed(entry.id);
  }
  entry.owner = (*state)["owner"].get<std::string>();
  entry.note = (*state)["note"].get<std::string>();
  entry.length_bytes = (*state)["length"].get<std::uint64_t>();
  if (is_text("sha256")) entry.sha256 = (*state)["sha256"].get<std::string>();
  if (is_number("unproved_from"))
    entry.unproved_from = (*state)["unproved_from"].get<std::uint64_t>();
  if (!entry.sha256.empty() && !is_blob_name(entry.sha256)) return malformed(entry.id);
  return {};
}

}  // namespace millrace::detail
