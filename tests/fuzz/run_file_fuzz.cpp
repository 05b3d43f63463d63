// Feeds bytes to the reader of sorted runs: it refuses them, or gives items that lie inside. Then
// makes a run of the same bytes: it is read as it was written, and with one byte changed it is
// refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/detail/run_file.hpp>

namespace {

using namespace millrace;

constexpr std::size_t kMaxBlock = std::size_t{1} << 20;

// Returns all items, or nothing when the file is refused.
std::optional<std::vector<std::string>> read(std::string_view file, const detail::Run& run) {
  detail::RunReader reader{run, kMaxBlock, [file](std::uint64_t place, std::span<char> buffer) {
                             if (place >= file.size()) return std::size_t{0};
                             const auto count =
                                 std::min<std::size_t>(buffer.size(), file.size() - place);
                             std::memcpy(buffer.data(), file.data() + place, count);
                             return count;
                           }};
  try {
    std::vector<std::string> items;
    while (reader.next())
      items.push_back(std::string{reader.item().key} + '=' + std::string{reader.item().record});
    return items;
  } catch (const Failure& failure) {
    if (failure.code() != MR_DATA_INVALID) std::abort();
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 100'000) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  static_cast<void>(read(bytes, {0, size, size % 7}));

  std::string file;
  detail::BlockWriter writer{64, 0, [&file](std::string_view block) { file += block; }};
  std::vector<std::string> wanted;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto piece = rest.substr(0, 1 + static_cast<unsigned char>(rest[0]) % 32);
    rest.remove_prefix(piece.size());
    const auto key = piece.substr(0, piece.size() / 3), record = piece.substr(piece.size() / 3);
    wanted.push_back(std::string{key} + '=' + std::string{record});
    writer.add({key, record});
  }
  const auto run = writer.finish();
  if (run.end != file.size() || run.items != wanted.size()) std::abort();
  if (read(file, run) != wanted) std::abort();
  const std::size_t changed = size == 0 ? 0 : (data[size - 1] * 257u + data[0]) % file.size();
  file[changed] = static_cast<char>(file[changed] ^ (1u << (size % 8)));
  if (read(file, run)) std::abort();
  return 0;
}
