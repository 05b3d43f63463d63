#include "engine/plugin/library_identity.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include "engine/base/sha1.hpp"

namespace millrace {
namespace {

constexpr std::uint64_t kMaxNoteBytes = 1u << 20;
constexpr std::size_t kMaxSegments = 256;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  // Reads `size` bytes from `offset`, or as many as there are; negative: errno says why not.
  [[nodiscard]] ssize_t read(std::uint64_t offset, void* buffer, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
      const auto count = ::pread(descriptor_, static_cast<char*>(buffer) + done, size - done,
                                 static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return -1;
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(done);
  }

  [[nodiscard]] bool read_all(std::uint64_t offset, void* buffer, std::size_t size) const {
    return read(offset, buffer, size) == static_cast<ssize_t>(size);
  }

 private:
  int descriptor_;
};

std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Finds the GNU build id among the notes of a segment.
std::optional<std::string> find_build_id(std::string_view notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr head;
    std::memcpy(&head, notes.data(), sizeof(head));
    notes.remove_prefix(sizeof(head));
    const std::size_t name_size = aligned(head.n_namesz);
    const std::size_t text_size = aligned(head.n_descsz);
    if (name_size > notes.size() || text_size > notes.size() - name_size) return {};
    if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
        notes.substr(0, 4) == std::string_view{"GNU\0", 4}) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(notes.data() + name_size);
      return to_hex({bytes, head.n_descsz});
    }
    notes.remove_prefix(name_size + text_size);
  }
  return {};
}

std::optional<std::string> read_build_id(const File& file) {
  Elf64_Ehdr head;
  if (!file.read_all(0, &head, sizeof(head))) return {};
  const bool is_elf64 =
      std::memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_ident[EI_CLASS] == ELFCLASS64;
  if (!is_elf64 || head.e_phentsize != sizeof(Elf64_Phdr) || head.e_phnum > kMaxSegments) return {};
  std::vector<Elf64_Phdr> segments(head.e_phnum);
  if (!file.read_all(head.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr)))
    return {};
  for (const auto& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNoteBytes) continue;
    std::string notes(segment.p_filesz, '\0');
    if (!file.read_all(segment.p_offset, notes.data(), notes.size())) continue;
    if (auto id = find_build_id(notes)) return id;
  }
  return {};
}

}  // namespace

Result<std::string> library_identity(const std::filesystem::path& library) {
  const File file{library};
  if (!file.is_open()) return system_error("open library", library.string(), errno);
  if (const auto id = read_build_id(file)) return "build-id:" + *id;
  std::string contents;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto count = file.read(contents.size(), buffer.data(), buffer.size());
    if (count < 0) return system_error("read library", library.string(), errno);
    if (count == 0) break;
    contents.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return "sha256:" + to_hex(sha256(contents));
}

}  // namespace millrace
